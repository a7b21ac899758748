"""Suites become questions."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, NotFoundError
from kantu.evaluation.suites import EVERYDAY, EVERYDAY_FAMILIES, TASK_SUITE, draw_items, open_suite
from kantu.synth.families import FAMILIES
from kantu.training.mini.stream import HELD_OUT_SEEDS
from tests.evaluation.asked import png

pytestmark = pytest.mark.whole


def folder(tmp_path: Path, pictures: int) -> Path:
    lines = []
    for number in range(pictures):
        (tmp_path / f"{number}.png").write_bytes(png())
        asked = [{"kind": kind, "question": f"{number}?", "answer": "1", "values": ["1"]} for kind in ("price", "shop")]
        family = "order" if number % 2 else "post"
        lines.append(json.dumps({"file": f"{number}.png", "family": family, "questions": asked}))
    (tmp_path / "truth.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


def test_everyday_has_the_twelve_families_from_seeds_that_training_never_draws() -> None:
    assert [seeds.family for seeds in EVERYDAY.seeds] == list(EVERYDAY_FAMILIES)
    assert len(EVERYDAY_FAMILIES) == 12
    assert all(seeds.first + seeds.count <= HELD_OUT_SEEDS for seeds in EVERYDAY.seeds)


def test_families_that_are_not_there_yet_are_named_missing() -> None:
    absent = next((family for family in EVERYDAY_FAMILIES if family not in FAMILIES), None)
    if absent is None:
        pytest.skip("all families are there")
    opened = open_suite("everyday", families=(absent,), pictures=1)
    assert any(absent in name for name in opened.missing)
    assert {item.origin for item in opened.items} <= {"browser"}


@pytest.mark.usefixtures("needs_fonts")
def test_drawn_pages_are_the_same_each_time_and_ask_of_their_pixels() -> None:
    first, again = list(draw_items("order", 3)), list(draw_items("order", 3))
    assert [item.key for item in first] == [item.key for item in again]
    assert {item.origin for item in first} == {"held_out"}
    assert {item.key for item in first}.isdisjoint(item.key for item in draw_items("order", 4))


@pytest.mark.usefixtures("needs_fonts")
def test_everyday_has_held_out_and_browser_drawn_orders() -> None:
    opened = open_suite("everyday", pictures=2, families=("order",))
    seen = {(item.origin, item.pictures[0].name) for item in opened.items}
    assert sorted(seen) == [
        ("browser", "01.webp"),
        ("browser", "02.webp"),
        ("held_out", "order/0"),
        ("held_out", "order/1"),
    ]
    assert {item.family for item in opened.items} == {"order"}


@pytest.mark.usefixtures("needs_fonts")
def test_boxes_are_asked_of_the_task_that_finds_them() -> None:
    boxes = [item for item in open_suite("everyday", pictures=4, families=("product",)).items if item.kind == "box"]
    assert {item.origin for item in boxes} == {"held_out", "browser"}
    for item in boxes:
        (label,) = {box["label"] for box in json.loads(item.truth.answer)}
        assert item.given == {"target": label}
        assert item.question == item.task.instruct(target=label)


@pytest.mark.usefixtures("needs_fonts")
def test_tasks_choose() -> None:
    items = open_suite("tasks", pictures=2, tasks=("locate",)).items
    assert [(item.task.name, item.origin) for item in items] == [
        *(("locate", "held_out"),) * 2,
        *(("locate", "browser"),) * 2,
    ]
    with pytest.raises(NotFoundError, match="没有"):
        open_suite("tasks", tasks=("dance",))


def test_a_folder_is_a_suite_whose_version_is_its_truth(tmp_path: Path) -> None:
    opened = open_suite(str(folder(tmp_path, 4)))
    assert (opened.name, len(opened.items)) == (tmp_path.name, 8)
    (tmp_path / "truth.jsonl").write_text((tmp_path / "truth.jsonl").read_text().replace("0?", "零?"))
    assert open_suite(str(tmp_path)).version != opened.version


def test_pictures_and_families_choose(tmp_path: Path) -> None:
    suite = str(folder(tmp_path, 6))
    few = open_suite(suite, pictures=2)
    assert [item.pictures[0].name for item in few.items[::2]] == ["0.png", "1.png", "2.png", "3.png"]
    assert {item.family for item in open_suite(suite, families=("post",)).items} == {"post"}


def test_an_unknown_suite_is_a_clear_error() -> None:
    with pytest.raises(InvalidRequestError, match="everyday") as caught:
        open_suite("everyyear")
    assert caught.value.code == "unknown_suite"


@pytest.mark.usefixtures("needs_fonts")
def test_tasks_has_as_many_held_out_pages_of_each_task_and_browser_drawn_ones() -> None:
    opened = open_suite("tasks", pictures=2)
    held_out = Counter(item.task.name for item in opened.items if item.origin == "held_out")
    assert held_out == dict.fromkeys(TASK_SUITE.tasks, 2)
    for task in TASK_SUITE.tasks:
        drawn = {item.pictures[0].name for item in opened.items if (item.task.name, item.origin) == (task, "browser")}
        assert len(drawn) == 2
    read = {item.family for item in opened.items if (item.task.name, item.origin) == ("locate", "browser")}
    assert len(read) == 2  # by turns
    assert all(item.given is not None and item.kind == "task" for item in opened.items)
    assert opened.missing == ()


@pytest.mark.usefixtures("needs_fonts")
def test_values_of_a_held_out_record_have_the_places_of_their_lines() -> None:
    opened = open_suite("tasks", pictures=4, families=("order",))
    orders = [item for item in opened.items if item.task.name == "order" and item.origin == "held_out"]
    assert len(orders) == 4
    for item in orders:
        assert set(item.places) <= set(json.loads(item.truth.answer).values())
    assert any(item.places for item in orders)
    assert {item.family for item in opened.items} == {"order"}
