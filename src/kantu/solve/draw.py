"""A picture with the boxes of a result on it, and a legend below that names each field and says how sure it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from PIL import Image, ImageDraw, ImageFont, ImageOps
from pydantic import BaseModel

from kantu.processing.decode import render_image
from kantu.solve.labels import label_of
from kantu.solve.result import Finding, TaskResult

CHINESE_FONTS: tuple[tuple[str, int], ...] = (
    ("NotoSansCJK-Regular.ttc", 2),
    ("NotoSansSC-Regular.otf", 0),
    ("SourceHanSansSC-Regular.otf", 0),
    ("wqy-microhei.ttc", 0),
    ("wqy-zenhei.ttc", 0),
    ("DroidSansFallbackFull.ttf", 0),
    ("PingFang.ttc", 0),
    ("Hiragino Sans GB.ttc", 0),
    ("STHeiti Light.ttc", 0),
    ("msyh.ttc", 0),
    ("simhei.ttf", 0),
)
"""Files and faces of fonts for Chinese, best first, as Linux, macOS and Windows name them; Pillow finds them."""

COLORS = (
    (214, 39, 40),
    (31, 119, 180),
    (34, 139, 34),
    (128, 62, 178),
    (217, 95, 2),
    (0, 128, 128),
    (199, 21, 133),
    (121, 85, 61),
)
"""Of the fields, in turn; dark enough for white numbers."""

_SMALLEST_EM, _LARGEST_EM = 16, 56
_EMS_OF_PICTURE = 34  # along its shorter side
_LEAST_WIDTH_EMS = 22  # of the legend, where the picture is narrower
_INK, _PAPER = (34, 34, 34), (255, 255, 255)

_Area = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Field:
    """One field of the result, and how it is drawn; `label` is what people call it, `path` its name in the result."""

    number: int
    path: str
    label: str
    finding: Finding
    boxes: tuple[_Area, ...]

    @property
    def color(self) -> tuple[int, int, int]:
        return COLORS[(self.number - 1) % len(COLORS)]

    @property
    def doubtful(self) -> bool:
        return self.finding.verified is False or bool(self.finding.problems)


class _Pen(NamedTuple):
    """What words are written with; without a Chinese font they are ASCII."""

    font: ImageFont.FreeTypeFont | ImageFont.ImageFont
    em: int
    chinese: bool

    def length(self, text: str) -> float:
        return self.font.getlength(text)


def draw(picture: Image.Image, result: TaskResult[Any], number: int = 0) -> Image.Image:
    """The picture as it is shown, with its boxes and a legend below it; boxes lie where the result says.

    Fields that a reader of printed lines has not found, or that have problems, are dashed. Where no Chinese font is
    installed, the legend is in English: codes of problems, and numbers for fields with Chinese names.

    Args:
        picture: the original that the result is about.
        number: which of the task's pictures it is, from 0.
    """
    upright = ImageOps.exif_transpose(picture)
    shown = Image.fromarray(render_image(upright, 1, *upright.size))
    fields = _fields(result, number)
    pen = _pen(max(_SMALLEST_EM, min(_LARGEST_EM, min(shown.size) // _EMS_OF_PICTURE)))
    _draw_boxes(shown, fields, pen)
    return _with_legend(shown, fields, result, pen)


def _fields(result: TaskResult[Any], number: int) -> list[_Field]:
    """Those that stand in picture `number`; each keeps its number and colour in all pictures."""
    schema = type(result.result).model_json_schema() if isinstance(result.result, BaseModel) else None
    placed = [(path, finding) for path, finding in result.fields.items() if finding.boxes]
    fields = []
    for place, (path, finding) in enumerate(placed, start=1):
        boxes = tuple((box.x1, box.y1, box.x2, box.y2) for box in finding.boxes if box.picture == number)
        fields.append(_Field(place, path, label_of(schema, path), finding, boxes))
    return [field for field in fields if field.boxes]


def _pen(em: int) -> _Pen:
    for name, index in CHINESE_FONTS:
        try:
            return _Pen(ImageFont.truetype(name, em, index=index), em, True)
        except OSError:  # not installed
            continue
    return _Pen(ImageFont.load_default(em), em, False)


def _draw_boxes(image: Image.Image, fields: Sequence[_Field], pen: _Pen) -> None:
    canvas = ImageDraw.Draw(image)
    thickness = max(2, pen.em // 8)
    for field in fields:
        for box in field.boxes:
            _outline(canvas, box, field, thickness)
    taken: list[_Area] = []
    boxes = [box for field in fields for box in field.boxes]
    for field in fields:
        for box in field.boxes:
            badge = _badge_place(box, image.size, pen, str(field.number), [*taken, *boxes])
            taken.append(badge)
            _badge(canvas, badge, field, pen)


def _outline(canvas: ImageDraw.ImageDraw, box: _Area, field: _Field, thickness: int) -> None:
    """A frame around the box, with rims of white, so that it is seen on every ground; dashed where doubtful."""
    away = thickness + 1
    x1, y1 = box[0] - away, box[1] - away
    x2, y2 = max(box[0], box[2] - 1) + away, max(box[1], box[3] - 1) + away
    canvas.rectangle((x1 - 1, y1 - 1, x2 + 1, y2 + 1), outline=_PAPER, width=thickness + 2)
    if not field.doubtful:
        canvas.rectangle((x1, y1, x2, y2), outline=field.color, width=thickness)
        return
    for start, end in _dashes(x1, x2, 4 * thickness):
        canvas.rectangle((start, y1, end, y1 + thickness - 1), fill=field.color)
        canvas.rectangle((start, y2 - thickness + 1, end, y2), fill=field.color)
    for start, end in _dashes(y1, y2, 4 * thickness):
        canvas.rectangle((x1, start, x1 + thickness - 1, end), fill=field.color)
        canvas.rectangle((x2 - thickness + 1, start, x2, end), fill=field.color)


def _dashes(start: float, end: float, length: int) -> Iterator[tuple[float, float]]:
    """Dashes with gaps of about the same length, one at each end."""
    count = max(1, round((end - start) / length / 2))
    edges = [start + (end - start) * part / (2 * count + 1) for part in range(2 * count + 2)]
    return (pair for place, pair in enumerate(pairwise(edges)) if place % 2 == 0)


def _badge_size(pen: _Pen, text: str) -> tuple[int, int]:
    return round(pen.length(text) + 0.5 * pen.em), round(1.2 * pen.em)


def _badge_place(box: _Area, size: tuple[int, int], pen: _Pen, text: str, others: Sequence[_Area]) -> _Area:
    """Beside the box where it hides least of the boxes and of the badges before it, and lies in the picture."""
    width, height = _badge_size(pen, text)
    x1, y1, x2, y2 = box
    corners = [(x1, y1 - height), (x2 - width, y1 - height), (x1 - width, y1), (x2, y1), (x1, y2), (x2 - width, y2)]
    inside = [(max(0, min(x, size[0] - width)), max(0, min(y, size[1] - height))) for x, y in corners]
    places = [(x, y, x + width, y + height) for x, y in inside]
    return min(places, key=lambda place: sum(_shared(place, other) for other in others))


def _shared(a: _Area, b: _Area) -> float:
    return max(0, min(a[2], b[2]) - max(a[0], b[0])) * max(0, min(a[3], b[3]) - max(a[1], b[1]))


def _badge(canvas: ImageDraw.ImageDraw, place: _Area, field: _Field, pen: _Pen) -> None:
    """The field's number on its colour."""
    x1, y1, x2, y2 = place
    canvas.rectangle((x1, y1, x2 - 1, y2 - 1), fill=field.color)
    canvas.text(((x1 + x2) / 2, (y1 + y2) / 2), str(field.number), fill=_PAPER, font=pen.font, anchor="mm")


