"""Logs in a file: exchanged when full, read by nobody else, and never worth a request."""

from __future__ import annotations

import errno
import json
import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.watch.log_file import LogFile, LogFileHandler
from kantu.service.watch.logs import configure

OURS = logging.getLogger("kantu.service.test")


def logged(file: LogFile, write: Callable[[], None]) -> None:
    restore = configure("info", file)
    try:
        write()
    finally:
        restore()


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_lines_go_into_the_file_and_not_to_standard_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "kantu.log"
    logged(LogFile(path, 10**6, 2), lambda: OURS.info("draining", extra={"seconds": 1}))
    (line,) = path.read_text(encoding="utf-8").splitlines()
    assert json.loads(line)["event"] == "draining"
    assert capsys.readouterr() == ("", "")


def test_only_its_owner_may_read_it_even_if_it_was_there_before(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        path = tmp_path / "kantu.log"
        path.touch(0o666)
        logged(LogFile(path, 1024, 2), lambda: [OURS.info("a" * 100) for _ in range(30)] and None)
    finally:
        os.umask(before)
    files = sorted(tmp_path.iterdir())
    assert [file.name for file in files] == ["kantu.log", "kantu.log.1", "kantu.log.2"]
    assert {mode(file) for file in files} == {0o600}


def test_full_files_are_exchanged_and_few_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "kantu.log"
    logged(LogFile(path, 2000, 3), lambda: [OURS.info("line", extra={"count": n}) for n in range(500)] and None)
    files = sorted(tmp_path.iterdir())
    assert len(files) == 4
    assert all(file.stat().st_size <= 2000 for file in files)
    lines = [json.loads(line) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    assert max(line["count"] for line in lines) == 499
    assert json.loads(path.read_text(encoding="utf-8").splitlines()[-1])["count"] == 499


class FullDisk:
    """In place of a handler's stream: takes nothing."""

    closed = False

    def __init__(self) -> None:
        self.tried = 0

    def tell(self) -> int:
        return 0

    def seek(self, *_: int) -> int:
        return 0

    def write(self, _: str) -> int:
        self.tried += 1
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    flush = close = tell


def test_a_full_disk_loses_lines_says_so_once_and_raises_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, full = tmp_path / "kantu.log", FullDisk()

    def write() -> None:
        OURS.info("before")
        (handler,) = logging.getLogger().handlers
        assert isinstance(handler, LogFileHandler)
        with monkeypatch.context() as patch:
            patch.setattr(handler, "_open", lambda: full)
            handler.stream.close()
            handler.stream = full  # type: ignore[assignment]
            for _ in range(100):
                OURS.info("secret")
        OURS.info("after")

    logged(LogFile(path, 10**6, 2), write)
    assert full.tried == 100
    assert [json.loads(line)["event"] for line in path.read_text(encoding="utf-8").splitlines()] == ["before", "after"]
    assert capsys.readouterr().err == '{"event": "log lines were lost", "level": "error", "count": 1}\n'


def test_a_folder_that_goes_away_loses_lines_and_raises_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    folder.mkdir()

    def write() -> None:
        OURS.info("before")
        folder.rename(tmp_path / "gone")
        for _ in range(100):
            OURS.info("a" * 100)
        folder.mkdir()
        OURS.info("after")

    logged(LogFile(folder / "kantu.log", 1024, 1), write)
    assert "after" in (folder / "kantu.log").read_text(encoding="utf-8")


def test_a_file_that_cannot_be_written_is_a_setting_of_ours(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        configure("info", LogFile(tmp_path / "missing" / "kantu.log", 10**6, 2))
    assert (caught.value.code, caught.value.param) == ("invalid_settings", "watch.log_file")


def test_another_process_writes_a_file_of_its_own() -> None:
    assert LogFile(Path("/var/log/kantu.log"), 10, 2).beside("engine") == LogFile(
        Path("/var/log/kantu.engine.log"), 10, 2
    )
