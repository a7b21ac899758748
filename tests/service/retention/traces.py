"""What is planted in requests, and where any of it is found again on the disk."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

QUESTION = "种下的问题-蓝鲸七号"
ANSWER = "种下的回答-赤道企鹅"


def noise(seed: int = 7) -> bytes:
    """The file of a picture that no other picture is like, uncompressed enough to be recognised."""
    pixels = np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def needles(picture: bytes) -> dict[str, bytes]:
    """Everything that would give the planted content away, by what it is."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB"))
    words = {f"{text} in {code}": text.encode(code) for text in (QUESTION, ANSWER) for code in ("utf-8", "utf-16-le")}
    escaped = {f"{text} in JSON": text.encode("ascii", "backslashreplace") for text in (QUESTION, ANSWER)}
    places = range(100, len(picture) - 200, 500)
    return {
        **words,
        **escaped,
        **{f"file at {at}": picture[at : at + 24] for at in places},
        **{f"base64 at {at}": base64.b64encode(picture)[4 * at // 3 : 4 * at // 3 + 32] for at in places},
        **{f"pixels of row {row}": pixels[row].tobytes()[:48] for row in range(0, 64, 8)},
    }


def traces(folder: Path, planted: dict[str, bytes]) -> list[str]:
    """Which of it stands in which file of a folder."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            found += [f"{name}: {path.name}" for name, needle in planted.items() if needle in data]
    return found


def holding(folder: Path, needle: bytes | Iterable[bytes]) -> list[str]:
    """The files of a folder that hold a needle, or any of several."""
    wanted = [needle] if isinstance(needle, bytes) else list(needle)
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return [path.name for path in files if any(each in path.read_bytes() for each in wanted)]
