"""Pictures and icons: what stands on the page, holds no text and is no control."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kantu.contenders.pipeline.boxes import area_of, covered, size_of
from kantu.contenders.pipeline.colors import RGB, color_name, distance, main_colors
from kantu.contenders.pipeline.seen import Box, ColorName, SeenElement
from kantu.contenders.pipeline.surfaces import Blob, Scan

_ICON_SIDE = 0.55  # lines, at least
_PICTURE_SIDE = 2.3  # lines, at least: what is smaller is an icon
_FAINT = 40  # of 255 from the ground
_LONGEST = 6.0  # times as long as wide, at most: what is longer is a rule or a frame


def pictures(scan: Scan) -> Iterator[SeenElement]:
    """Blobs of any form, the outermost of each place."""
    found: list[Box] = []
    for blob in sorted(scan.blobs, key=lambda blob: -area_of(blob.box)):
        short, long = sorted(size_of(blob.box))
        if blob.lines or short < _ICON_SIDE * scan.unit or long > _LONGEST * short:
            continue
        if any(covered(blob.box, box) > 0.7 for box in found):
            continue
        if any(covered(line.box, blob.box) > 0.5 for line in scan.lines):
            continue
        if _contrast(scan, blob) < _FAINT:
            continue  # a watermark, noise
        found.append(blob.box)
        picture = short >= _PICTURE_SIDE * scan.unit
        yield SeenElement("picture" if picture else "icon", blob.box, _color(scan, blob.box, blob.around))


def _contrast(scan: Scan, blob: Blob) -> int:
    """How far the strongest pixels of a blob are from what it stands on."""
    far = np.abs(scan.crop(blob.box).astype(np.int16) - np.array(blob.around, dtype=np.int16)).max(axis=2)
    return int(np.percentile(far, 95))


def _color(scan: Scan, box: Box, around: RGB) -> ColorName:
    """The colour that most of a picture has, what is behind it left out."""
    colors = main_colors(scan.crop(box).reshape(-1, 3), 4)
    return next((color_name(color) for color in colors if distance(color, around) > 40), "")
