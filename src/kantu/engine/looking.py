"""Where in the pictures of a request the head that reads looks, when the next token is about to be chosen."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

import torch
from torch import Tensor

from kantu.engine.request import Look
from kantu.model.config import AttentionHead


@dataclass(frozen=True)
class Shown:
    """A picture among the tokens of a sequence.

    Attributes:
        start: its first visual token; the others follow, row after row.
    """

    start: int
    rows: int
    columns: int


@dataclass(frozen=True)
class Looking:
    """A token of the batch after which another one is chosen.

    Attributes:
        row: which of the batch.
        slots: where the keys are that it sees, in the order of tokens.
        pictures: of its request.
    """

    row: int
    slots: slice | Tensor
    pictures: Sequence[Shown]


class Watch:
    """Watches one head during one forward.

    Attributes:
        looks: of each token of `looking`, by its row; empty until the head's layer has run.
    """

    def __init__(self, head: AttentionHead, looking: Sequence[Looking]) -> None:
        self._head, self._looking = head, looking
        self.looks: dict[int, Look] = {}

    def see(self, layer: int, q: Tensor, keys: Tensor) -> None:
        """q [tokens, heads, head_dim] of this forward, keys [kv_heads, slots, head_dim] of all sequences."""
        if layer != self._head.layer:
            return
        keys = keys[self._head.number * keys.shape[0] // q.shape[1]]
        for each in self._looking:
            query = q[each.row, self._head.number].float() * q.shape[2] ** -0.5
            paid = (keys[each.slots].float() @ query).softmax(0)
            self.looks[each.row] = max(
                (_look(paid, n, shown) for n, shown in enumerate(each.pictures)), key=attrgetter("share")
            )


def _look(paid: Tensor, picture: int, shown: Shown) -> Look:
    """The visual token of one picture that most attention is paid to."""
    of_picture = paid[shown.start : shown.start + shown.rows * shown.columns]
    share, at = torch.max(of_picture, dim=0)
    row, column = divmod(int(at), shown.columns)
    return Look(picture, row, column, shown.rows, shown.columns, float(share))
