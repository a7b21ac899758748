"""The label in the headers of an answer."""

from __future__ import annotations

from kantu.aigc import ContentLabel
from kantu.aigc.label import HEADER


def label_headers(label: ContentLabel | None) -> list[tuple[bytes, bytes]]:
    """The implicit label as a header, as ASGI has headers; none where there is no such label."""
    if label is None or label.AIGC is None:
        return []
    return [(HEADER.lower().encode(), label.AIGC.to_header())]
