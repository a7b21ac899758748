"""Colours: what people call one, what a line is printed in, and on what."""

from __future__ import annotations

import colorsys
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kantu.contenders.pipeline.seen import Box, ColorName

Pixels = npt.NDArray[np.uint8]
RGB = tuple[int, int, int]

_HUES: tuple[tuple[float, ColorName], ...] = (  # each up to this many degrees
    (15, "红"),
    (40, "橙"),
    (68, "黄"),
    (162, "绿"),
    (190, "青"),
    (254, "蓝"),
    (296, "紫"),
    (346, "粉"),
    (361, "红"),
)
_BLACK_VALUE = 0.17
_WHITE_VALUE = 0.84
_NO_HUE = 0.13  # of saturation: what has less is grey
_NO_HUE_CHROMA = 0.075  # of full intensity between the strongest and the weakest channel
_PALE = 0.48  # a red with less saturation is pink
_BROWN_VALUE = 0.66  # an orange with less value is brown
_INK_SHARE = 0.72  # of the distance of the strongest ink from the ground: what is nearer is the soft edge of strokes


def color_name(color: RGB) -> ColorName:
    """What people call a colour."""
    hue, saturation, value = colorsys.rgb_to_hsv(*(part / 255 for part in color))
    if value < _BLACK_VALUE:
        return "黑"
    if saturation < _NO_HUE or saturation * value < _NO_HUE_CHROMA:
        return "白" if value > _WHITE_VALUE else "灰"
    degrees = hue * 360
    name = next(name for most, name in _HUES if degrees < most)
    if name == "红" and saturation < _PALE and value > 0.75:
        return "粉"
    if name in ("红", "橙") and 8 < degrees < 45 and value < _BROWN_VALUE:
        return "棕"
    return name


def distance(a: RGB, b: RGB) -> float:
    """How far two colours are apart in their strongest channel, 0 to 255."""
    return max(abs(x - y) for x, y in zip(a, b, strict=True))


def vivid(color: RGB) -> bool:
    """Whether people would call it a colour at all, pale ones left out."""
    return max(color) - min(color) > 60


def common_color(pixels: npt.NDArray[np.uint8]) -> RGB:
    """The colour that most pixels have: the median of the fullest of coarse bins. `pixels` is [n, 3]."""
    bins = (pixels[:, 0] >> 4).astype(np.int32) << 8 | (pixels[:, 1] >> 4).astype(np.int32) << 4 | pixels[:, 2] >> 4
    fullest = np.bincount(bins).argmax()
    return as_rgb(np.median(pixels[bins == fullest], axis=0))


def main_colors(pixels: npt.NDArray[np.uint8], most: int, *, apart: float = 40, least: float = 0.04) -> list[RGB]:
    """Up to `most` colours that differ, each of at least a share `least` of the pixels; the commonest first."""
    colors: list[RGB] = []
    rest, total = pixels, len(pixels)
    while len(colors) < most and len(rest) >= max(1.0, least * total):
        color = common_color(rest)
        near = np.abs(rest.astype(np.int16) - np.array(color, dtype=np.int16)).max(axis=1) < apart
        if near.sum() < least * total:
            break
        colors.append(color)
        rest = rest[~near]
    return colors


def nearest(pixels: Pixels, colors: Sequence[RGB]) -> npt.NDArray[np.intp]:
    """For each pixel which of the colours is nearest: [height, width]."""
    centers = np.array(colors, dtype=np.int16)  # [colors, 3]
    far = np.abs(pixels[:, :, None, :].astype(np.int16) - centers).sum(axis=3)
    return np.asarray(far.argmin(axis=2))


def as_rgb(values: Sequence[float] | npt.NDArray[np.floating]) -> RGB:
    """Three numbers as bytes."""
    red, green, blue = (round(float(part)) for part in values)
    return red, green, blue


@dataclass(frozen=True, slots=True)
class LineLook:
    """How a line is printed."""

    ink: RGB
    ground: RGB


def line_look(pixels: Pixels, box: Box) -> LineLook:
    """The ink of a line of text and what is behind it."""
    x1, y1, x2, y2 = box
    height, width = pixels.shape[:2]
    x1, y1 = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    crop = pixels[y1 : max(y2, y1 + 1), x1 : max(x2, x1 + 1)].reshape(-1, 3)
    ground = common_color(crop)
    far = np.abs(crop.astype(np.int16) - np.array(ground, dtype=np.int16)).max(axis=1)
    strongest = np.partition(far, -max(1, len(far) // 50))[-max(1, len(far) // 50)]
    ink = crop[far >= _INK_SHARE * float(strongest)]
    return LineLook(as_rgb(np.median(ink, axis=0)), ground)
