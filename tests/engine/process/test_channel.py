"""Messages go through a socket pair in order, pictures beside them and read-only."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from kantu.engine.process.channel import Channel
from kantu.engine.process.frame import encode
from kantu.engine.process.messages import Cancel, Ping, Reply, Submit
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
