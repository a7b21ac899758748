"""What passes between the stages of the stitched pipeline. Boxes are x1, y1, x2, y2 in pixels of a `Prepared`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from kantu.contenders.contender import Said
from kantu.contenders.pipeline.seen import Seen
from kantu.engine.request import FinishReason
from kantu.solve.reader import PrintedLine

Style = Literal["lines", "positions", "markdown"]
"""How a picture is described: its lines alone, its lines with their boxes, or rows, tables and elements in markdown."""

STAGES = ("intake", "ocr", "vision", "describe", "prompt", "language", "finish")
"""In the order in which a question passes them."""


@dataclass(frozen=True)
class Prepared:
    """A picture as intake hands it on: decoded, upright, on white, no larger than the later stages can take.

    Attributes:
        pixels: RGB, [height, width, 3].
        scale: its width as a part of the original's; over 1 where it was enlarged.
    """

    pixels: npt.NDArray[np.uint8]
    scale: float

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.pixels.shape[:2]
        return width, height


@dataclass(frozen=True)
class Prompt:
    """What the text model is asked. The last of the messages is the user's.

    Attributes:
        schema: the answer is JSON that fits this JSON Schema.
        choices: the answer is one of these.
    """

    messages: tuple[Said, ...]
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Completion:
    """What the text model has answered. Counts are 0 and the reason None where they are not told."""

    text: str
    ttft_seconds: float
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: FinishReason | None = None
    probability: float | None = None


@dataclass(frozen=True)
class Picture:
    """What the stages before the prompt have made of one picture.

    Attributes:
        size: width and height of the `Prepared`.
        scale: that of the `Prepared`.
    """

    size: tuple[int, int]
    scale: float
    lines: tuple[PrintedLine, ...]
    seen: Seen
    description: str


@dataclass(frozen=True)
class Trace:
    """What each stage gave out for one question.

    Attributes:
        text: the answer.
        seconds: wall time of each stage, by its name in `STAGES`.
    """

    pictures: tuple[Picture, ...]
    prompt: Prompt
    completion: Completion
    text: str
    seconds: Mapping[str, float]
