"""The operator's tasks are read again while the gateway runs, all of them or none."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from kantu.service.gateway import Gateway
from kantu.service.tasks.catalogue import TaskCatalogue
from kantu.service.watch.logs import configure
from kantu.tasks.builtin import TASKS
from tests.service.gateways import MODEL, client_of

pytestmark = pytest.mark.anyio

CARD = "name: card\ntitle: 名片\ninstruction: 写出姓名。\nfields: {姓名: }\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "tasks"
    made.mkdir()
    return made


def write(folder: Path, name: str, text: str) -> None:
    (folder / name).write_text(text, "utf-8")


def own(catalogue: TaskCatalogue) -> dict[str, str]:
    """The instructions of the tasks that are not built in."""
    return {name: task.instruction for name, task in catalogue.by_name.items() if name not in TASKS}


def _faults(caplog: pytest.LogCaptureFixture) -> str:
    return "".join(record.__dict__["fault"].text for record in caplog.records)


async def test_what_is_new_changed_or_gone_is_seen(folder: Path) -> None:
    write(folder, "card.yaml", CARD)
    write(folder, "old.yaml", CARD.replace("card", "old"))
    catalogue = TaskCatalogue(folder)
    assert own(catalogue) == {"card": "写出姓名。", "old": "写出姓名。"}
    write(folder, "card.yaml", CARD.replace("写出姓名", "抄下姓名"))
    write(folder, "new.yaml", CARD.replace("card", "new"))
    (folder / "old.yaml").unlink()
    assert "old" in own(catalogue)  # until somebody says so
    await catalogue.reload()
    assert own(catalogue) == {"card": "抄下姓名。", "new": "写出姓名。"}


async def test_a_broken_file_keeps_all_tasks_as_they_were_and_the_log_says_why(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    write(folder, "card.yaml", CARD)
    catalogue = TaskCatalogue(folder)
    write(folder, "card.yaml", CARD.replace("fields", "fileds"))
    write(folder, "new.yaml", CARD.replace("card", "new"))
    assert not await catalogue.reload()
    assert own(catalogue) == {"card": "写出姓名。"}
    assert "card.yaml 第 4 行：不认识的键 fileds" in _faults(caplog)
    write(folder, "card.yaml", CARD)
    assert await catalogue.reload()
    assert own(catalogue).keys() == {"card", "new"}


async def test_words_are_read_again_too_and_broken_ones_leave_the_old(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    words = tmp_path / "words.toml"
    words.write_text('[words]\n"自定" = ["甲"]', "utf-8")
    catalogue = TaskCatalogue(folder, words)
    first = catalogue.by_name["moderate"]
    words.write_text("[", "utf-8")
    assert not await catalogue.reload()
    assert catalogue.by_name["moderate"] is first
    assert str(words) in _faults(caplog)
    words.write_text('[words]\n"自定" = ["乙"]', "utf-8")
    await catalogue.reload()
    assert catalogue.by_name["moderate"] is not first


async def test_the_gateway_serves_what_has_been_read_again(make_gateway: Callable[..., Gateway], folder: Path) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        body = {"model": MODEL, "images": [], "input": {}}
        assert (await client.post("/v1/tasks/card", json=body)).status_code == 404
        write(folder, "card.yaml", CARD)
        await gateway.tasks.reload()
        assert (await client.post("/v1/tasks/card", json=body)).status_code != 404
        listed = (await client.get("/v1/tasks")).json()
    assert [task["id"] for task in listed["data"]] == [*TASKS, "card"]


async def test_the_log_names_file_line_and_reason_as_it_is_written(folder: Path) -> None:
    stream = io.StringIO()
    restore = configure("info", stream)
    try:
        write(folder, "名片.yaml", CARD.replace("fields", "fileds"))
        catalogue = TaskCatalogue(folder)
        assert not await catalogue.reload()
    finally:
        restore()
    told = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["code"], line["file"]) for line in told] == [("task_invalid", "名片.yaml")] * 2  # at its start, too
    assert all(line["fault"].startswith("名片.yaml 第 4 行：不认识的键 fileds") for line in told)
    assert not any("hidden" in line["event"] for line in told)
