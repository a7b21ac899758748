"""From what was measured of a picture to what its user should know.

The thresholds were chosen on drawn pages (seeds from 1,500,000 on) and on a quarter of the browser's pictures and
photographs, for few false warnings first; docs/gateway.md has what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from kantu.processing.budget import ImageWarning, image_warnings, is_shrunk
from kantu.processing.image import CleanImage
from kantu.processing.quality.measure import Measures, measure

Measured = Callable[[CleanImage], Measures]

_MOST_BLANK_MARKS = 5
_MOST_BLANK_UNEVENNESS = 4.0  # grey levels
_LEAST_SIDE = 16  # pixels of the shorter side: less is not even a line of text
_LEAST_HEIGHT = 8.5  # pixels: Chinese characters need that many to have all their strokes
# Evidence that lines stand on their heads, or that they do not: in all, and of each line. What looks like text and is
# none does not agree on it.
_SURELY_TURNED, _SURELY_TEXT, _LIKELY_TEXT = 20.0, 12.0, 5.0
_LEAST_AGREEMENT = 0.35
_LEAST_LYING = 0.1  # evidence of each patch that text lies; with less it is a page on which some does
_MOST_EDGE = 2.8  # pixels; a page enlarged twofold has up to 2.5
_MOST_EDGE_SHARE = 0.12  # of the height of text: beyond, strokes run into each other
_MOST_TEXTLESS_EDGE = 7.0  # pixels; photographs are softer than pages


def all_warnings(images: Sequence[CleanImage], measured: Measured = measure) -> tuple[ImageWarning, ...]:
    """What may harm the answer about these images: what their sizes tell, then what their pixels do."""
    told = [warning for number, image in enumerate(images, 1) for warning in picture_warnings(image, number, measured)]
    return (*image_warnings([image.resizing for image in images]), *told)


def picture_warnings(image: CleanImage, number: int, measured: Measured = measure) -> tuple[ImageWarning, ...]:
    """What the pixels of one image tell: `picture_blank`, `picture_tiny`, `picture_blurred`, `picture_upside_down`,
    `picture_sideways`. That it was shrunk (`picture_shrunk`) its size tells, before it is decoded: see `budget`.

    Args:
        number: which of the request's images it is, from 1.
        measured: who looks at it, see `kept.KeptPictures`.
    """
    return tuple(
        ImageWarning(code, f"第 {number} 张图片{message}") for code, message in _findings(image, measured(image))
    )


def _findings(image: CleanImage, measures: Measures) -> Iterator[tuple[str, str]]:
    width, height = image.original_size
    if min(width, height) < _LEAST_SIDE:
        yield "picture_tiny", f"只有 {width}×{height} 像素，看不清内容；请换更大的原图。"
        return
    if measures.marks <= _MOST_BLANK_MARKS and measures.unevenness <= _MOST_BLANK_UNEVENNESS:
        yield "picture_blank", "几乎是空白的，回答没有内容作依据；请看看是不是传错了图片。"
        return
    agreement = abs(measures.flipped) if abs(measures.flipped) >= _LEAST_AGREEMENT * measures.lines else 0.0
    tiny = agreement >= _LIKELY_TEXT and measures.height < _LEAST_HEIGHT and not is_shrunk(image.resizing)
    has_text = agreement >= _SURELY_TEXT
    most_edge = max(_MOST_EDGE, _MOST_EDGE_SHARE * measures.height) if has_text else _MOST_TEXTLESS_EDGE
    blurred = measures.edge > most_edge and not tiny
    if agreement >= _SURELY_TURNED:
        if measures.lies > _LEAST_LYING * measures.text:
            way = "逆时针" if measures.flipped > 0 else "顺时针"
            yield "picture_sideways", f"看起来是横着的；请{way}转 90° 再问，转正了才读得准。"
        elif measures.lies < 0 < measures.flipped:
            yield "picture_upside_down", "看起来上下颠倒了；请转 180° 再问，转正了才读得准。"
    if tiny:
        yield "picture_tiny", f"里的字只有约 {measures.height:.0f} 像素高，笔画看不清；请换更大的原图，不要用缩略图。"
    if blurred:
        yield "picture_blurred", "是模糊的（没对上焦或手抖了），字可能认错；请重拍一张，或换清楚的原图。"