def _with_legend(image: Image.Image, fields: Sequence[_Field], result: TaskResult[Any], pen: _Pen) -> Image.Image:
    width = max(image.width, _LEAST_WIDTH_EMS * pen.em)
    margin, step = pen.em // 2, round(1.6 * pen.em)
    indent = margin + max((_badge_size(pen, str(field.number))[0] for field in fields), default=0) + margin
    head = _wrapped(_head(result, pen), width - 2 * margin, pen)
    entries = [(field, _wrapped(_told(field, pen), width - indent - margin, pen)) for field in fields]
    rows = len(head) + sum(len(texts) for _, texts in entries)
    whole = Image.new("RGB", (width, image.height + 2 * margin + rows * step), _PAPER)
    whole.paste(image, (0, 0))
    canvas = ImageDraw.Draw(whole)
    y = image.height + margin
    for text in head:
        canvas.text((margin, y + step / 2), text, fill=_INK, font=pen.font, anchor="lm")
        y += step
    for field, texts in entries:
        badge_width, badge_height = _badge_size(pen, str(field.number))
        top = y + (step - badge_height) / 2
        _badge(canvas, (margin, top, margin + badge_width, top + badge_height), field, pen)
        for text in texts:
            canvas.text((indent, y + step / 2), text, fill=_INK, font=pen.font, anchor="lm")
            y += step
    return whole


def _head(result: TaskResult[Any], pen: _Pen) -> str:
    if not pen.chinese:
        name = result.task.name if result.task.name.isascii() else "task"
        return f"{name}: confidence of each field" + ("; needs review" if result.review.needed else "")
    reasons = "；".join(result.review.reasons)
    review = f"。需人工复核{'：' if reasons else ''}{reasons}" if result.review.needed else ""
    return f"{result.task.title}：各字段的置信度{review}"


def _told(field: _Field, pen: _Pen) -> str:
    """What the legend says of a field."""
    finding = field.finding
    sure = "" if finding.confidence is None else f"{finding.confidence:.0%}"
    if pen.chinese:
        doubts = ["未核实"] if finding.verified is False else []
        doubts += [problem.message for problem in finding.problems]
        return "  ".join(filter(None, (field.label or "回答", sure or "置信度未知", "；".join(doubts))))
    name = (field.path or "answer") if field.path.isascii() else f"field {field.number}"
    doubts = ["unverified"] if finding.verified is False else []
    doubts += [problem.code for problem in finding.problems]
    return "  ".join(filter(None, (name, sure or "unknown", ", ".join(doubts))))


def _wrapped(text: str, width: float, pen: _Pen) -> list[str]:
    """The text in lines no wider than `width` pixels; Chinese may be broken anywhere."""
    lines = [""]
    for char in text.replace("\n", " "):
        if lines[-1] and pen.length(lines[-1] + char) > width:
            lines.append("")
        lines[-1] += char
    return [line.strip() for line in lines]
