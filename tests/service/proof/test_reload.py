"""A running service takes new tasks without a restart."""

from __future__ import annotations

import os
import subprocess

import pytest

from kantu.service.database import Database
from kantu.service.home import RELOAD
from tests.service.audits import acts_of
from tests.service.proof.live import LiveGateway, wait_until
from tests.service.warm import bare_environment, run

pytestmark = pytest.mark.whole

CARD = "name: card\ntitle: 名片\ninstruction: 写出姓名。\nfields: {姓名: }\n"


def reload(live: LiveGateway) -> subprocess.CompletedProcess[str]:
    return run("reload", environment=bare_environment() | {"KANTU_HOME": str(live.home)})


def test_reload_takes_what_is_right_and_leaves_what_is_broken(live: LiveGateway) -> None:
    file = live.home / "tasks" / "card.yaml"
    file.parent.mkdir()
    with live.client() as client:

        def served() -> dict[str, str]:
            return {task["id"]: task["title"] for task in client.get("/v1/tasks").json()["data"]}

        file.write_text(CARD, encoding="utf-8")
        done = reload(live)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert f"进程 {live.process.pid}" in done.stderr
        wait_until(lambda: served().get("card") == "名片")
        file.write_text(CARD.replace("名片", "[名片"), encoding="utf-8")
        broken = reload(live)
        assert (broken.returncode, "card.yaml 第" in broken.stderr) == (2, True)
        assert served()["card"] == "名片"
        file.unlink()
        file.parent.rmdir()
        assert reload(live).returncode == 0
        wait_until(lambda: "card" not in served())
    assert live.process.poll() is None


def test_every_reload_is_in_the_audit(live: LiveGateway) -> None:
    database = Database.sqlite(live.home / "kantu.db")

    def reloads() -> list[str]:
        return [act for act in acts_of(database) if act.startswith("reload")]

    before = len(reloads())
    file = live.home / "tasks" / "card.yaml"
    file.parent.mkdir()
    file.write_text(CARD.replace("名片", "[名片"), encoding="utf-8")
    os.kill(live.process.pid, RELOAD)  # by somebody who does not ask the command
    wait_until(lambda: reloads()[before:] == ["reload tasks ok", "reload tasks failed"])
    file.write_text(CARD, encoding="utf-8")
    assert reload(live).returncode == 0
    wait_until(lambda: reloads()[before + 2 :] == ["reload tasks ok"])
    database.close()
