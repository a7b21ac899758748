"""Frames are written in the order in which they were put, by whoever puts them where the socket has room."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from kantu.engine.process.frame import Frame
from kantu.engine.process.outbox import Outbox


class Observed(socket.socket):
    """A socket that tells who writes, and runs what a test puts in the middle of a write."""

    writers: list[str]
    meanwhile: list[Any]

    def sendmsg(self, *arguments: Any) -> int:
        self.writers.append(threading.current_thread().name)
        if self.meanwhile:
            self.meanwhile.pop()()
        return super().sendmsg(*arguments)


@pytest.fixture
def ends() -> Iterator[tuple[Observed, socket.socket]]:
    pair = socket.socketpair()
    one = Observed(fileno=pair[0].detach())
    one.writers, one.meanwhile = [], []
    with one, pair[1]:
        yield one, pair[1]


def frame(*parts: bytes) -> Frame:
    return Frame(parts, sum(map(len, parts)))


def read(end: socket.socket, size: int) -> bytes:
    got = b""
    while len(got) < size:
        got += end.recv(size - len(got))
    return got


def test_who_puts_writes_where_there_is_room(ends: tuple[Observed, socket.socket]) -> None:
    one, other = ends
    outbox = Outbox(one, "writer")
    outbox.put(frame(b"a", b"", b"b"))
    assert read(other, 2) == b"ab"
    assert one.writers == [threading.current_thread().name]
    outbox.finish()


def test_what_finds_no_room_is_written_by_the_thread_and_the_next_waits_its_turn(
    ends: tuple[Observed, socket.socket],
) -> None:
    one, other = ends
    outbox = Outbox(one, "writer")
    large = bytes(range(256)) * 2**14
    outbox.put(frame(b"<", large, b">"))
    outbox.put(frame(b"next"))  # returns, although nobody reads
    assert read(other, len(large) + 6) == b"<" + large + b">next"
    outbox.finish()
    assert one.writers[0] == threading.current_thread().name
    assert "writer" in one.writers


def test_a_frame_of_more_parts_than_one_write_takes_arrives_whole(ends: tuple[Observed, socket.socket]) -> None:
    one, other = ends
    outbox = Outbox(one, "writer")
    outbox.put(frame(*[b"%04d" % number for number in range(3000)]))
    assert read(other, 12_000) == b"".join(b"%04d" % number for number in range(3000))
    outbox.finish()


def test_what_is_put_in_the_middle_of_a_write_comes_after_it(ends: tuple[Observed, socket.socket]) -> None:
    one, other = ends
    outbox = Outbox(one, "writer")
    one.meanwhile.append(lambda: outbox.put(frame(b"second")))  # as a finalizer may
    outbox.put(frame(b"first"))
    outbox.put(frame(b"third"))
    assert read(other, 16) == b"firstsecondthird"
    outbox.finish()


def test_the_frames_of_every_thread_arrive_whole_and_in_its_order(ends: tuple[Observed, socket.socket]) -> None:
    one, other = ends
    outbox = Outbox(one, "writer")

    def put(name: int) -> None:
        for number in range(2000):
            outbox.put(frame(bytes([name]), number.to_bytes(4), b"." * 95))

    threads = [threading.Thread(target=put, args=(name,)) for name in range(4)]
    for thread in threads:
        thread.start()
    got = read(other, 4 * 2000 * 100)
    for thread in threads:
        thread.join()
    outbox.finish()
    seen: dict[int, list[int]] = {}
    for start in range(0, len(got), 100):
        seen.setdefault(got[start], []).append(int.from_bytes(got[start + 1 : start + 5]))
    assert seen == {name: list(range(2000)) for name in range(4)}


def test_after_the_end_nothing_is_written(ends: tuple[Observed, socket.socket]) -> None:
    one, other = ends
    outbox = Outbox(one, "writer")
    outbox.put(frame(b"a"))
    outbox.finish()
    outbox.put(frame(b"b"))
    one.shutdown(socket.SHUT_WR)
    assert other.recv(10) == b"a"
    assert other.recv(10) == b""


def test_what_the_other_end_will_never_read_is_off_the_books(ends: tuple[Observed, socket.socket]) -> None:
    one, other = ends
    outbox = Outbox(one, "writer")
    large = frame(bytes(2**22))
    assert [outbox.offer(large, limit_bytes=1) for _ in range(2)] == [True, False]
    other.close()
    outbox.finish()
    assert outbox.offer(large, limit_bytes=1)
