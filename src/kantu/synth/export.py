"""Pictures and their truth as files: NNN.png, truth.jsonl and a contact sheet."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from kantu.errors import error, listed
from kantu.synth.families import draw
from kantu.synth.page import Box, Page

_SHEET_COLUMNS = 6
_SHEET_CELL = 320  # pixels a side, at most
_SHEET_MOST = 60  # pages on the contact sheet: more cannot be looked at
_FORMATS: dict[str, dict[str, Any]] = {"png": {"optimize": True}, "webp": {"quality": 82, "method": 4}}


def _box(box: Box) -> list[float]:
    return [round(edge, 2) for edge in box]


def page_to_json(page: Page) -> dict[str, Any]:
    """Everything a page knows but its pixels, as plain JSON values. Boxes are [x1, y1, x2, y2] in pixels."""
    return {
        "family": page.family,
        "seed": page.seed,
        "size": list(page.image.size),
        "facts": [{"fact": type(fact).__name__.lower(), **asdict(fact)} for fact in page.facts],
        "lines": [
            {
                "text": line.text,
                "box": _box(line.box),
                "char_boxes": [_box(box) for box in line.char_boxes],
                "size": round(line.size, 2),
                "role": line.role,
                "name": line.name,
                "color": list(line.color),
            }
            for line in page.lines
        ],
        "elements": [
            {"kind": item.kind, "label": item.label, "box": _box(item.box), "state": item.state}
            for item in page.elements
        ],
        "questions": [
            {
                "task": item.task,
                "kind": item.kind,
                "question": item.question,
                "answer": item.answer,
                "values": list(item.values),
                "absent": item.absent,
                "forbidden": list(item.forbidden),
            }
            for item in page.questions
        ],
    }


def contact_sheet(images: Sequence[Image.Image]) -> Image.Image:
    """The pictures side by side, each shrunk into a cell of at most 320 x 320 pixels."""
    shown = [image.copy() for image in images[:_SHEET_MOST]]
    for image in shown:
        image.thumbnail((_SHEET_CELL, _SHEET_CELL), Image.Resampling.LANCZOS)
    columns = min(_SHEET_COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    step = _SHEET_CELL + 8
    sheet = Image.new("RGB", (columns * step + 8, rows * step + 8), (128, 130, 136))
    for index, image in enumerate(shown):
        left, top = 8 + (index % columns) * step, 8 + (index // columns) * step
        sheet.paste(image, (left + (_SHEET_CELL - image.width) // 2, top + (_SHEET_CELL - image.height) // 2))
    return sheet


def export(family: str, count: int, out_dir: str | Path, first_seed: int = 0, *, image_format: str = "png") -> Path:
    """Draw `count` pages of `family` from `first_seed` on into `out_dir` and return that folder.

    Writes 000.png, 001.png, ... (or .webp), truth.jsonl with one page a line and its picture's name, contact_sheet.png.
    Raises `InvalidRequestError` for an unknown family or format or a count below one, `MissingDependencyError`
    without fonts.
    """
    if count < 1:
        raise error("invalid_count")
    if image_format not in _FORMATS:
        raise error("unknown_image_format", image_format=image_format, formats=listed(_FORMATS))
    pages = [draw(family, seed) for seed in range(first_seed, first_seed + count)]
    folder = Path(out_dir)
    folder.mkdir(parents=True, exist_ok=True)
    digits = max(3, len(str(count - 1)))
    with (folder / "truth.jsonl").open("w", encoding="utf-8") as truth:
        for index, page in enumerate(pages):
            name = f"{index:0{digits}d}.{image_format}"
            page.image.save(folder / name, **_FORMATS[image_format])
            truth.write(json.dumps({"file": name, **page_to_json(page)}, ensure_ascii=False) + "\n")
    contact_sheet([page.image for page in pages]).save(folder / "contact_sheet.png")
    return folder
