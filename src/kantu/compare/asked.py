"""Questions where nothing is judged: they travel to other processes, and their pictures can be new every time."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.errors import error
from kantu.evaluation.items import Item
from kantu.processing.conversation import ImageSource
from kantu.processing.image import upright

_MOST_TOKENS = 300
_STEP = 8  # of 256: two variants are so far apart in a channel that they stay apart when the picture is shrunk
_STEPS = 256 // _STEP
_CORNERS = 256  # fit into the longer side: what shrinks a picture does not lose a whole one
_NUMBERS = itertools.count(1)  # of all variants in this process; next() of it is one step for all threads


@dataclass(frozen=True)
class Asked:
    """A question about one picture, and what is wanted of the answer."""

    picture: Path | bytes
    question: str
    options: AskOptions

    def of(self, contender: Contender, picture: ImageSource | None = None) -> Reply:
        """Ask it, about another picture where one is given."""
        return contender.ask([self.picture if picture is None else picture], self.question, self.options)


def spread(items: Sequence[Item], count: int) -> tuple[Asked, ...]:
    """So many of the questions about one picture, each about another one, from all over the suite.

    Raises InvalidRequestError (`suite_without_single_pictures`).
    """
    of_picture: dict[tuple[str, str, str], Item] = {}
    for item in _about_one_picture(items):
        of_picture.setdefault((item.family, item.origin, item.pictures[0].name), item)
    fit = list(of_picture.values())
    return tuple(map(_asked, fit[:: max(1, len(fit) // count)][:count]))


def quickest(items: Sequence[Item], seconds: Mapping[str, float], count: int) -> tuple[Asked, ...]:
    """So many of the questions about one picture that took least, each of another family; prose before records.

    Args:
        seconds: that a question took, by the item's key; what is not among them is left out.

    Raises InvalidRequestError (`suite_without_single_pictures`).
    """
    fit = _about_one_picture(item for item in items if item.key in seconds)
    of_family: dict[str, Item] = {}
    for item in sorted(fit, key=lambda item: (item.task.result is not None, seconds[item.key])):
        of_family.setdefault(item.family, item)
    return tuple(map(_asked, list(of_family.values())[:count]))


def _about_one_picture(items: Iterable[Item]) -> list[Item]:
    fit = [item for item in items if len(item.pictures) == 1]
    if not fit:
        raise error("suite_without_single_pictures")
    return fit


def _asked(item: Item) -> Asked:
    options = AskOptions(
        max_tokens=_MOST_TOKENS,
        temperature=0.0,
        task_pixels=item.task.max_pixels,
        schema=item.task.schema(),
        choices=item.choices,
    )
    return Asked(item.pictures[0].source, item.question, options)


class Variants:
    """Questions by turns, endlessly, each time about a picture that is in no cache: its corner has another colour.

    No two pictures of one process are the same, whichever `Variants` they are of, and none is the one it was made of.
    Threads may share it.
    """

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._asked = asked
        self._decoded = [upright(each.picture) for each in asked]
        self._turns = itertools.count()

    def __iter__(self) -> Iterator[tuple[Asked, Image.Image]]:
        return self

    def __next__(self) -> tuple[Asked, Image.Image]:
        at = next(self._turns) % len(self._asked)
        return self._asked[at], _variant(self._decoded[at], next(_NUMBERS))


def _variant(picture: Image.Image, number: int) -> Image.Image:
    """A picture of which a corner has another colour; those of the first 32,767 numbers are all different."""
    made = picture.copy()
    before = picture.getpixel((0, 0))
    assert isinstance(before, tuple)
    steps = (number // _STEPS**place % _STEPS for place in range(3))
    color = tuple(channel ^ _STEP * step for channel, step in zip(before, steps, strict=True))
    side = math.ceil(max(picture.size) / _CORNERS)
    made.paste(color, (0, 0, side, side))
    return made
