"""What BF16 costs: our logits beside those of transformers, each in BF16 and in float32, on one picture and question.

The four models run one after another, each in a process of its own, so the float32 model must fit the memory once.
Weights may be random.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image, ImageDraw

from kantu.contenders.apart import apart
from kantu.contenders.transformers import require
from kantu.doctor.forward import ours, theirs
from kantu.model.folder import ModelFolder

Logits = npt.NDArray[np.float32]  # [tokens, vocabulary]
Who = Literal["kantu", "transformers"]

QUESTION = "图里的圆形是什么颜色？它的右边写着什么？"


@dataclass(frozen=True, slots=True)
class Error:
    """By how much two arrays of logits differ."""

    max_abs: float
    mean_abs: float
    rms: float

    @classmethod
    def between(cls, one: Logits, other: Logits) -> Error:
        gap = np.abs(one - other)
        return cls(float(gap.max()), float(gap.mean()), float(np.sqrt(np.square(gap, dtype=np.float64).mean())))


@dataclass(frozen=True, slots=True)
class Cost:
    """The whole comparison.

    Attributes:
        deviation: of our float32 logits, to measure errors by.
        ours, theirs: BF16 less float32.
        float32, bfloat16: ours less theirs.
        clear_tokens: tokens where float32's top two are further apart than transformers' largest error.
        clear_agree, agree: of these, and of all, those where BF16 has float32's top token.
    """

    tokens: int
    vocabulary: int
    deviation: float
    ours: Error
    theirs: Error
    float32: Error
    bfloat16: Error
    clear_tokens: int
    clear_agree: int
    agree: int

    @property
    def is_small(self) -> bool:
        """Our error is no larger than transformers'."""
        return self.ours.max_abs <= self.theirs.max_abs and self.ours.rms <= self.theirs.rms

    @property
    def passed(self) -> bool:
        return self.is_small and self.clear_agree == self.clear_tokens


def measure(folder: ModelFolder) -> Cost:
    """Run all four.

    Raises:
        MissingDependencyError: transformers is not installed or too old to know the model.
        CheckpointError: the folder is damaged.
    """
    require()

    def run(who: Who, dtype: torch.dtype) -> Logits:
        return apart(functools.partial(logits, who, folder.path, dtype))

    return cost(
        run("kantu", torch.float32),
        run("kantu", torch.bfloat16),
        run("transformers", torch.float32),
        run("transformers", torch.bfloat16),
    )


def logits(who: Who, folder: Path, dtype: torch.dtype) -> Logits:
    """Of every token of the prompt."""
    forward = ours if who == "kantu" else theirs
    found: Logits = forward(ModelFolder.open(folder), [_picture()], QUESTION, dtype).logits.float().numpy()
    return found


def cost(exact: Logits, rounded: Logits, their_exact: Logits, their_rounded: Logits) -> Cost:
    """Of our float32 and BF16 logits, and theirs."""
    error = Error.between(their_rounded, their_exact)
    top_two = np.partition(exact, -2, axis=-1)[:, -2:]
    clear = top_two[:, 1] - top_two[:, 0] > error.max_abs
    same = rounded.argmax(-1) == exact.argmax(-1)
    return Cost(
        tokens=exact.shape[0],
        vocabulary=exact.shape[1],
        deviation=float(exact.std()),
        ours=Error.between(rounded, exact),
        theirs=error,
        float32=Error.between(exact, their_exact),
        bfloat16=Error.between(rounded, their_rounded),
        clear_tokens=int(clear.sum()),
        clear_agree=int((same & clear).sum()),
        agree=int(same.sum()),
    )


def _picture() -> Image.Image:
    picture = Image.linear_gradient("L").resize((384, 256)).convert("RGB")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((40, 60, 170, 190), fill=(200, 30, 40))
    draw.text((220, 110), "KANTU 2026", fill=(20, 60, 200))
    return picture
