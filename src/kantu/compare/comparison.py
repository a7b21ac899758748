"""Everything that one run has measured, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kantu.compare.faults import FaultResult
from kantu.compare.fresh import Start
from kantu.compare.gradients import Reach
from kantu.compare.load import Load, Spread
from kantu.compare.pace import Pace
from kantu.compare.pairs import Pair
from kantu.compare.price import Prices
from kantu.compare.sockets import Traffic


@dataclass(frozen=True)
class Side:
    """What was measured of one contender beside its answers. None and () are not measured.

    Attributes:
        services: which take part in an answer.
        processes: that run them, behind HTTP.
        new_picture, same_picture: seconds of a question, in this process, about a picture of which nothing is in a
            cache, and of a further question about it.
        loads: what clients are given where every service is reached over HTTP, every question about a new picture.
        traffic, hop_traffic: bytes at the sockets, of a contender in one process, and over HTTP.
        faults: of the services over HTTP, those of a provider's model among them.
        starts: of fresh processes, one after the other; the first was asked several questions, the others one.
        weights_bytes, package_bytes: on the disk.
        price: of a thousand pictures.
    """

    name: str
    services: tuple[str, ...]
    glue_lines: int
    processes: int | None = None
    new_picture: Spread | None = None
    same_picture: Spread | None = None
    loads: tuple[Load, ...] = ()
    traffic: Traffic | None = None
    hop_traffic: Traffic | None = None
    faults: tuple[FaultResult, ...] = ()
    starts: tuple[Start, ...] = ()
    weights_bytes: int | None = None
    package_bytes: int | None = None
    price: float | None = None
    reach: Reach | None = None


@dataclass(frozen=True)
class Comparison:
    """A run.

    Attributes:
        about: what was compared on what: suite, version, sample, model, weights, pipeline, date, cpu, cores, threads of
            each, commit.
        pictures: how many were asked about.
        missing: what the suite should have and this installation does not, in Chinese.
        not_measured: why, by the name of what could not be measured here.
    """

    about: Mapping[str, str]
    pictures: int
    pairs: tuple[Pair, ...]
    ours: Side
    theirs: Side
    prices: Prices
    pace: Pace
    missing: tuple[str, ...] = ()
    not_measured: Mapping[str, str] | None = None
