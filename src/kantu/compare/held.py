"""Whether the output of a stage still holds a value, a text or a box."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kantu.contenders.pipeline.parts import Picture
from kantu.contenders.pipeline.wording import element_words
from kantu.evaluation.items import Box
from kantu.solve.printed import boxes_of, places
from kantu.solve.reader import PrintedLine
from kantu.tasks.judges import LEAST_OVERLAP, overlap, states
from kantu.tasks.plain import plain
from kantu.tasks.truth import Truth

_HELD_TEXT = 0.9  # of its characters
_MARKS = re.compile(r"〔[^〕]*〕|[|]")  # what a description says about words, and what it puts between them


def holds_value(value: str, text: str) -> bool:
    """Whether words hold a value, by the rule by which answers are judged: a number counts only whole."""
    return states(Truth(value, (value,)), text) > 0


def holds_text(true: str, text: str) -> bool:
    """Whether nine in ten characters of a text stand in another in this order (longest common subsequence)."""
    true, text = plain(true), plain(text)
    previous = [0] * (len(text) + 1)
    for left in true:
        current = [0]
        for column, right in enumerate(text, 1):
            same = previous[column - 1] + 1 if left == right else 0
            current.append(max(previous[column], current[-1], same))
        previous = current
    return previous[-1] >= _HELD_TEXT * len(true)


def holds_box(box: Box, boxes: Iterable[Box]) -> bool:
    """Whether one of the boxes covers it by half (IoU); all in thousandths."""
    return any(overlap(box, other) >= LEAST_OVERLAP for other in boxes)


def found_boxes(label: str, picture: Picture) -> list[Box]:
    """Whatever was found in a picture, in thousandths: lines, the words in them, elements, tables."""
    seen, lines = picture.seen, picture.lines
    found = [line.box for line in lines] + [each.box for each in seen.elements] + [each.box for each in seen.tables]
    found += [box for place in places(label, lines) for box in boxes_of(place, lines)]
    width, height = picture.size
    return [(1000 * a / width, 1000 * b / height, 1000 * c / width, 1000 * d / height) for a, b, c, d in found]


def seen_words(picture: Picture) -> str:
    """What was seen besides the letters, in the words that a description has for it."""
    return "\n".join(f"{element_words(element)} {element.label} {element.text}" for element in picture.seen.elements)


def plain_lines(words: str) -> Sequence[PrintedLine]:
    """A description as lines, without what is said about them, to be searched as printed ones are."""
    told = _MARKS.sub("", words).split("\n")
    return [PrintedLine(line, (0, number, len(line), number + 1), 1.0) for number, line in enumerate(told)]
