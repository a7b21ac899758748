"""OpenAI-shaped messages: which are valid, in the Python API and over HTTP, and how they become a conversation.

The models are both the checker and the OpenAPI document. The two APIs differ in one thing: in Python an image may also
be a path, bytes or a PIL image, over HTTP an uploaded file. Nothing is fetched or opened here.
Reference: OpenAI's API specification, "Create chat completion"; vLLM where a client sends its answers back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from PIL import Image
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from kantu.errors import InvalidRequestError, Words, blaming, error
from kantu.processing.conversation import (
    Conversation,
    Detail,
    ImageReference,
    ImageSource,
    Turn,
    check_question,
    check_text,
)
from kantu.processing.data_url import is_data_url, read_data_url
from kantu.processing.validation import fault, refused

_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://|file:", re.IGNORECASE)
_IMAGE_TYPES = ("image_url", "image")


def _unicode(text: str) -> str:
    try:
        return check_text(text)
    except InvalidRequestError as error:
        raise refused(error) from None


Text = Annotated[StrictStr, AfterValidator(_unicode)]


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextPart(_Body):
    """一段文字。"""

    type: Literal["text"]
    text: Text


class ImageURL(_Body):
    """一张图片：data: 网址、允许的网址，或上传文件的 file_id。"""

    url: StrictStr | None = None
    file_id: StrictStr | None = None
    detail: Detail | None = Field(None, description="low 用较少的视觉词元；auto 与 high 用到模型的上限")

    @model_validator(mode="after")
    def _one(self) -> ImageURL:
        if (self.url is None) == (self.file_id is None):
            raise refused(error("invalid_parameter.url_or_file"))
        return self


class ImagePart(_Body):
    """一张图片。"""

    type: Literal["image_url"]
    image_url: StrictStr | ImageURL

    def source(self, path: str) -> ImageReference:
        """Where the image comes from; `path` is the part's."""
        return _source(self.image_url, path)


Part = Annotated[TextPart | ImagePart, Field(discriminator="type")]
# Only the first error is reported: those of a hundred thousand parts would block an event loop for half a second.
TextParts = Annotated[list[TextPart], Field(fail_fast=True)]
Parts = Annotated[list[Part], Field(fail_fast=True)]


class _Message(_Body):
    """Fields that clients send empty, mostly with answers of this or another server; they are ignored."""

    name: StrictStr | None = None
    refusal: None = None
    annotations: list[Any] | None = Field(None, max_length=0)
    audio: None = None
    function_call: None = None
    tool_calls: list[Any] | None = Field(None, max_length=0)
    tool_call_id: None = None
    reasoning: None = None
    reasoning_content: None = None


class SystemMessage(_Message):
    """系统消息。"""

    role: Literal["system", "developer"]
    content: Text | TextParts


class UserMessage(_Message):
    """用户消息：文字，或文字与图片。"""

    role: Literal["user"]
    content: Text | Parts


class AssistantMessage(_Message):
    """模型以前的回答；没有内容时可以是 null。"""

    role: Literal["assistant"]
    content: Text | TextParts | None = None


def _images_in_place(message: Any) -> Any:
    """Reports misplaced images first, before anything else that the message's role does not take."""
    if not isinstance(message, Mapping) or message.get("role") not in ("system", "developer", "assistant", "tool"):
        return message
    content = message.get("content")
    for number, part in enumerate(content if isinstance(content, list | tuple) else ()):
        if isinstance(part, Mapping) and part.get("type") in _IMAGE_TYPES:
            raise refused(error("image_not_from_user", role=message["role"]), "content", number)
    return message


Message = Annotated[
    SystemMessage | UserMessage | AssistantMessage,
    Field(discriminator="role"),
    BeforeValidator(_images_in_place),
]


def check_source(source: object) -> ImageSource:
    """An image given as path, data: URL, bytes or PIL image. Other URLs are refused with their own error."""
    if isinstance(source, str) and is_data_url(source):
        return read_data_url(source)
    if isinstance(source, str) and (scheme := _SCHEME.match(source)):
        raise error("image_url_not_allowed.local", start=scheme.group())
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | Path | bytes | Image.Image) and source != "":
        return source
    raise error("invalid_image_source.data_url")


def picture_name(source: object, number: int, count: int) -> Words | None:
    """What a person calls a picture: its file, or which of several it is (`number` from 0)."""
    text = str(source) if isinstance(source, str | Path) else ""
    if text and not is_data_url(text) and not _SCHEME.match(text):
        return Words(text, text)
    return Words(f"第 {number + 1} 张图片", f"picture {number + 1}") if count > 1 else None


def _local(source: object) -> ImageSource:
    try:
        return check_source(source)
    except InvalidRequestError as error:
        raise refused(error) from None


class _DataURL(_Body):
    url: StrictStr
    detail: Detail | None = None


