"""RapidOCR as a reader of printed lines, with the models that its package carries. Nothing is downloaded or sent."""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from kantu.errors import error
from kantu.errors.install import install_command
from kantu.solve.reader import PrintedLine
from kantu.synth.draw.reading_order import reading_rows
from kantu.synth.page import Line

_MODELS = {
    "Det": "PP-OCRv6_det_small.onnx",
    "Cls": "ch_ppocr_mobile_v2.0_cls_mobile.onnx",
    "Rec": "PP-OCRv6_rec_small.onnx",
}
_MOST_HEIGHT = 2.5  # widths; what is taller is read in bands, as RapidOCR would shrink it until nothing can be read
_BAND_HEIGHT = 2.0  # widths
_BAND_OVERLAP = 0.25  # widths: more than a line is high
_LEAST_WIDTH = 160  # pixels: in bands of its own width, a strip of a few pixels would take as many minutes
_MOST_WIDTH = 8  # heights; RapidOCR enlarges what is lower and still wider, or fails where it is over 2,000 pixels wide
_LEAST_HEIGHT = 32  # pixels, once RapidOCR has shrunk what is wider than `_SHRUNK_WIDTH` to it
_SHRUNK_WIDTH = 2000
_MARGIN = 0.17  # of a line's height is added on each of its sides, measured on drawn pages
_SAME_PLACE = 0.5  # of the smaller of two boxes lies in the other


@dataclass(frozen=True)
class _Found:
    """A line as RapidOCR has found it; `corners` from its upper left one, clockwise as it is read: [4, 2]."""

    text: str
    corners: npt.NDArray[np.float64]
    sureness: float

    @property
    def box(self) -> tuple[int, int, int, int]:
        (x1, y1), (x2, y2) = self.corners.min(axis=0), self.corners.max(axis=0)
        return math.floor(x1), math.floor(y1), math.ceil(x2), math.ceil(y2)

    def tight(self) -> _Found:
        """Without the margin that RapidOCR leaves around a line, as lines of drawn pages have none."""
        along, down = self.corners[1] - self.corners[0], self.corners[3] - self.corners[0]
        length, height = max(1.0, float(np.linalg.norm(along))), max(1.0, float(np.linalg.norm(down)))
        margin = _MARGIN * min(length, height)
        x, y = margin * along / length, margin * down / height
        return replace(self, corners=self.corners + np.stack([x + y, y - x, -x - y, x - y]))

    def overlaps(self, other: _Found) -> bool:
        a, b = self.box, other.box
        width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
        smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
        return width > 0 and height > 0 and width * height > _SAME_PLACE * smaller


class RapidOCRReader:
    """A `Reader`. Calls from several threads take turns.

    Args:
        threads: how many threads the networks may use; never more than there are CPUs.

    Raises:
        MissingDependencyError: RapidOCR or ONNX Runtime is not installed, or RapidOCR carries other models.
    """

    def __init__(self, *, threads: int = 1) -> None:
        rapidocr = require()
        paths = _models(Path(rapidocr.__file__).parent)
        self._engine = rapidocr.RapidOCR(
            params={
                "Global.log_level": "critical",  # it would log to the user's terminal
                "EngineConfig.onnxruntime.intra_op_num_threads": max(1, min(threads, os.cpu_count() or 1)),
                "EngineConfig.onnxruntime.inter_op_num_threads": 1,
                # Where it is told a path, it does not ask whether there is something to download.
                **{f"{part}.model_path": str(path) for part, path in paths.items()},
            }
        )
        self._lock = threading.Lock()  # its parts keep what belongs to one picture

    def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        """Lines in the reading order of drawn pages. `pixels` is RGB, [height, width, 3]."""
        size = np.array(pixels.shape[1::-1])
        sheet = _on_sheet(pixels)
        height, width = sheet.shape[:2]
        whole: list[_Found] = []
        cut: list[_Found] = []
        for top, bottom in _bands(height, width):
            for found in self._band(sheet[top:bottom]):
                _, y1, _, y2 = found.box
                at_edge = (top > 0 and y1 <= 1) or (bottom < height and y2 >= bottom - top - 1)
                corners = np.clip(found.corners + np.array((0, top)), 0, size)
                (cut if at_edge else whole).append(replace(found, corners=corners))
        return _in_reading_order([line.tight() for line in _without_repeats([*whole, *cut])])

    def _band(self, pixels: npt.NDArray[np.uint8]) -> list[_Found]:
        with self._lock:
            output = self._engine(np.ascontiguousarray(pixels[..., ::-1]))  # it takes arrays for BGR
        if not getattr(output, "txts", None):  # another type, or None, where there is nothing to read
            return []
        return [
            _Found(text, np.asarray(corners, dtype=np.float64), float(sureness))
            for text, corners, sureness in zip(output.txts, output.boxes, output.scores, strict=True)
        ]


