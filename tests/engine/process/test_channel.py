"""Messages go through a socket pair in order, images beside them and read-only; whoever puts one writes it where the
socket has room."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from kantu.engine.process.channel import Channel, Outbox
from kantu.engine.process.messages import Cancel, Frame, Ping, Reply, Submit, encode
from kantu.engine.request import Constraint, Delta, TokenLogprob
from kantu.errors import OverloadedError
from kantu.processing.image import CleanImage, content_hash
from tests.engine.process.engines import question


@pytest.fixture
def ends() -> Iterator[tuple[Channel, Channel]]:
    one, other = (Channel(end, "test-write") for end in socket.socketpair())
    yield one, other
    one.close()
    other.close()


def picture(height: int, width: int, seed: int) -> CleanImage:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    pixels.flags.writeable = False
    return CleanImage(pixels, content_hash(pixels), (3 * width, 3 * height))


def test_messages_arrive_equal_and_in_order(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    logprobs = (TokenLogprob(7, b"\xe7", -0.5, ((7, b"\xe7", -0.5), (9, b"a", -1.0))),)
    sent = [
        Ping(),
        Submit(1, question("为什么？", n=2, stop=("。",), constraint=Constraint.json_schema({"type": "object"}))),
        Cancel(1),
        Reply(1, Delta("没", (7,), logprobs=logprobs, index=1), last=False),
        Reply(2, "text", last=True),
    ]
    for message in sent:
        one.put(message)
    assert [other.receive() for _ in sent] == sent


def test_pictures_arrive_whole_and_read_only(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    sent = [picture(1024, 1280, seed=1), picture(32, 32, seed=2)]
    one.put(Submit(1, question("这是什么？", *sent)))
    message = other.receive()
    assert isinstance(message, Submit)
    for before, after in zip(sent, message.request.images, strict=True):
        assert content_hash(after.pixels) == before.sha256 == after.sha256
        assert after.original_size == before.original_size
        assert not after.pixels.flags.writeable


def test_pixels_are_not_copied_into_the_pickle() -> None:
    image = picture(448, 448, seed=1)
    head, buffer = encode(Submit(1, question("这是什么？", image))).parts
    assert len(head) < 2000
    assert np.shares_memory(np.frombuffer(buffer, np.uint8), image.pixels)


def test_a_frame_knows_its_size() -> None:
    frame = encode(Submit(1, question("这是什么？", picture(64, 64, seed=1))))
    assert frame.size_bytes == sum(memoryview(part).nbytes for part in frame.parts) > 64 * 64 * 3


def test_an_error_keeps_its_type(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    error = OverloadedError("overloaded", "满了。", "Full.", retry_after_seconds=2.5)
    one.put(Reply(1, error, last=True))
    message = other.receive()
    assert isinstance(message, Reply)
    assert type(message.item) is OverloadedError
    assert vars(message.item) == vars(error)


def test_what_waits_to_be_written_is_bounded_in_bytes(ends: tuple[Channel, Channel]) -> None:
    one, other = ends  # which does not read
    frame = encode(Submit(1, question("这是什么？", picture(1024, 1280, seed=1))))
    limit = 2 * frame.size_bytes
    assert [one.offer(frame, limit) for _ in range(3)] == [True, True, False]
    assert isinstance(other.receive(), Submit)
    assert isinstance(other.receive(), Submit)
    one.put(Ping())
    other.receive()  # by now both frames are written and off the books
    assert one.offer(frame, limit)


def test_what_is_alone_is_let_in_however_large(ends: tuple[Channel, Channel]) -> None:
    one, _ = ends
    assert one.offer(encode(Submit(1, question("这是什么？"))), limit_bytes=1)


def test_the_end_of_one_side_is_the_end_of_the_other(ends: tuple[Channel, Channel]) -> None:
    one, other = ends
    one.put(Ping())
    one.finish()
    one.shut()
    assert other.receive() == Ping()
    assert other.receive() is None
    other.put(Ping())  # into nowhere
    other.finish()


def test_shutting_wakes_a_blocked_reader_and_a_blocked_writer(ends: tuple[Channel, Channel]) -> None:
    one, _ = ends
    one.put(Submit(1, question("这是什么？", picture(1024, 1280, seed=1))))  # more than fits between them
    received: list[object] = []
    reader = threading.Thread(target=lambda: received.append(one.receive()))
    reader.start()
    one.shut()
    reader.join()
    one.finish()
    assert received == [None]


# Writing


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
def sockets() -> Iterator[tuple[Observed, socket.socket]]:
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


def test_who_puts_writes_where_there_is_room(sockets: tuple[Observed, socket.socket]) -> None:
    one, other = sockets
    outbox = Outbox(one, "writer")
    outbox.put(frame(b"a", b"", b"b"))
    assert read(other, 2) == b"ab"
    assert one.writers == [threading.current_thread().name]
    outbox.finish()


def test_what_finds_no_room_is_written_by_the_thread_and_the_next_waits_its_turn(
    sockets: tuple[Observed, socket.socket],
) -> None:
    one, other = sockets
    outbox = Outbox(one, "writer")
    large = bytes(range(256)) * 2**14
    outbox.put(frame(b"<", large, b">"))
    outbox.put(frame(b"next"))  # returns, although nobody reads
    assert read(other, len(large) + 6) == b"<" + large + b">next"
    outbox.finish()
    assert one.writers[0] == threading.current_thread().name
    assert "writer" in one.writers


def test_a_frame_of_more_parts_than_one_write_takes_arrives_whole(sockets: tuple[Observed, socket.socket]) -> None:
    one, other = sockets
    outbox = Outbox(one, "writer")
    outbox.put(frame(*[b"%04d" % number for number in range(3000)]))
    assert read(other, 12_000) == b"".join(b"%04d" % number for number in range(3000))
    outbox.finish()


def test_what_is_put_in_the_middle_of_a_write_comes_after_it(sockets: tuple[Observed, socket.socket]) -> None:
    one, other = sockets
    outbox = Outbox(one, "writer")
    one.meanwhile.append(lambda: outbox.put(frame(b"second")))  # as a finalizer may
    outbox.put(frame(b"first"))
    outbox.put(frame(b"third"))
    assert read(other, 16) == b"firstsecondthird"
    outbox.finish()


def test_the_frames_of_every_thread_arrive_whole_and_in_its_order(sockets: tuple[Observed, socket.socket]) -> None:
    one, other = sockets
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


def test_after_the_end_nothing_is_written(sockets: tuple[Observed, socket.socket]) -> None:
    one, other = sockets
    outbox = Outbox(one, "writer")
    outbox.put(frame(b"a"))
    outbox.finish()
    outbox.put(frame(b"b"))
    one.shutdown(socket.SHUT_WR)
    assert other.recv(10) == b"a"
    assert other.recv(10) == b""


def test_what_the_other_end_will_never_read_is_off_the_books(sockets: tuple[Observed, socket.socket]) -> None:
    one, other = sockets
    outbox = Outbox(one, "writer")
    large = frame(bytes(2**22))
    assert [outbox.offer(large, limit_bytes=1) for _ in range(2)] == [True, False]
    other.close()
    outbox.finish()
    assert outbox.offer(large, limit_bytes=1)
