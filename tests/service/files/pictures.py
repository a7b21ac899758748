"""Picture files for uploads."""

from __future__ import annotations

import io

from PIL import Image


def png(width: int = 64, height: int = 48) -> bytes:
    """A plain picture."""
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 30)).save(out, "PNG")
    return out.getvalue()
