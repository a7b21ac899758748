"""What a calibration is fitted and tested on: fields of records with the model's probability, and whether right."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """A field. `raw` is the model's own probability; see `kantu.solve.calibration.kind_of` for kinds."""

    path: str
    kind: str
    raw: float
    right: bool


@dataclass(frozen=True)
class Judged:
    """A record that was answered, and what of it was right.

    Attributes:
        key: of the question, see `Item.key`.
        picture: equal for all questions about one picture, which are never divided between fit and test.
        origin: where the picture comes from, see `Item.origin`.
        fields: those that have a probability and that the truth decides.
        right: all of it, what is missing included.
    """

    key: str
    task: str
    picture: str
    origin: str
    fields: tuple[Sample, ...]
    right: bool
