"""kill -9 in the middle of `kantu batch`: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kantu.json_lines import read_lines
from tests.batch.fakes import pictures

pytestmark = pytest.mark.whole

PICTURES = 40
_GUARD_SECONDS = 300
_TASK = """\
name: colour
title: 颜色
instruction: 图是什么颜色？
fields:
  颜色: {choices: [黑, 白]}
"""


def start(folder: Path, model: Path) -> subprocess.Popen[bytes]:
    command = ["batch", str(folder / "colour.yaml"), str(folder / "in"), "--out", str(folder / "r.csv")]
    options = ["--model", str(model), "--device", "cpu", "--parallel", "3"]
    return subprocess.Popen([sys.executable, "-c", "from kantu.cli import main; main()", *command, *options])


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def kill_after(process: subprocess.Popen[bytes], results: Path, more: int) -> None:
    """Kill it once it has written some more lines."""
    goal, end = lines(results) + more, time.monotonic() + _GUARD_SECONDS
    while lines(results) < goal:
        assert process.poll() is None
        assert time.monotonic() < end
        time.sleep(0.002)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def test_killed_twice_every_picture_has_exactly_one_row(tmp_path: Path, tiny_folder: Path) -> None:
    pictures(tmp_path / "in", PICTURES)
    (tmp_path / "colour.yaml").write_text(_TASK, "utf-8")
    results, written = tmp_path / "r.jsonl", []
    for more in (3, 5):
        kill_after(start(tmp_path, tiny_folder), results, more)
        written.append([line.value for line in read_lines(results)])
    assert len(written[1]) < PICTURES
    assert start(tmp_path, tiny_folder).wait(_GUARD_SECONDS) == 0

    rows = [line.value for line in read_lines(results)]
    assert rows[: len(written[1])] == written[1]  # what was done is as it was
    assert written[1][: len(written[0])] == written[0]
    assert sorted(row["place"] for row in rows) == [f"{number:03}.png" for number in range(PICTURES)]
    assert {row["error"] for row in rows} == {None}
    assert {row["result"]["result"]["颜色"] for row in rows} <= {"黑", "白", None}
    assert len((tmp_path / "r.csv").read_text("utf-8-sig").splitlines()) == 1 + PICTURES
