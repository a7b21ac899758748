"""OpenAI-shaped messages -> the chat processor's messages and their pictures, in order. Nothing is fetched."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from PIL import Image

from kantu.errors import InvalidRequestError
from kantu.processing.data_url import read_data_url

ImageSource = str | Path | bytes | Image.Image

_ROLES = ("system", "user", "assistant")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]+://|data:|file:", re.IGNORECASE)


def read_messages(
    messages: Sequence[Mapping[str, Any]],
) -> tuple[tuple[dict[str, Any], ...], tuple[ImageSource, ...]]:
    """Check a conversation and take its pictures out.

    Args:
        messages: ``{"role": "system" | "user" | "assistant", "content": ...}``; content is a string or a list of
            ``{"type": "text", "text": ...}``, ``{"type": "image_url", "image_url": {"url": "data:image/png;base64,"}}``
            and ``{"type": "image", "image": path | bytes | PIL image}``. The last message is the user's.

    Returns:
        Messages whose pictures are bare ``{"type": "image"}`` parts, and the pictures in order.

    Raises:
        InvalidRequestError: anything else; also http(s) and file URLs, since Kantu fetches nothing on a caller's word.
        ImageError: a data URL that is not base64 or too large.
    """
    if isinstance(messages, str | bytes | Mapping) or not isinstance(messages, Sequence) or not messages:
        _refuse("invalid_messages", "messages 必须是非空的消息列表。", "messages must be a non-empty list of messages.")
    images: list[ImageSource] = []
    read = tuple(_message(message, images) for message in messages)
    last = read[-1]
    if last["role"] != "user":
        _refuse("invalid_messages", "最后一条消息必须来自用户（user）。", "The last message must be the user's.")
    if not _says_something(last["content"]):
        _refuse("empty_question", "问题不能为空。", "The question must not be empty.")
    return read, tuple(images)


def check_source(source: object) -> ImageSource:
    """A picture given as path, bytes or PIL image; a URL in place of a path is refused by name."""
    if isinstance(source, str) and (scheme := _SCHEME.match(source)):
        _refuse_url(scheme.group())
    if isinstance(source, bytearray | memoryview):
        return bytes(source)
    if isinstance(source, str | Path | bytes | Image.Image) and source != "":
        return source
    _refuse(
        "invalid_image_source",
        "图片必须是文件路径、字节或 PIL 图像。",
        "An image must be a path, bytes or a PIL image.",
        param="images",
    )


def _message(message: object, images: list[ImageSource]) -> dict[str, Any]:
    if not isinstance(message, Mapping):
        _refuse("invalid_messages", "每条消息必须是一个对象。", "Every message must be a mapping.")
    role, content = message.get("role"), message.get("content")
    if role not in _ROLES:
        _refuse(
            "unknown_role",
            f"不认识的角色 {role!r}，只能是 {'、'.join(_ROLES)}。",
            f"Unknown role {role!r}; use one of {', '.join(_ROLES)}.",
        )
    others = {name: value for name, value in message.items() if name not in ("role", "content")}
    if isinstance(content, str):
        return {**others, "role": role, "content": content}
    if isinstance(content, bytes) or not isinstance(content, Sequence):
        _refuse("invalid_content", "消息的 content 必须是文字或列表。", "content must be a string or a list of parts.")
    parts = [_part(part, images, role) for part in content]
    return {**others, "role": role, "content": parts}


def _part(part: object, images: list[ImageSource], role: str) -> dict[str, str]:
    kind = part.get("type") if isinstance(part, Mapping) else None
    if isinstance(part, Mapping) and kind == "text" and isinstance(part.get("text"), str):
        return {"type": "text", "text": part["text"]}
    if isinstance(part, Mapping) and kind in ("image", "image_url"):
        if role != "user":
            _refuse("image_not_from_user", "图片只能放在 user 消息里。", "Only user messages may hold images.")
        if kind == "image":
            images.append(check_source(part.get("image")))
        else:
            images.append(_from_url(part.get("image_url")))
        return {"type": "image"}
    _refuse(
        "invalid_content",
        "消息内容只能是 text、image_url（data: 网址）或 image。",
        "Parts must be text, image_url (a data: URL) or image.",
    )


def _from_url(value: object) -> bytes:
    url = value.get("url") if isinstance(value, Mapping) else value
    if not isinstance(url, str):
        _refuse("invalid_image_url", "image_url 里缺少 url。", "image_url lacks a url.")
    data = read_data_url(url)
    if data is None:
        _refuse_url(url[:16])
    return data


def _says_something(content: str | list[dict[str, str]]) -> bool:
    """Whether there is any text: a picture alone asks nothing."""
    texts = [content] if isinstance(content, str) else [part["text"] for part in content if part["type"] == "text"]
    return any(text.strip() for text in texts)


def _refuse_url(start: str) -> NoReturn:
    _refuse(
        "image_url_not_allowed",
        f"不支持从网址读取图片（{start}…）。请先下载，再给出文件路径、字节或 data: 网址。",
        f"Images are not fetched from URLs ({start}…); give a path, bytes or a data: URL.",
        param="image_url",
    )


def _refuse(code: str, chinese: str, english: str, *, param: str = "messages") -> NoReturn:
    raise InvalidRequestError(code, chinese, english, param=param)
