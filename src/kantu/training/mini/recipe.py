"""The recipe of `kantu-mini`: which pages, of which sizes, in which order. The why is in docs/lab-log.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from kantu.synth.families import FAMILIES, draw
from kantu.synth.page import Page
from kantu.training.loop import Stretch
from kantu.training.mini.stream import Draw, Stage
from kantu.training.progress import Progress

DEFAULT_RUN = Path.home() / ".cache/kantu/training/mini"

# Attention makes a patch of a large picture cost more, so most pictures are small and some are as large as screens.
_TINY = {(256, 256): 3.0, (320, 320): 4.0, (384, 320): 1.0, (320, 448): 1.0}
_SMALL = {(320, 320): 5.0, (320, 448): 2.0, (448, 320): 1.0, (416, 640): 0.4}
_DENSE = {(256, 256): 2.0, (320, 320): 3.0, (320, 448): 2.0, (416, 416): 1.0, (384, 544): 1.0, (544, 736): 0.7}
# What processing makes of people's screens: some 380 to 770 visual tokens.
_SCREENS = {
    (384, 544): 1.0, (448, 576): 1.0, (480, 832): 1.5, (544, 736): 2.0, (640, 640): 1.0, (416, 960): 0.7,
    (608, 896): 0.5, (512, 1216): 0.3, (768, 544): 0.4,
}  # fmt: skip
_MIXED = {(320, 320): 1.0, (320, 448): 3.0, (448, 352): 0.7, (352, 544): 2.5, (416, 640): 1.2, (416, 768): 0.4}
_EVERYDAY = {
    (320, 320): 1.0, (320, 448): 2.0, (448, 320): 1.5, (544, 416): 1.0, (416, 640): 1.0, (640, 448): 1.0,
    (480, 832): 0.7, (544, 736): 0.7, (416, 960): 0.4,
}  # fmt: skip
_TAUGHT_APART = ("glyphs", "reading", "photo")
_SENT = [name for name in FAMILIES if name not in _TAUGHT_APART]
"""The families of pictures that people send."""
_OTHERS = [name for name in _SENT if name != "order"]

STAGES: Mapping[str, Stage] = {
    stage.name: stage
    for stage in (
        # Teach the eye to name characters before it is asked anything.
        Stage("glyphs", {"glyphs": 0.7, "reading": 0.3}, _TINY, 7_200, 0),
        # Reading out makes the decoder look at the picture; questions alone leave it guessing for long.
        Stage("read_out", {"glyphs": 0.3, "reading": 0.5, "order": 0.2}, _SMALL, 7_200, 256, transcribed=1.0),
        # Generic reading stays half of it; business screens are a thin layer on top.
        Stage("order", {"glyphs": 0.05, "reading": 0.45, "order": 0.5}, _MIXED, 9_600, 448, transcribed=0.35),
        # Pages full of text that nobody can guess, read out from several places: the most reading for the time.
        Stage(
            "dense",
            {"glyphs": 0.45, "reading": 0.43, "order": 0.1, "photo": 0.02},
            _DENSE,
            9_600,
            448,
            transcribed=0.6,
            located=0.6,
        ),
        # The same at the sizes people's screens have, for the end.
        Stage(
            "screens",
            {"glyphs": 0.03, "reading": 0.35, "order": 0.59, "photo": 0.03},
            _SCREENS,
            9_600,
            448,
            transcribed=0.3,
            located=0.4,
        ),
        # A short run for the business screens, as tasks ask for them: records, and where values stand.
        Stage(
            "order_tasks",
            {
                "glyphs": 0.04,
                "reading": 0.16,
                "photo": 0.02,
                "order": 0.6,
                **dict.fromkeys(_OTHERS, 0.18 / len(_OTHERS)),
            },
            _MIXED,
            9_600,
            768,
            transcribed=0.25,
            located=0.2,
            more=20,
        ),
        # Everything people send, in equal shares, beside enough generic reading. Vision is two thirds of a step, and
        # looking things up is learned from many questions.
        Stage(
            "everyday",
            {"glyphs": 0.1, "reading": 0.2, "photo": 0.02, **dict.fromkeys(_SENT, 0.68 / len(_SENT))},
            _EVERYDAY,
            9_600,
            896,
            transcribed=0.3,
            located=0.3,
            more=20,
        ),
    )
}


PLAN: tuple[Stretch, ...] = (
    Stretch("glyphs", 17_000),
    Stretch("read_out", 28_000),
    Stretch("order", 12_000),
    Stretch("dense", 24_000),
    Stretch("screens", 32_000),
    Stretch("everyday", 60_000, decay=True),
)


def remaining(plan: tuple[Stretch, ...], progress: Progress | None) -> list[Stretch]:
    """What of `plan` is left after the pictures a run has seen; a stretch begun is shortened."""
    seen = progress.pictures if progress else 0
    left = []
    for stretch in plan:
        if seen < stretch.pictures:
            left.append(replace(stretch, pictures=stretch.pictures - seen))
        seen = max(0, seen - stretch.pictures)
    return left


def _draw(family: str, seed: int, width: int, height: int) -> Page:
    return draw(family, seed, (width, height))


DRAWS: Mapping[str, Draw] = {family: partial(_draw, family) for family in FAMILIES}
