"""What passes between the stages of the stitched pipeline. Boxes are x1, y1, x2, y2 in pixels of a `Prepared`."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import Base64Bytes, PlainSerializer, PlainValidator, TypeAdapter

from kantu.contenders.contender import Said
from kantu.contenders.pipeline.seen import Seen
from kantu.engine.request import FinishReason
from kantu.solve.reader import PrintedLine

StageName = Literal["intake", "ocr", "vision", "describe", "prompt", "language", "finish"]

STAGES: Mapping[StageName, str] = MappingProxyType(
    {
        "intake": "图片预处理",
        "ocr": "文字识别",
        "vision": "界面分析",
        "describe": "图片描述",
        "prompt": "提示词",
        "language": "语言模型",
        "finish": "后处理",
    }
)
"""Their names in Chinese, in the order in which a question passes them."""

OF_A_PICTURE: frozenset[StageName] = frozenset(("intake", "ocr", "vision", "describe"))
"""Those whose answer depends on the picture alone, and on no question."""

Style = Literal["lines", "positions", "markdown"]
"""How a picture is described: its lines alone, its lines with their boxes, or rows, tables and elements in markdown."""

STYLES: tuple[Style, ...] = ("markdown", "positions", "lines")

Lines = tuple[PrintedLine, ...]

_BYTES: TypeAdapter[bytes] = TypeAdapter(Base64Bytes)
_FASTEST = 1  # of zlib's levels: pictures travel between stages and are not kept


def to_png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """RGB pixels as a picture's file."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG", compress_level=_FASTEST)
    return buffer.getvalue()


def _from_png(given: Any) -> npt.NDArray[np.uint8]:
    """Pixels as they are, or out of the base64 of a PNG. Raises ValueError, as pydantic wants it."""
    if isinstance(given, np.ndarray):
        return given
    try:
        with Image.open(io.BytesIO(_BYTES.validate_python(given)), formats=["PNG"]) as picture:
            return np.asarray(picture.convert("RGB"))
    except (OSError, SyntaxError, Image.DecompressionBombError) as failure:
        raise ValueError("not a PNG") from failure


Pixels = Annotated[
    npt.NDArray[np.uint8],
    PlainValidator(_from_png),
    PlainSerializer(lambda pixels: _BYTES.dump_python(to_png(pixels), mode="json"), when_used="json"),
]
"""RGB, [height, width, 3]; a PNG in base64 where it travels."""


@dataclass(frozen=True)
class Upload:
    """A picture as it comes in.

    Attributes:
        data: its file.
        max_pixels: what the caller allows at most; None leaves it to intake.
    """

    data: Base64Bytes
    max_pixels: int | None = None


@dataclass(frozen=True, eq=False)
class Prepared:
    """A picture as intake hands it on: decoded, upright, on white, no larger than the later stages can take.

    Attributes:
        scale: its width as a part of the original's; 1 where it was not resized.
    """

    pixels: Pixels
    scale: float = 1.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        height, width = self.pixels.shape[:2]
        return width, height


@dataclass(frozen=True, eq=False)
class VisionRequest:
    """What classical vision looks at."""

    prepared: Prepared
    lines: Lines


@dataclass(frozen=True)
class DescribeRequest:
    """What is to be put into words."""

    lines: Lines
    seen: Seen
    size: tuple[int, int]
    style: Style = "markdown"


@dataclass(frozen=True)
class Picture:
    """What the stages before the prompt have made of one picture.

    Attributes:
        size: width and height of the `Prepared`.
        scale: that of the `Prepared`.
    """

    size: tuple[int, int]
    scale: float
    lines: Lines
    seen: Seen
    description: str


@dataclass(frozen=True)
class Asked:
    """What the caller wants to know. See `AskOptions`."""

    question: str
    history: tuple[Said, ...] = ()
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] | None = None


@dataclass(frozen=True)
class PromptRequest:
    """What a prompt is made of."""

    pictures: tuple[Picture, ...]
    asked: Asked


@dataclass(frozen=True)
class Prompt:
    """What the text model is asked. The last of the messages is the user's.

    Attributes:
        schema: the answer is JSON that fits this JSON Schema: the caller's, without boxes, which nobody can tell who
            has not seen the picture. `finish` puts them in.
        choices: the answer is one of these.
        ready: the answer, where it takes no model to know it.
    """

    messages: tuple[Said, ...]
    schema: Mapping[str, Any] | None = None
    choices: tuple[str, ...] | None = None
    ready: str | None = None


@dataclass(frozen=True)
class CompletionRequest:
    """What the text model is to do. See `AskOptions`."""

    prompt: Prompt
    max_tokens: int | None = None
    min_tokens: int = 0
    temperature: float | None = None
    repetition_penalty: float | None = None
    probability: bool = False


@dataclass(frozen=True)
class Completion:
    """What the text model has answered. Counts are 0 and the reason None where they are not told."""

    text: str
    ttft_seconds: float = 0.0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    finish_reason: FinishReason | None = None
    probability: float | None = None


@dataclass(frozen=True)
class FinishRequest:
    """What is made an answer of."""

    pictures: tuple[Picture, ...]
    asked: Asked
    text: str


@dataclass(frozen=True)
class Trace:
    """What each stage gave out for one question.

    Attributes:
        text: the answer.
        seconds: wall time of each stage that has run, by its name in `STAGES`.
        reused: how many of the pictures had been read for an earlier question, or were for another one meanwhile.
    """

    pictures: tuple[Picture, ...]
    prompt: Prompt
    completion: Completion
    text: str
    seconds: Mapping[StageName, float] = field(default_factory=dict)
    reused: int = 0
