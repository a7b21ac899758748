"""A checked conversation: turns for the chat template, and where their images come from."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from PIL import Image

from kantu.errors import error

ImageSource = str | Path | bytes | Image.Image
Role = Literal["system", "user", "assistant", "tool"]
Detail = Literal["auto", "low", "high"]

ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class Turn:
    """One message as the chat template sees it.

    Attributes:
        role: who speaks; "tool" for templates that know it, no API of ours takes it.
        content: text, or parts in order; None stands for an image.

    Raises:
        InvalidRequestError: `invalid_turn`: another role or content; `invalid_text`: not Unicode.
    """

    role: Role
    content: str | tuple[str | None, ...]

    def __post_init__(self) -> None:
        parts = (self.content,) if isinstance(self.content, str) else self.content
        if (
            self.role not in ROLES
            or not isinstance(parts, tuple)
            or not all(part is None or isinstance(part, str) for part in parts)
        ):
            raise error("invalid_turn")
        for text in self.texts:
            check_text(text)

    @property
    def texts(self) -> tuple[str, ...]:
        """The text parts, in order."""
        content = (self.content,) if isinstance(self.content, str) else self.content
        return tuple(part for part in content if part is not None)

    @property
    def image_count(self) -> int:
        """How many images it has."""
        return 0 if isinstance(self.content, str) else self.content.count(None)

    @property
    def says_something(self) -> bool:
        """Whether there is any text other than blanks."""
        return any(text.strip() for text in self.texts)


@dataclass(frozen=True, slots=True)
class ImageReference:
    """Where an image comes from: exactly one of `url`, `file_id` and `local`.

    Attributes:
        path: names the image in errors, as the client sees it, such as ``messages.0.content.1.image_url``.
        detail: how closely to look at it.
        url: a ``data:`` URL or, over HTTP, a URL that the service may fetch.
        file_id: of an uploaded file; over HTTP only.
        local: path, bytes or PIL image; in Python only.
    """

    path: str
    detail: Detail = "auto"
    url: str | None = None
    file_id: str | None = None
    local: ImageSource | None = None


@dataclass(frozen=True, slots=True)
class Conversation:
    """Turns, and one reference for each image in them, in order."""

    turns: tuple[Turn, ...]
    images: tuple[ImageReference, ...] = ()


def check_question(conversation: Conversation) -> None:
    """Check that the user asks something at the end. Images alone are enough if something was said before them, by the
    system message ("read the order number") or by the user ("what do the next ones show?").

    Raises:
        InvalidRequestError: `invalid_messages`, `empty_question`.
    """
    *earlier, last = conversation.turns
    path = f"messages.{len(earlier)}"
    if last.role != "user":
        raise error("invalid_messages", param=f"{path}.role")
    asked = any(turn.says_something for turn in earlier if turn.role != "assistant")
    if not (last.says_something or (last.image_count and asked)):
        raise error("empty_question", param=f"{path}.content")


def check_text(text: str) -> str:
    """The text. Raises InvalidRequestError: `invalid_text`: a surrogate without its other half, as JSON can hold."""
    try:
        text.encode()
    except UnicodeEncodeError:
        raise error("invalid_text") from None
    return text