class _DataURLPart(_Body):
    type: Literal["image_url"]
    image_url: StrictStr | _DataURL

    def source(self, path: str) -> ImageReference:
        """Where the image comes from; `path` is the part's."""
        return _source(self.image_url, path)


def _source(given: str | ImageURL | _DataURL, path: str) -> ImageReference:
    path = f"{path}.image_url"
    if isinstance(given, str):
        return ImageReference(path, url=given)
    file_id = given.file_id if isinstance(given, ImageURL) else None
    return ImageReference(path, given.detail or "auto", given.url, file_id)


class _LocalPart(_Body):
    type: Literal["image"]
    image: Annotated[Any, AfterValidator(_local)]
    detail: Detail | None = None

    def source(self, path: str) -> ImageReference:
        """Where the image comes from; `path` is the part's."""
        return ImageReference(f"{path}.image", self.detail or "auto", local=self.image)


class _LocalUserMessage(_Message):
    role: Literal["user"]
    content: Text | list[Annotated[TextPart | _DataURLPart | _LocalPart, Field(discriminator="type")]]


_LOCAL_MESSAGES: TypeAdapter[list[SystemMessage | _LocalUserMessage | AssistantMessage]] = TypeAdapter(
    Annotated[
        list[
            Annotated[
                SystemMessage | _LocalUserMessage | AssistantMessage,
                Field(discriminator="role"),
                BeforeValidator(_images_in_place),
            ]
        ],
        Field(min_length=1),
    ]
)
AnyMessage = SystemMessage | UserMessage | AssistantMessage | _LocalUserMessage


def read_messages(messages: Sequence[Mapping[str, Any]]) -> Conversation:
    """A conversation of the Python API that asks something.

    Args:
        messages: ``{"role": "system" | "developer" | "user" | "assistant", "content": ...}``; content is a string or a
            list of ``{"type": "text", "text": ...}``, ``{"type": "image_url", "image_url": {"url":
            "data:image/png;base64,", "detail": "low"}}`` (or the URL alone) and ``{"type": "image", "image": path |
            data: URL | bytes | PIL image, "detail": "low"}``; only user messages may have images. The last
            message is the user's.

    Raises:
        InvalidRequestError: anything else, with the path to it as `param`; also http(s) and file URLs, as nothing is
            fetched.
        ImageError: a data URL that is not base64 or too large.
    """
    failure: ValidationError
    try:
        checked = _LOCAL_MESSAGES.validate_python(messages)
    except ValidationError as error:
        failure = error
    else:
        conversation = conversation_of(checked)
        check_question(conversation)
        return replace(conversation, images=tuple(map(_decoded, conversation.images)))
    found = fault(failure.errors(include_url=False), messages, "messages")
    assert found is not None  # the root has a name
    raise found


def read_question(images: object, question: object) -> Conversation:
    """A question about one image or a list of them, in Python.

    Raises:
        InvalidRequestError: `empty_question`, `invalid_text`, `invalid_image_source`, `image_url_not_allowed`.
    """
    if not isinstance(question, str) or not question.strip():
        raise error("empty_question", param="question")
    with blaming("question"):
        check_text(question)
    references = []
    listed = list(images) if isinstance(images, list | tuple) else None
    for number, image in enumerate([images] if listed is None else listed):
        path = "images" if listed is None else f"images.{number}"
        with blaming(path, picture_name(image, number, 1 if listed is None else len(listed))):
            references.append(ImageReference(path, local=check_source(image)))
    content = (*(None for _ in references), question) if references else question
    return Conversation((Turn("user", content),), tuple(references))


def conversation_of(messages: Sequence[AnyMessage]) -> Conversation:
    """The turns of checked messages, and where their images come from."""
    images: list[ImageReference] = []
    turns = []
    for number, message in enumerate(messages):
        content: str | tuple[str | None, ...]
        if isinstance(message, AssistantMessage):  # templates take only text as an answer
            given = message.content or ""
            content = given if isinstance(given, str) else "".join(part.text for part in given)
        elif isinstance(message.content, str):
            content = message.content
        else:
            parts: list[str | None] = []
            for place, part in enumerate(message.content):
                if isinstance(part, TextPart):
                    parts.append(part.text)
                else:
                    parts.append(None)
                    images.append(part.source(f"messages.{number}.content.{place}"))
            content = tuple(parts)
        turns.append(Turn("system" if message.role == "developer" else message.role, content))
    return Conversation(tuple(turns), tuple(images))


def _decoded(image: ImageReference) -> ImageReference:
    """The reference, with a ``data:`` URL replaced by its bytes."""
    if image.url is None:
        return image
    with blaming(image.path):
        if not is_data_url(image.url):
            raise error("image_url_not_allowed.local", start=image.url[:16])
        return replace(image, url=None, local=read_data_url(image.url))
