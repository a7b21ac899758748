"""Comparisons for tests, of which only what matters is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kantu.compare.comparison import Comparison, Side
from kantu.compare.faults import FaultResult
from kantu.compare.fresh import Start
from kantu.compare.gradients import Reach
from kantu.compare.load import Load, Spread
from kantu.compare.loss import Loss
from kantu.compare.pace import Pace
from kantu.compare.pairs import Pair
from kantu.compare.price import Prices
from kantu.compare.sockets import Place, Traffic
from kantu.evaluation.items import Item
from tests.evaluation.asked import answer, item

ABOUT = {
    **{
        "suite": "everyday",
        "suite_version": "1",
        "sample": "sample",
        "ours": "kantu-mini",
        "theirs": "RapidOCR + text",
    },
    **{"date": "2026-11-29", "version": "0.1.0", "commit": "abc", "cpu": "CPU", "cores": "2", "threads": "2"},
}


def pair(asked: Item, ours: bool, theirs: bool, **more: Any) -> Pair:
    """Of who is right; what is wrong was ignored by the text model."""
    made = Pair(
        answer(asked, "9.9" if ours else "1.1"),
        answer(asked, "9.9" if theirs else "8.8"),
        new_picture=True,
        same_picture=False,
        unverified=not ours,
        loss=None if theirs else Loss("model", "9.9"),
        stage_seconds={"ocr": 0.5, "language": 0.25},
        description="实付款 9.9 <b>",
        completion="8.8",
        prompt_tokens=70,
    )
    return replace(made, **more)


def pairs(count: int = 40) -> list[Pair]:
    """Kantu has three in four right, the pipeline one in two; of two families."""
    return [
        pair(
            item(f"第{n}问", picture=f"{n}.png", family=("order", "chart")[n % 2], kind=("price", "value")[n % 2]),
            n % 4 != 0,
            n % 4 < 2,
        )
        for n in range(count)
    ]


OURS = Side(
    "kantu-mini",
    ("kantu",),
    60,
    processes=2,
    new_picture=Spread(0.25, 0.5, 30),
    loads=(Load(1, 4.0, 0, Spread(0.2, 0.3, 9)), Load(4, 6.0, 0, Spread(0.2, 0.3, 9))),
    traffic=Traffic(6, ()),
    starts=(Start(1.5, 2.0, 500_000_000), Start(1.25, 1.75, 400_000_000), Start(3.0, 4.0, 400_000_000)),
    weights_bytes=31_000_000,
    reach=Reach(100, 100, 0, True, ""),
)
THEIRS = Side(
    "RapidOCR + text",
    ("intake", "ocr", "vision", "describe", "prompt", "language", "finish"),
    900,
    processes=7,
    new_picture=Spread(1.25, 2.5, 30),
    loads=(Load(1, 0.75, 0, None), Load(4, 0.8, 2, None)),
    faults=(
        FaultResult("ocr", "killed", 2, 2, 0, ("stage_unreachable",), 1.5, 3.25),
        FaultResult("language", "rate_limited", 2, 1, 1, ("overloaded",), 12.0, None),
    ),
    hop_traffic=Traffic(6, (Place("127.0.0.1", 81, "ocr", False, 6, 6_000_000, 6_000),)),
    traffic=Traffic(6, (Place("api.example.com", 443, "", True, 1, 60_000, 6_000),)),
    reach=Reach(40, 100, 20_000_000, False, "only Tensors of floating point dtype can require gradients"),
)


def comparison(found: Sequence[Pair] | None = None, **more: Any) -> Comparison:
    """Of such pairs."""
    made = Comparison(ABOUT, 40, tuple(pairs() if found is None else found), OURS, THEIRS, Prices(), Pace())
    return replace(made, **more)
