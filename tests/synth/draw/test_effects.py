"""Whatever happens to a picture, its boxes follow, and no text leaves it."""

from __future__ import annotations

import random

import pytest
from PIL import Image, ImageDraw

from kantu.synth.draw import effects
from kantu.synth.page import Element, Line, Page


def page(width: int = 200, height: int = 100) -> Page:
    """A black block on white that stands for a line of one character."""
    image = Image.new("RGB", (width, height), (255, 255, 255))
    box = (120.0, 40.0, 140.0, 60.0)
    ImageDraw.Draw(image).rectangle((120, 40, 139, 59), fill=(0, 0, 0))
    return Page("test", 0, image, (Line("字", box, (box,), 20.0),), (Element("card", "", box),))


def dark(image: Image.Image) -> tuple[int, int, int, int]:
    found = image.convert("L").point(lambda value: 255 if value < 128 else 0).getbbox()
    assert found
    return found


def test_boxes_follow_a_resize() -> None:
    resized = effects.resize(page(), 400, 100)
    assert resized.lines[0].box == resized.lines[0].char_boxes[0] == resized.elements[0].box == (240, 40, 280, 60)
    assert resized.lines[0].size == pytest.approx(20 * 2**0.5)
    assert dark(resized.image) == pytest.approx(resized.lines[0].box, abs=1)


@pytest.mark.parametrize("degrees", [-1.5, 0.7, 1.5])
def test_boxes_follow_a_rotation(degrees: float) -> None:
    turned = effects.rotate(page(), degrees, (255, 255, 255))
    assert turned.image.size == (200, 100)
    assert dark(turned.image) == pytest.approx(turned.lines[0].box, abs=1.5)


def test_wear_never_moves_text_off_the_page() -> None:
    edge = (178.0, 0.0, 198.0, 20.0)
    drawn = Page("test", 0, Image.new("RGB", (200, 300)), (Line("字", edge, (edge,), 20.0),))
    worn = [effects.degrade(drawn, random.Random(seed)) for seed in range(400)]
    assert all(each.lines[0].box[1] >= 0 and each.lines[0].box[2] <= 200 for each in worn)


def test_half_of_all_pages_stay_as_they_were_drawn() -> None:
    drawn = page()
    kept = sum(effects.degrade(drawn, random.Random(seed)) is drawn for seed in range(400))
    assert 160 < kept < 300
