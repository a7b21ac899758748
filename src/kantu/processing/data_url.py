"""Images inside `data:` URLs, as OpenAI's clients send them.

They are read as browsers read them (WHATWG Fetch, "data: URLs"; WHATWG Infra, "forgiving-base64 decode"): the media
type may be short or missing, the base64 may hold blanks and line breaks, be percent-encoded, and lack its padding.
"""

from __future__ import annotations

import base64
import binascii
import re
from urllib.parse import unquote

from kantu.errors import error
from kantu.processing.guard import DEFAULT_LIMITS

_HEADER = re.compile(r"data:[^,]{0,256}; *base64 *,", re.ASCII | re.IGNORECASE)
_BLANKS = b"\t\n\f\r "


def is_data_url(text: str) -> bool:
    """Whether it starts like a `data:` URL, valid or not."""
    return text[:5].lower() == "data:"


def read_data_url(url: str) -> bytes:
    """The bytes of a `data:` URL. The decode guard decides whether they are an image.

    Raises:
        ImageError: `image_too_many_bytes`, raised before anything is decoded; `invalid_data_url`: not base64.
    """
    header = _HEADER.match(url)
    if header is None:
        raise error("invalid_data_url")
    text = url[header.end() :]
    try:
        data = (unquote(text, "latin-1") if "%" in text else text).encode("ascii").translate(None, _BLANKS)
        if len(data) * 3 // 4 > DEFAULT_LIMITS.max_bytes + 3:
            raise error("image_too_many_bytes", cap=DEFAULT_LIMITS.max_bytes // 2**20)
        if len(data) % 4 == 0:
            data = data.removesuffix(b"=").removesuffix(b"=")
        return base64.b64decode(data + b"=" * (-len(data) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise error("invalid_data_url") from None
