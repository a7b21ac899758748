"""What the printed lines of a picture say about an answer: where its values stand, and whether they stand there at all.

Everything is in pixels of the picture that the lines were read from.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from kantu.solve.boxes import hull
from kantu.solve.printed import Box, Folded, boxes_of, fold, near_places, places
from kantu.solve.reader import PrintedLine

_QUOTED = re.compile(r"“([^“”]{1,40})”|「([^「」]{1,40})」|『([^『』]{1,40})』|《([^《》]{1,40})》|\"([^\"\n]{1,40})\"")
_ORDINAL = re.compile(r"^[ \t]*\d{1,2}[.、)）](?!\d)", re.MULTILINE)
_NUMBER = re.compile(r"[A-Za-z0-9]*\d[A-Za-z0-9]*(?:[.,:/-][A-Za-z0-9]+)*[%‰]?")

_NOWHERE = (0, 0, 0, 0)  # no line goes on in one that has no height, nor it in another


def snap(boxes: Sequence[Box], value: str, lines: Sequence[PrintedLine]) -> tuple[Box, ...]:
    """Boxes of the printed words of a value, one for each line that it is broken over.

    Of several places it is the one nearest to `boxes`, which the model has named. Without those there is none where
    the value stands in several places. Where no line holds the value, `boxes` stay as they are.
    """
    found = places(value, lines) or near_places(value, lines)
    if not found:
        return tuple(boxes)
    if len(found) > 1 and not boxes:
        return ()
    candidates = [boxes_of(place, lines) for place in found]
    if not boxes:
        return candidates[0]
    named = hull(boxes)
    return min(candidates, key=lambda candidate: _distance(hull(candidate), named))


def verified(value: str, lines: Sequence[PrintedLine]) -> bool:
    """Whether the value is printed. Digits must be read as they are; a number may stand there with another unit."""
    return bool(places(value, lines))


def unverified_numbers(prose: str, lines: Sequence[PrintedLine], given: Iterable[str] = ()) -> tuple[str, ...]:
    """Numbers and quoted labels of an answer that are not printed. The numbers of a list's items do not count.

    What the texts say that are `given` with the picture, such as the question, is known: each is as good as a line.
    """
    known = [*lines, *(PrintedLine(text, _NOWHERE, 1.0) for text in given)]
    folded = [fold(line.text) for line in known]
    told = _ORDINAL.sub("", prose)
    labels = [next(filter(None, match.groups())) for match in _QUOTED.finditer(told)]
    numbers = _NUMBER.findall(_QUOTED.sub(" ", told))
    return tuple(part for part in dict.fromkeys([*labels, *numbers]) if not _stands(part, known, folded))


def _stands(part: str, lines: Sequence[PrintedLine], folded: Sequence[Folded]) -> bool:
    """Whether a number or a label is printed; of a date or a range, whether each of its numbers is."""
    if places(part, lines, folded):
        return True
    numbers = re.split(r"[:/-]", part)
    return all(number.isdigit() and any(places(form, lines, folded) for form in _forms(number)) for number in numbers)


def _forms(number: str) -> tuple[str, ...]:
    """Days, months and hours are printed with a zero before them or without."""
    return (number, number.zfill(2), number.lstrip("0")) if len(number) <= 2 else (number,)


def _distance(a: Sequence[float], b: Sequence[float]) -> float:
    """Between their middles, in pixels, squared."""
    return ((a[0] + a[2] - b[0] - b[2]) ** 2 + (a[1] + a[3] - b[1] - b[3]) ** 2) / 4
