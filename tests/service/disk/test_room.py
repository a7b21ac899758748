"""What must stay free of a disk."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kantu.errors import StoreError
from kantu.service.disk.room import DiskRoom, ballast_bytes, worst_state
from tests.service.small_disk import DISK_BYTES, fill

pytestmark = pytest.mark.whole

RESERVE = 16 * 2**20


@pytest.fixture
def free(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """What is free: the last number."""
    found = [RESERVE]
    monkeypatch.setattr(DiskRoom, "free_bytes", property(lambda _: found[-1]))
    return found


def test_the_disk_of_a_folder_that_is_not_there_yet_is_that_of_its_parent(tmp_path: Path) -> None:
    room = DiskRoom(tmp_path / "later" / "files", 0)
    assert 0 < room.free_bytes <= room.size_bytes


def test_writing_stops_before_the_reserve(tmp_path: Path, free: list[int]) -> None:
    room = DiskRoom(tmp_path, RESERVE)
    free.append(RESERVE + 10)
    with room.writing(10):
        pass
    with pytest.raises(StoreError, match="store_full"), room.writing(11):
        pass


def test_what_others_are_just_writing_counts(tmp_path: Path, free: list[int]) -> None:
    """Twenty threads find room for ten writes, and all look at the disk before any of them has written."""
    room, size = DiskRoom(tmp_path, RESERVE), 2**20
    free.append(RESERVE + 10 * size)
    looked, results = threading.Barrier(20), []

    def write() -> None:
        try:
            with room.writing(size):
                looked.wait()
                results.append("written")
        except StoreError as error:
            results.append(error.code)
            looked.wait()

    threads = [threading.Thread(target=write) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["store_full"] * 10 + ["written"] * 10
    with room.writing(size):  # all of it was given back
        pass


@pytest.mark.parametrize(
    ("free_bytes", "state"),
    [(RESERVE, "ok"), (RESERVE - 1, "low"), (ballast_bytes(RESERVE), "low"), (ballast_bytes(RESERVE) - 1, "full")],
)
def test_states(tmp_path: Path, free: list[int], free_bytes: int, state: str) -> None:
    free.append(free_bytes)
    assert DiskRoom(tmp_path, RESERVE).state() == state


def test_the_worst_of_several_disks_is_told(tmp_path: Path, free: list[int]) -> None:
    free.append(RESERVE)
    rooms = [DiskRoom(tmp_path, reserve) for reserve in (0, RESERVE + 1, 100 * RESERVE)]
    assert [worst_state(rooms[:count]) for count in (1, 2, 3)] == ["ok", "low", "full"]


def test_a_disk_that_is_really_full(small_disk: Path) -> None:
    room = DiskRoom(small_disk / "home" / "files", 2**20)
    assert room.state() == "ok"
    assert room.size_bytes == DISK_BYTES
    fill(small_disk / "home" / "filler")
    assert (room.state(), room.free_bytes) == ("full", 0)


def test_what_can_wait_has_to_while_little_more_than_the_ballast_is_free(tmp_path: Path) -> None:
    free = DiskRoom(tmp_path, 0).free_bytes
    assert DiskRoom(tmp_path, free * 16).lets_wait()
    assert not DiskRoom(tmp_path, free * 4).lets_wait()
