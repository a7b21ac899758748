"""Own tasks stand beside those that come with Kantu; a bad file costs nothing but itself."""

from __future__ import annotations

from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, NotFoundError
from kantu.tasks.builtin import TASKS
from kantu.tasks.folder import find_task, load_task, load_tasks


def write(folder: Path, file: str, name: str) -> None:
    text = f"name: {name}\ntitle: 名片\ninstruction: 看名片。\nfields: {{姓名: }}\n"
    (folder / file).write_text(text, encoding="utf-8")


def test_without_a_folder_there_are_the_built_in_tasks(tmp_path: Path) -> None:
    found = load_tasks(tmp_path / "none", {})
    assert found.by_name == TASKS
    assert (found.own, found.faults) == ((), ())


def test_own_tasks_are_found_by_name(tmp_path: Path) -> None:
    write(tmp_path, "b.yaml", "card")
    write(tmp_path, "a.yml", "label")
    write(tmp_path, ".hidden.yaml", "hidden")
    write(tmp_path, "note.txt", "note")
    (tmp_path / "folder.yaml").mkdir()
    found = load_tasks(tmp_path, {})
    assert found.own == ("label", "card")
    assert found.by_name["card"].instruct() == "看名片。"
    assert set(found.by_name) == {*TASKS, "label", "card"}
    assert found.faults == ()


def test_a_bad_file_is_told_and_the_others_are_there(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "label")
    (tmp_path / "b.yaml").write_text("name: [", encoding="utf-8")
    write(tmp_path, "c.yaml", "card")
    found = load_tasks(tmp_path, {})
    assert found.own == ("label", "card")
    assert [(fault.code, fault.param) for fault in found.faults] == [("task_invalid", "b.yaml")]


def test_a_name_is_taken_once(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "label")
    write(tmp_path, "b.yaml", "label")
    write(tmp_path, "c.yaml", "order")
    found = load_tasks(tmp_path, {})
    assert found.own == ("label",)
    assert found.by_name["order"] is TASKS["order"]
    assert [fault.message for fault in found.faults] == [
        "b.yaml 第 1 行：名称 label 已经有了（a.yaml），请换一个。",
        "c.yaml 第 1 行：名称 order 已经有了（内置任务），请换一个。",
    ]


def test_a_task_is_found_by_name_or_by_its_file(tmp_path: Path) -> None:
    write(tmp_path, "a.yaml", "card")
    write(tmp_path, "b.yml", "label")
    assert find_task("order", tmp_path, {}) is TASKS["order"]
    assert find_task("card", tmp_path, {}).name == "card"
    assert find_task(str(tmp_path / "b.yml"), tmp_path / "none", {}).title == "名片"
    with pytest.raises(NotFoundError) as caught:
        find_task("cards", tmp_path, {})
    assert caught.value.code == "task_not_found"
    assert "card" in caught.value.message


def test_a_bad_file_is_told_where_its_task_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "card.yaml").write_text("name: card", encoding="utf-8")
    assert find_task("order", tmp_path, {}) is TASKS["order"]
    with pytest.raises(InvalidRequestError) as caught:
        find_task("card", tmp_path, {})
    assert caught.value.code == "task_invalid"


def test_every_bad_file_of_the_folder_is_told_of_beside_the_task_that_is_wanted(tmp_path: Path) -> None:
    (tmp_path / "badkey.yaml").write_text("name: card_a\nfileds: {}\n", encoding="utf-8")
    write(tmp_path, "mine.yaml", "order")
    told: list[InvalidRequestError] = []
    with pytest.raises(NotFoundError, match="没有任务“card_a”"):
        find_task("card_a", tmp_path, {}, told.append)
    assert find_task("order", tmp_path, {}, told.append) is TASKS["order"]
    assert [fault.param for fault in told] == ["badkey.yaml", "mine.yaml"] * 2
    assert "badkey.yaml 第 2 行" in told[0].message


def test_a_name_may_be_written_as_its_command_is(tmp_path: Path) -> None:
    assert find_task("read-boxes", tmp_path, {}) is TASKS["read_boxes"]


def test_a_file_is_refused_the_name_of_a_built_in_task_wherever_it_lies(tmp_path: Path) -> None:
    write(tmp_path, "mine.yaml", "order")
    for read in (load_task, lambda path: find_task(str(path), tmp_path / "none", {})):
        with pytest.raises(InvalidRequestError, match="名称 order 已经有了（内置任务）"):
            read(tmp_path / "mine.yaml")
