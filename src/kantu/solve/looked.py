"""Where the values of a record stand: where the model looked while it wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kantu.engine.request import Look
from kantu.processing.image import CleanImage
from kantu.solve import boxes
from kantu.solve.answer import Draft
from kantu.solve.fields import nodes
from kantu.solve.ink import Rectangle, words
from kantu.solve.result import PictureBox


def looked(
    values: Mapping[str, str], looks: Mapping[str, Sequence[Look | None]], pictures: Sequence[CleanImage]
) -> Mapping[str, tuple[PictureBox, ...]]:
    """Boxes of the words of `values`, by path, from where the model looked while it wrote them.

    A value that it did not read from any place in particular has none.
    """
    found = {path: _looked(value, looks.get(path, ()), pictures) for path, value in values.items()}
    return {path: places for path, places in found.items() if places}


def _looked(value: str, looks: Sequence[Look | None], pictures: Sequence[CleanImage]) -> tuple[PictureBox, ...]:
    numbers = [look.picture for look in looks if look is not None]
    if not numbers:
        return ()
    picture = max(set(numbers), key=numbers.count)
    shares = _shares(value, looks, pictures[picture], picture)
    placed = (boxes.box_of(each, pictures[picture].original_size, picture) for each in shares)
    return tuple(box for box in placed if box is not None)


def framed(draft: Draft, picture: CleanImage, field: str) -> Draft:
    """The draft of a list of elements, each with its box where the model looked while it wrote the element's `field`.

    How probable the model found such an element is how probable it found its words: the numbers are no longer its own.
    An element whose words the model did not read from any place in particular keeps the box that the model wrote.
    """
    record, raw = json.loads(draft.text), dict(draft.raw)
    for number, element in enumerate(record):
        path, words_path = f"[{number}]", f"[{number}].{field}"
        parts = _shares(element[field], draft.looks.get(words_path, ()), picture, 0)
        if parts:
            element[boxes.KEY] = boxes.in_thousandths(parts)
            raw[path] = raw[words_path]
    text = json.dumps(record, ensure_ascii=False)
    return replace(draft, text=text, nodes=nodes(text), raw=raw)


def _shares(value: str, looks: Sequence[Look | None], image: CleanImage, picture: int) -> tuple[Rectangle, ...]:
    """Rectangles in shares of a picture's width and height."""
    of_picture = [look if look is not None and look.picture == picture else None for look in looks]
    height, width = image.pixels.shape[:2]
    found = words(value, of_picture, image.pixels)
    return tuple((x1 / width, y1 / height, x2 / width, y2 / height) for x1, y1, x2, y2 in found)
