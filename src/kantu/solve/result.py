"""What a task comes to: its record, how sure each field is, where it stands, and what a person should look at."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Generic, TypeVar

from PIL import Image
from pydantic import BaseModel, ConfigDict, Field, SerializeAsAny

from kantu.aigc import ContentLabel
from kantu.processing.budget import ImageWarning
from kantu.processing.image import upright
from kantu.tasks.problem import Problem

R = TypeVar("R")


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PictureBox(_Part):
    """A box in pixels of the original picture as it is shown, that is, with its EXIF orientation applied.

    Attributes:
        picture: which of the pictures, from 0.
        x1, y1, x2, y2: left, top, right, bottom; right and bottom lie outside.
    """

    picture: int = 0
    x1: int
    y1: int
    x2: int
    y2: int


class Notice(_Part):
    """Something a reader of the result should know, in Chinese; `code` is stable."""

    code: str
    message: str

    @classmethod
    def of(cls, told: ImageWarning | Problem) -> Notice:
        """What a picture's warning, or a problem of a record, says."""
        return cls(code=told.code, message=told.message)


class Finding(_Part):
    """What is known about one field of the record.

    Attributes:
        confidence: probability that the field is right, 0 to 1; None where the model's server tells no
            probabilities, and of sentences, which may be worded in many ways.
        boxes: where it stands, if it stands anywhere.
        verified: whether the reader of printed lines has found the words; None where nobody looked.
        problems: why the value may be wrong, whatever the confidence says.
    """

    confidence: float | None = Field(None, ge=0, le=1)
    boxes: tuple[PictureBox, ...] = ()
    verified: bool | None = None
    problems: tuple[Notice, ...] = ()


class Review(_Part):
    """Whether a person should look (需人工复核), and why, in Chinese."""

    needed: bool
    reasons: tuple[str, ...] = ()


class TaskVersion(_Part):
    """Which task, and the hash of what its results depend on beside the weights: instruction, schema, calibration."""

    name: str
    title: str
    version: str


class Suggestion(_Part):
    """What to ask instead of a question that points at nothing."""

    message: str
    questions: tuple[str, ...]


class TaskUsage(_Part):
    """Tokens of all that the task asked the model.

    Attributes:
        requests: how many times the model was asked.
        visual_tokens: of the pictures, once.
        prompt_tokens, cached_tokens, completion_tokens: of all requests together.
    """

    requests: int = 0
    visual_tokens: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    completion_tokens: int = 0


class TaskTimings(_Part):
    """Seconds of wall time.

    Attributes:
        read_seconds: reading and resizing the pictures.
        answer_seconds: until the record stood.
        evidence_seconds: finding its boxes.
        total_seconds: all of it.
    """

    read_seconds: float = 0.0
    answer_seconds: float = 0.0
    evidence_seconds: float = 0.0
    total_seconds: float = 0.0


class TaskResult(_Part, Generic[R]):
    """The result of a task.

    Attributes:
        result: the record, of the task's type; the answer itself where that is prose; None where only a suggestion is.
        confidence: of the whole record: that every field of it is right.
        calibrated: whether confidences were fitted on known truth; without that they are the model's own probabilities.
        fields: what is known of each field, by path: "amount", "rows[2][1]", "" for prose.
        label: that what the model has written is generated (GB 45438-2025); None where it has none.
    """

    task: TaskVersion
    result: SerializeAsAny[R] | None
    confidence: float | None = Field(None, ge=0, le=1)
    calibrated: bool = False
    fields: dict[str, Finding] = Field(default_factory=dict)
    warnings: tuple[Notice, ...] = ()
    review: Review
    suggestion: Suggestion | None = None
    label: ContentLabel | None = None
    model: str
    usage: TaskUsage
    timings: TaskTimings

    def draw(self, picture: str | Path | Image.Image, number: int = 0) -> Image.Image:
        """The original picture as it is shown, with the boxes of the fields and a legend below.

        Args:
            picture: the picture that the task was run on: its path, or a PIL image.
            number: which of the task's pictures it is, from 0.

        Raises:
            ImageError: the file is no picture that is accepted.
        """
        from kantu.solve.draw import draw  # which knows results

        if not isinstance(picture, Image.Image):
            picture = upright(Path(picture))
        return draw(picture, self, number)

    def to_dict(self) -> dict[str, Any]:
        """As JSON holds it."""
        return self.model_dump(mode="json")
