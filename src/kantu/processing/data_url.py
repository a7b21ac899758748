"""Pictures inside `data:` URLs (RFC 2397), as OpenAI's clients send them."""

from __future__ import annotations

import base64
import binascii
import re

from kantu.errors import ImageError
from kantu.processing.image import DEFAULT_LIMITS

_HEADER = re.compile(r"data:[\w.+-]+/[\w.+-]+(?:;[\w.+=-]+)*;base64,", re.ASCII | re.IGNORECASE)


def read_data_url(url: str) -> bytes | None:
    """The bytes of a `data:` URL with a media type, in base64; None for anything else.

    Whether they are a picture is for the decode guard to say.

    Raises:
        ImageError: `image_too_many_bytes`, told before anything is decoded; `invalid_data_url`: not base64.
    """
    header = _HEADER.match(url)
    if header is None:
        return None
    if (len(url) - header.end()) * 3 // 4 > DEFAULT_LIMITS.max_bytes + 3:
        raise too_many_bytes()
    try:
        return base64.b64decode(url[header.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise ImageError(
            "invalid_data_url",
            "data: 网址里的图片不是有效的 base64。",
            "The data: URL is not valid base64.",
            param="image_url",
        ) from None


def too_many_bytes() -> ImageError:
    """A picture in a message whose file is over the guard's limit."""
    cap = DEFAULT_LIMITS.max_bytes // 2**20
    return ImageError(
        "image_too_many_bytes",
        f"图片数据太大，最多 {cap} MiB。",
        f"The image's data is too large, at most {cap} MiB.",
        param="image_url",
    )
