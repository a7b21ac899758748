"""Questions where nothing is judged: they travel to other processes, and their pictures can be new every time."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.evaluation.items import Item
from kantu.processing.conversation import ImageSource

_MOST_TOKENS = 300


@dataclass(frozen=True)
class Asked:
    """A question about one picture, and what is wanted of the answer."""

    picture: Path | bytes
    question: str
    options: AskOptions

    def of(self, contender: Contender, picture: ImageSource | None = None) -> Reply:
        """Ask it, about another picture where one is given."""
        return contender.ask([self.picture if picture is None else picture], self.question, self.options)


def spread(items: Sequence[Item], count: int, *, prose: bool = False) -> tuple[Asked, ...]:
    """So many of the questions about one picture, from all over the suite; `prose` leaves out those for records."""
    fit = [item for item in items if len(item.pictures) == 1 and not (prose and item.task.result)]
    chosen = fit[:: max(1, len(fit) // count)][:count]
    return tuple(
        Asked(
            item.pictures[0].source,
            item.question,
            AskOptions(
                max_tokens=_MOST_TOKENS,
                temperature=0.0,
                task_pixels=item.task.max_pixels,
                schema=item.task.schema(),
                choices=item.choices,
            ),
        )
        for item in chosen
    )


class Variants:
    """Questions by turns, endlessly, each time about a picture that is in no cache: one of its pixels is another.

    Threads may share it.
    """

    def __init__(self, asked: Sequence[Asked]) -> None:
        self._asked = asked
        self._decoded = [_decoded(each.picture) for each in asked]
        self._count = itertools.count()  # next() of it is one step for all threads

    def __iter__(self) -> Iterator[tuple[Asked, Image.Image]]:
        return self

    def __next__(self) -> tuple[Asked, Image.Image]:
        number = next(self._count)
        at = number % len(self._asked)
        picture = self._decoded[at].copy()
        picture.putpixel((0, 0), (number % 256, number // 256 % 256, 128))
        return self._asked[at], picture


def _decoded(picture: Path | bytes) -> Image.Image:
    with Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture) as opened:
        return opened.convert("RGB")
