"""What can be told of a page before anything is asked."""

from __future__ import annotations

import random

import pytest
from PIL import Image

from kantu.synth.ask.scene import Scene, neighbour, relative, texts_of
from kantu.synth.facts import Pair
from kantu.synth.page import Line, Page


def line(text: str, x: float, y: float, size: float = 16, name: str = "") -> Line:
    boxes = tuple((x + i * size, y, x + (i + 1) * size, y + size) for i in range(len(text)))
    return Line(text, (x, y, x + len(text) * size, y + size), boxes, size, name=name or text, color=(9, 8, 7))


def page(*lines: Line, facts: tuple[Pair, ...] = ()) -> Page:
    return Page("test", 0, Image.new("RGB", (400, 400)), lines, facts=facts)


def scene(drawn: Page) -> Scene:
    return Scene(random.Random(0), drawn, drawn)


def test_neighbours_are_named_only_when_there_is_no_doubt() -> None:
    texts = texts_of(page(line("标签", 10, 10), line("数值", 100, 10), line("下面", 10, 34), line("远处", 10, 300)))
    label, value, below, _ = texts
    assert neighbour(texts, label, "right") is value
    assert neighbour(texts, value, "left") is label
    assert neighbour(texts, label, "below") is below
    assert neighbour(texts, below, "above") is label
    assert neighbour(texts, below, "below") is None  # what follows is too far away to be the next line
    assert neighbour(texts, value, "below") is None


def test_a_broken_text_is_one_with_its_colour_and_its_largest_size() -> None:
    lines = (line("¥", 10, 10, 12, "price"), line("126", 22, 6, 20, "price"), line("别的", 10, 40))
    first, second = texts_of(page(*lines))
    assert (first.text, first.size, first.ink, first.broken) == ("¥126", 20, (9, 8, 7), True)
    assert first.box == (10, 6, 82, 26)
    assert (second.text, second.index, second.broken) == ("别的", 2, False)


@pytest.mark.parametrize("printed", ["单价", "单价：", "单价: ", "单价：12"])
def test_a_label_means_its_place_with_or_without_a_colon(printed: str) -> None:
    pair = Pair("单价", "12")
    assert scene(page(line(printed, 10, 10), facts=(pair,))).labelled == [pair]
    assert scene(page(line(printed, 10, 10), line("单价", 10, 60), facts=(pair,))).labelled == []
    assert scene(page(line("总单价", 10, 10), line("单价表", 10, 60), facts=(pair,))).labelled == []


def test_two_values_of_one_label_cannot_be_asked_for_by_it() -> None:
    facts = (Pair("单价", "12"), Pair("单价", "15"), Pair("", "店"))
    assert scene(page(line("单价", 10, 10), facts=facts)).labelled == []


def test_boxes_are_thousandths_of_the_picture_and_stay_within_it() -> None:
    assert relative((-1, 100, 200, 404), page()) == [0, 250, 500, 1000]
