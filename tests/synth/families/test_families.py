"""Every family is drawn by name, and only those there are."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.synth.draw import faces
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type
from kantu.synth.families import FAMILIES, draw
from kantu.synth.page import Box

pytestmark = pytest.mark.whole


def test_the_families_that_there_are() -> None:
    assert set(FAMILIES) == {
        "order",
        "product",
        "post",
        "notice",
        "problem",
        "chart",
        "table",
        "ui",
        "scene",
        "invoice",
        "chat",
        "phone",
        "reading",
        "photo",
        "glyphs",
    }


def test_an_unknown_family_is_named_in_the_error() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        draw("poem", 0)
    assert caught.value.code == "unknown_family"
    assert "poem" in caught.value.message
    assert "order" in caught.value.message


@pytest.mark.usefixtures("needs_fonts")
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_family_draws_pages_of_many_sizes_the_same_each_time(family: str) -> None:
    pages = [draw(family, seed) for seed in range(8)]
    assert [(page.family, page.seed) for page in pages] == [(family, seed) for seed in range(8)]
    assert len({page.image.size for page in pages}) >= 3
    assert family == "scene" or all(bool(page.lines) == (family != "photo") for page in pages)
    again = draw(family, 3)
    assert again.image.tobytes() == pages[3].image.tobytes()
    assert (again.lines, again.facts, again.questions) == (pages[3].lines, pages[3].facts, pages[3].questions)


@pytest.mark.usefixtures("needs_fonts")
@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_no_character_is_drawn_in_a_face_that_lacks_it(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: set[tuple[faces.Face, str]] = set()
    draw_text = Canvas.text

    def remember(canvas: Canvas, x: float, y: float, text: str, type_: Type, **options: Any) -> Box:
        drawn.update((type_.face_for(text), character) for character in text if not character.isspace())
        return draw_text(canvas, x, y, text, type_, **options)

    monkeypatch.setattr(Canvas, "text", remember)
    for seed in range(60):
        draw(family, seed)

    def ink(face: faces.Face, character: str) -> bytes:
        return bytes(faces.load(face, 24).getmask(character))

    absent = {face: ink(face, "\U0010fffd") for face, _ in drawn}  # a private-use character no face has
    assert [(face.path.name, character) for face, character in drawn if ink(face, character) == absent[face]] == []
