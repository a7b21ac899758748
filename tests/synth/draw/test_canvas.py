"""A canvas remembers what was drawn on it, where and in which colour."""

from __future__ import annotations

import pytest

from kantu.synth.draw import faces
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type

pytestmark = pytest.mark.usefixtures("needs_fonts")


def test_a_line_carries_its_boxes_and_its_colour() -> None:
    canvas = Canvas(200, 60, (255, 255, 255))
    face = faces.closest("sans", 400)
    box = canvas.text(190, 10, "红字12", Type(face, 20, (200, 0, 0)), anchor="r", role="value", name="code")
    (line,) = canvas.lines
    assert line.color == (200, 0, 0)
    assert (line.text, line.role, line.name, line.size) == ("红字12", "value", "code", 20)
    assert line.box == box
    assert box[2] == pytest.approx(190)
    assert [round(b[2] - b[0]) for b in line.char_boxes[:2]] == [20, 20]
    darkest = min(colour for _, colour in canvas.image.crop((100, 10, 190, 32)).getcolors(10_000))
    assert darkest == (200, 0, 0)
    canvas.text(10, 40, "  ", Type(face, 12, (0, 0, 0)))
    assert len(canvas.lines) == 1
