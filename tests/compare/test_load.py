"""Clients ask without pause, each time about a picture that no cache has."""

from __future__ import annotations

import io
import threading
from collections.abc import Sequence
from dataclasses import replace

import pytest
from PIL import Image

from kantu.compare.asked import Asked, Variants, quickest, spread
from kantu.compare.load import Spread, alone, loads
from kantu.compare.pace import Pace
from kantu.contenders.contender import AskOptions, Reply
from kantu.errors import EngineError, InvalidRequestError, error
from kantu.processing.conversation import ImageSource
from kantu.tasks.builtin import EXTRACT
from tests.evaluation.asked import item, png
from tests.processing.pictures import encode, exif

PACE = Pace(load_seconds=0.05)
ASKED = tuple(Asked(png(), question, AskOptions()) for question in "甲乙丙")


class Counting:
    """Answers, and keeps the digest of every picture; fails every so many questions."""

    name = "counting"

    def __init__(self, fail_each: int = 0) -> None:
        self.pictures: list[bytes] = []
        self._fail_each, self._lock = fail_each, threading.Lock()

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        (picture,) = pictures
        assert isinstance(picture, Image.Image)
        with self._lock:
            self.pictures.append(picture.tobytes())
            if self._fail_each and len(self.pictures) % self._fail_each == 0:
                raise error("rival_died")
        return Reply(question, 0.0, 0.0)

    def close(self) -> None:
        """Holds nothing."""


def test_every_picture_is_new() -> None:
    contender = Counting()
    one, four = loads(contender, ASKED, (1, 4), PACE)
    assert (one.clients, four.clients) == (1, 4)
    assert one.requests_per_second > 0
    assert one.spread is not None
    assert len(set(contender.pictures)) == len(contender.pictures) > 4


def test_what_is_loaded_when_several_ask_is_loaded_before_the_time_is_taken() -> None:
    contender = Counting()
    (found,) = loads(contender, ASKED, (8,), PACE)
    assert found.spread is not None
    assert len(contender.pictures) == 4 + found.spread.count  # no more at once than need be


def test_no_two_loads_share_a_picture_and_none_is_the_suites_own() -> None:
    contender = Counting()
    for _ in range(2):
        loads(contender, ASKED[:1], (1,), PACE)
    own = Image.open(io.BytesIO(png())).tobytes()
    assert len({own, *contender.pictures}) == len(contender.pictures) + 1


def test_a_picture_stays_new_when_it_is_shrunk() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (1_200, 3_000), "white").save(buffer, "PNG")
    variants = Variants([Asked(buffer.getvalue(), "甲", AskOptions())])
    shrunk = {next(variants)[1].resize((240, 600), Image.Resampling.BICUBIC).tobytes() for _ in range(40)}
    assert len(shrunk) == 40


def test_a_variant_is_upright_and_on_white_as_the_picture_is_seen() -> None:
    clear = Image.new("RGBA", (64, 32), (0, 0, 0, 0))
    data = encode(clear, "WEBP", lossless=True, exif=exif(6))
    _, picture = next(Variants([Asked(data, "甲", AskOptions())]))
    assert picture.size == (32, 64)
    assert picture.getpixel((16, 32)) == (255, 255, 255)


def test_errors_are_counted_and_not_answers() -> None:
    (found,) = loads(Counting(fail_each=2), ASKED, (2,), PACE)
    assert found.spread is not None
    assert found.errors > 0
    assert abs(found.errors - found.spread.count) <= 1


def test_one_client_alone_asks_what_it_is_given() -> None:
    asked = [replace(each, picture=Image.new("RGB", (8, 8))) for each in ASKED]
    found = alone(Counting(), asked)
    assert found.spread is not None
    assert (found.clients, found.errors, found.spread.count) == (1, 0, 3)
    with pytest.raises(EngineError):
        alone(Counting(fail_each=3), asked)


def test_variants_go_through_the_questions_by_turns() -> None:
    variants = Variants(ASKED)
    assert [next(variants)[0].question for _ in range(5)] == list("甲乙丙甲乙")


def test_questions_are_taken_from_all_over_the_suite() -> None:
    items = [item(str(number), picture=f"{number}.png") for number in range(100)]
    assert [asked.question for asked in spread(items, 4)] == ["0", "25", "50", "75"]
    assert [asked.question for asked in spread(items[:2], 4)] == ["0", "1"]


def test_no_two_of_them_are_about_one_picture() -> None:
    items = [item(question, picture=picture) for picture in ("a.png", "b.png") for question in "甲乙"]
    assert [asked.question for asked in spread(items, 4)] == ["甲", "甲"]


def test_a_suite_without_questions_about_one_picture_cannot_be_measured_so() -> None:
    two = item(pictures=(item().pictures[0], item(picture="b.png").pictures[0]))
    for choose in (lambda: spread([two], 4), lambda: quickest([two], {two.key: 1.0}, 2)):
        with pytest.raises(InvalidRequestError, match="suite_without_single_pictures"):
            choose()


def test_the_quickest_questions_are_of_different_families_and_prose_comes_first() -> None:
    asked = [
        item("记录", task=EXTRACT, family="invoice"),
        item("慢", family="order"),
        item("快", family="order"),
        item("别的", family="chart"),
        item("没有问过", family="post"),
    ]
    seconds = {each.key: taken for each, taken in zip(asked, (0.1, 3.0, 1.0, 2.0), strict=False)}
    assert [each.question for each in quickest(asked, seconds, 2)] == ["快", "别的"]
    assert [each.question for each in quickest(asked, seconds, 9)] == ["快", "别的", "记录"]


def test_a_spread_of_nothing_is_none() -> None:
    assert Spread.of([]) is None
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 3.0, 3)
