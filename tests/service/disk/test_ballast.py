"""Room that is given up when the disk is full."""

from __future__ import annotations

import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from kantu.service.disk.ballast import PIECES, Ballast
from kantu.service.disk.placing import lock_at_once
from tests.service.small_disk import fill

pytestmark = pytest.mark.whole

SIZE = 2**18


def test_it_takes_up_room_and_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "ballast"
    ballast = Ballast(path, SIZE)
    assert [ballast.restore() for _ in range(2)] == [True, False]
    found = path.stat()
    assert (found.st_size, stat.S_IMODE(found.st_mode)) == (SIZE, 0o600)
    assert found.st_blocks * 512 >= SIZE  # no holes
    path.write_bytes(b"half")  # of a process that was killed
    assert ballast.restore()
    assert path.stat().st_size == SIZE


def test_it_is_kept_while_there_is_room(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", SIZE)
    ballast.restore()
    assert not ballast.release()
    assert (tmp_path / "ballast").exists()


def test_it_is_given_up_by_pieces_and_made_again_when_there_is_room(small_disk: Path) -> None:
    home = small_disk / "home"
    ballast = Ballast(home / "ballast", SIZE)
    assert ballast.restore()
    for _ in range(PIECES):
        fill(home / "filler")
        assert ballast.release()
        assert SIZE // PIECES <= shutil.disk_usage(home).free < SIZE // PIECES * 2
        assert not ballast.restore()  # it would fill the disk again
    assert not ballast.release()  # nothing is left
    assert not (home / "ballast").exists()
    fill(home / "filler")
    assert not ballast.restore()
    (home / "filler").unlink()
    assert ballast.restore()


def test_of_many_that_make_it_at_once_one_does(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "ballast"
    for _ in range(5):
        ready = Barrier(8)

        def restore(_: int, ready: Barrier = ready) -> bool:
            ready.wait()
            return Ballast(path, SIZE).restore()

        with ThreadPoolExecutor(8) as threads:
            assert sum(threads.map(restore, range(8))) == 1
        assert [found.name for found in tmp_path.iterdir()] == ["ballast"]
        assert path.stat().st_size == SIZE
        path.unlink()
    assert caplog.messages == []


def test_what_another_process_is_making_is_left_to_it_until_it_is_killed(tmp_path: Path) -> None:
    draft = tmp_path / "ballast.new"
    ballast = Ballast(tmp_path / "ballast", SIZE)
    with draft.open("wb") as other:
        assert lock_at_once(other.fileno())
        other.write(b"half")
        other.flush()
        assert not ballast.restore()
        assert draft.read_bytes() == b"half"
    assert ballast.restore()
    assert [found.name for found in tmp_path.iterdir()] == ["ballast"]


def test_a_folder_that_cannot_be_written_is_no_error(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ballast = Ballast(tmp_path / "nowhere" / "ballast", SIZE)
    assert (ballast.restore(), ballast.release()) == (False, False)
    assert "ballast_not_made" in caplog.messages
