"""Pictures are read with all threads where one asks, and with a part of them each where several do, never with more."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt
import pytest

from kantu.contenders.pipeline.ocr import Ocr
from kantu.contenders.pipeline.parts import Prepared
from kantu.solve.reader import PrintedLine

SECONDS = 10
PAGE = Prepared(np.zeros((10, 10, 3), np.uint8))


class Room:
    """Readers that read until they may end; knows how many threads each has, and that no more than `most` are taken."""

    def __init__(self, most: int) -> None:
        self.made: list[int] = []
        self.begun: list[int] = []
        self._most, self._taken, self._ends = most, 0, 0
        self._changed = threading.Condition()

    def make(self, threads: int) -> OneAtATime:
        with self._changed:
            self.made.append(threads)
            self._changed.notify_all()
        return OneAtATime(self, threads)

    def read(self, threads: int) -> None:
        with self._changed:
            self.begun.append(threads)
            self._taken += threads
            assert self._taken <= self._most
            self._changed.notify_all()
            assert self._changed.wait_for(lambda: self._ends > 0, SECONDS)
            self._ends -= 1
            self._taken -= threads

    def end(self, count: int) -> None:
        """So many may end."""
        with self._changed:
            self._ends += count
            self._changed.notify_all()

    def wait(self, *, made: int = 0, begun: int = 0) -> None:
        """Until there are so many."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.made) >= made and len(self.begun) >= begun, SECONDS)


class OneAtATime:
    """A reader of the room."""

    def __init__(self, room: Room, threads: int) -> None:
        self._room, self._threads, self._free = room, threads, threading.Lock()

    def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        assert self._free.acquire(blocking=False)
        self._room.read(self._threads)
        self._free.release()
        return (PrintedLine(" 待付款 ", (0, 0, 9, 9), 0.9), PrintedLine(" ", (0, 0, 9, 9), 0.9))


def test_who_asks_alone_has_all_threads_every_time() -> None:
    room = Room(most=4)
    ocr = Ocr(room.make, threads=4, at_once=2)
    room.end(3)
    assert [[line.text for line in ocr(PAGE)] for _ in range(3)] == [["待付款"]] * 3
    assert (room.made, room.begun) == ([4], [4, 4, 4])


def test_who_has_to_wait_shares_the_threads_and_who_is_alone_again_has_all() -> None:
    room = Room(most=4)
    ocr = Ocr(room.make, threads=4, at_once=2)
    with ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(ocr, PAGE)]
        room.wait(begun=1)
        asked.append(pool.submit(ocr, PAGE))
        room.wait(made=3)
        asked.append(pool.submit(ocr, PAGE))
        assert room.begun == [4]
        room.end(1)
        room.wait(begun=3)
        room.end(2)
        assert all(each.result(SECONDS) for each in asked)
    assert (room.made, room.begun) == ([4, 2, 2], [4, 2, 2])
    room.end(1)
    ocr(PAGE)
    assert room.begun[-1] == 4


@pytest.mark.parametrize(
    ("threads", "at_once", "made"), [(4, 2, {4, 2}), (2, 4, {2, 1}), (3, 2, {3, 1}), (1, 4, {1}), (4, 1, {4})]
)
def test_however_many_ask_no_more_threads_are_taken(threads: int, at_once: int, made: set[int]) -> None:
    room = Room(most=threads)
    ocr = Ocr(room.make, threads=threads, at_once=at_once)
    room.end(30)
    with ThreadPoolExecutor(6) as pool:
        assert all(pool.map(lambda _: ocr(PAGE), range(30)))
    assert set(room.made) <= made
    assert len(room.begun) == 30
    assert room.made.count(threads) == 1 or made == {1}


def test_a_picture_that_could_not_be_read_leaves_its_place_to_the_next() -> None:
    class Failing:
        def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
            raise RuntimeError("the insides of a library")

    ocr = Ocr(lambda threads: Failing(), threads=2, at_once=2)
    for _ in range(3):
        with pytest.raises(RuntimeError):
            ocr(PAGE)
