"""What was made of a picture is made once, within a bound of bytes, and known by all that it depends on."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from kantu.contenders.pipeline.kept import Kept, Key
from kantu.errors import UpstreamError, error


def _key(given: str, *options: object) -> Key:
    return Key.of(given.encode(), *options)  # type: ignore[arg-type]


def _never() -> bytes:
    raise AssertionError("it was made again")


def test_the_same_is_made_once() -> None:
    kept = Kept()
    assert kept.get(_key("a"), lambda: b"A") == (b"A", True)
    assert kept.get(_key("a"), _never) == (b"A", False)


def test_it_is_known_by_the_whole_digest_and_every_option() -> None:
    kept = Kept()
    kept.get(_key("a", 9, "markdown"), lambda: b"A")
    others = [_key("b", 9, "markdown"), _key("a", 8, "markdown"), _key("a", 9, "lines"), _key("a")]
    assert [kept.get(each, lambda: b"other")[1] for each in others] == [True] * 4
    assert len(_key("a").sha256) == 64


def test_the_least_recently_used_goes_when_there_is_no_room() -> None:
    kept = Kept(capacity_bytes=10)
    for name in "abc":
        kept.get(_key(name), lambda: b"four")
        kept.get(_key("a"), lambda: b"four")
    assert (kept.bytes, len(kept)) == (8, 2)
    assert kept.get(_key("a"), _never) == (b"four", False)
    assert kept.get(_key("b"), lambda: b"four") == (b"four", True)


def test_what_is_larger_than_all_the_room_is_not_kept_and_throws_nothing_out() -> None:
    kept = Kept(capacity_bytes=10)
    kept.get(_key("a"), lambda: b"four")
    assert kept.get(_key("b"), lambda: bytes(11)) == (bytes(11), True)
    assert (kept.bytes, len(kept)) == (4, 1)
    assert kept.get(_key("a"), _never) == (b"four", False)


def test_an_error_is_not_kept() -> None:
    kept = Kept()

    def failing() -> bytes:
        raise error("stage_failed.defect", stage="文字识别")

    with pytest.raises(UpstreamError):
        kept.get(_key("a"), failing)
    assert kept.bytes == 0
    assert kept.get(_key("a"), lambda: b"A") == (b"A", True)


@pytest.mark.parametrize("fails", [False, True])
def test_who_asks_meanwhile_waits_and_shares_what_comes_of_it(fails: bool) -> None:
    kept = Kept()
    begun, go_on = threading.Event(), threading.Event()
    made: list[int] = []

    def slow() -> bytes:
        made.append(1)
        begun.set()
        go_on.wait()
        if fails:
            raise error("stage_failed.defect", stage="文字识别")
        return b"A"

    with ThreadPoolExecutor(3) as threads:
        first = threads.submit(kept.get, _key("a"), slow)
        begun.wait()
        others = [threads.submit(kept.get, _key("a"), _never) for _ in range(2)]
        assert kept.get(_key("b"), lambda: b"B") == (b"B", True)  # another picture does not wait
        go_on.set()
        if fails:
            assert [type(each.exception()) for each in (first, *others)] == [UpstreamError] * 3
        else:
            assert [each.result() for each in (first, *others)] == [(b"A", True), (b"A", False), (b"A", False)]
    assert made == [1]