def check_installed() -> None:
    """Whether a reader can be made, without importing what it needs: another process will make it.

    Raises:
        MissingDependencyError: as `RapidOCRReader`.
    """
    specs = [find_spec(name) for name in ("rapidocr", "onnxruntime")]
    if not all(specs):
        raise error("rapidocr_missing", install=install_command("pipeline"))
    assert specs[0] is not None
    assert specs[0].origin is not None
    _models(Path(specs[0].origin).parent)


def model_files() -> Mapping[str, Path]:
    """The files of the networks, by what they are for.

    Raises MissingDependencyError as `RapidOCRReader`.
    """
    return _models(Path(require().__file__).parent)


def _models(package: Path) -> Mapping[str, Path]:
    """The file of each part's model. Raises MissingDependencyError."""
    paths = {part: package / "models" / name for part, name in _MODELS.items()}
    if not all(path.is_file() for path in paths.values()):
        raise error("rapidocr_missing.models", install=install_command("pipeline"))
    return paths


def require() -> Any:
    """RapidOCR, with ONNX Runtime's telemetry turned off.

    Raises:
        MissingDependencyError: one of the two is not installed.
    """
    # Its Linux builds report sessions and models to their maker and keep an id of the device, from the import on.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    try:
        import onnxruntime
        import rapidocr
    except ImportError as failure:
        raise error("rapidocr_missing", install=install_command("pipeline")) from failure
    onnxruntime.disable_telemetry_events()  # somebody else may have imported it before
    return rapidocr


def _on_sheet(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """The picture, or where it is a strip, a black sheet with it in the upper left corner.

    RapidOCR enlarges strips until a side is 736 pixels long, some of them twice.
    """
    height, width = pixels.shape[:2]
    lacks_width = lacks_height = 0
    if height > _MOST_HEIGHT * width:
        lacks_width = max(0, min(_LEAST_WIDTH, math.ceil(height / _MOST_HEIGHT)) - width)
    elif width > _MOST_WIDTH * height:
        lacks_height = max(0, math.ceil(_LEAST_HEIGHT * max(1.0, width / _SHRUNK_WIDTH)) - height)
    if not (lacks_width or lacks_height):
        return pixels
    return np.pad(pixels, ((0, lacks_height), (0, lacks_width), (0, 0)))


def _bands(height: int, width: int) -> Iterator[tuple[int, int]]:
    """Top and bottom of the parts that a tall picture is read in."""
    if height <= _MOST_HEIGHT * width:
        yield 0, height
        return
    band, step = math.ceil(_BAND_HEIGHT * width), math.ceil((_BAND_HEIGHT - _BAND_OVERLAP) * width)
    for top in range(0, height, step):
        yield top, min(top + band, height)
        if top + band >= height:
            return


def _without_repeats(lines: Iterable[_Found]) -> list[_Found]:
    """What two bands have found is kept once: the first of what lies in the same place."""
    kept: list[_Found] = []
    for line in lines:
        if not any(line.overlaps(other) for other in kept):
            kept.append(line)
    return kept


def _in_reading_order(lines: Sequence[_Found]) -> tuple[PrintedLine, ...]:
    """As drawn pages are read, of which nothing is known here but the lines: no cards, no columns."""
    runs = [_as_run(line) for line in lines]
    by_run = {id(run): line for run, line in zip(runs, lines, strict=True)}
    ordered = [by_run[id(run)] for row in reading_rows(runs) for run in row]
    return tuple(PrintedLine(line.text, line.box, line.sureness) for line in ordered)


def _as_run(line: _Found) -> Line:
    """The line as one of a drawn page. Its characters stand evenly along it, which tells how it is tilted."""
    upper_left, upper_right, lower_right, lower_left = line.corners
    shares = np.linspace(0, 1, len(line.text) + 1)[:, None]
    upper, lower = upper_left + shares * (upper_right - upper_left), lower_left + shares * (lower_right - lower_left)
    quads = np.stack([upper[:-1], upper[1:], lower[1:], lower[:-1]], axis=1)  # [characters, 4, 2]
    boxes = np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1).tolist()
    sides = (np.linalg.norm(upper_left - lower_left), np.linalg.norm(upper_left - upper_right))
    return Line(line.text, line.box, tuple(tuple(box) for box in boxes), size=float(min(sides)))
