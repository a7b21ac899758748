"""Someone who reads printed lines, such as an OCR engine. Optional, and handed in: nothing here imports one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A line of text as the reader has read it.

    Attributes:
        box: x1, y1, x2, y2 in pixels of what was read.
        sureness: the reader's own, 0 to 1.
    """

    text: str
    box: tuple[int, int, int, int]
    sureness: float


class Reader(Protocol):
    """Reads the printed lines of a picture. Blocks; may be called from any thread."""

    def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        """Lines in reading order. `pixels` is RGB, [height, width, 3]."""
        ...
