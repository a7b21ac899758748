"""Where the values of a record stand: where the model looked while it wrote them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace

from kantu.engine.request import Look
from kantu.processing.image import CleanImage
from kantu.solve import boxes
from kantu.solve.answer import Draft
from kantu.solve.control import control
from kantu.solve.fields import nodes
from kantu.solve.ink import Rectangle, words
from kantu.solve.result import PictureBox
from kantu.tasks.task import Task


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
    image = pictures[picture]
    parts = _printed(value, looks, image, picture)
    placed = (boxes.box_of(_share(part, image), image.original_size, picture) for part in parts)
    return tuple(box for box in placed if box is not None)


def framed(draft: Draft, picture: CleanImage, task: Task) -> Draft:
    """The draft of a list, each element with its box where the model looked while it wrote the field `task.framed`.

    How probable the model found such an element is how probable it found its words: the numbers are no longer its own.
    An element whose words the model did not read from any place in particular keeps the box that the model wrote.
    """
    record, raw = json.loads(draft.text), dict(draft.raw)
    for number, element in enumerate(record):
        path, words_path = f"[{number}]", f"[{number}].{task.framed}"
        parts = _printed(element[task.framed], draft.looks.get(words_path, ()), picture, 0)
        if parts:
            around = boxes.hull(parts)
            if task.frames_controls:
                around = control(around, picture.pixels) or around
            element[boxes.KEY] = boxes.in_thousandths(_share(around, picture))
            raw[path] = raw[words_path]
    text = json.dumps(record, ensure_ascii=False)
    return replace(draft, text=text, nodes=nodes(text), raw=raw)


def _printed(value: str, looks: Sequence[Look | None], image: CleanImage, picture: int) -> tuple[Rectangle, ...]:
    """Rectangles in pixels of the picture as the network has seen it."""
    of_picture = [look if look is not None and look.picture == picture else None for look in looks]
    return words(value, of_picture, image.pixels)


def _share(rectangle: Rectangle, image: CleanImage) -> Rectangle:
    """The rectangle in shares of the picture's width and height."""
    height, width = image.pixels.shape[:2]
    x1, y1, x2, y2 = rectangle
    return x1 / width, y1 / height, x2 / width, y2 / height
