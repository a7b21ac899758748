"""Checks of where text stands, shared by the families' tests."""

from __future__ import annotations

from kantu.synth.page import Box, Line, Page


def _shared(a: Box, b: Box) -> float:
    """How deep two boxes overlap, in pixels along the shallower axis; negative when they don't."""
    return min(min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1]))


def overlaps(page: Page, allowed: float = 2.0) -> list[tuple[str, str]]:
    """Pairs of lines with characters that overlap by more than `allowed` pixels."""

    def collide(a: Line, b: Line) -> bool:
        if _shared(a.box, b.box) <= allowed:
            return False
        return any(_shared(c, d) > allowed for c in a.char_boxes for d in b.char_boxes)

    lines = page.lines
    return [(a.text, b.text) for index, a in enumerate(lines) for b in lines[index + 1 :] if collide(a, b)]


def outside(page: Page) -> list[str]:
    """Lines with a character box that leaves the picture."""
    width, height = page.image.size
    return [
        line.text
        for line in page.lines
        if any(b[0] < 0 or b[1] < 0 or b[2] > width or b[3] > height for b in line.char_boxes)
    ]
