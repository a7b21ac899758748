"""Family "invoice": tax invoices, receipts, slips, tickets, bills, quotations, transfer notes."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.draw import effects, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.grounds import regrounded, zoomed
from kantu.synth.draw.layout import Piece
from kantu.synth.draw.style import make_style
from kantu.synth.families.family import GRID, Family, Size, finish
from kantu.synth.families.invoice import paper as sheets
from kantu.synth.families.invoice.blocks import Look, labelled
from kantu.synth.families.invoice.makers import make_paper
from kantu.synth.families.invoice.questions import InvoiceQuestions, names_of
from kantu.synth.families.invoice.record import Paper
from kantu.synth.families.invoice.sheet import SCREENS, compose
from kantu.synth.page import Box, Color, Page

_TINTS = (
    (255, 255, 255), (255, 255, 255), (252, 252, 250), (250, 246, 236), (255, 250, 240), (245, 248, 252), (255,
    240, 238),
    (238, 246, 240), (236, 242, 250), (248, 244, 228), (242, 242, 240),
)  # fmt: skip
_FORM_INKS = ((150, 85, 50), (170, 60, 50), (40, 40, 45), (60, 90, 150), (50, 110, 80), (120, 120, 125), (130, 40, 90))


def _choose_size(rng: random.Random) -> Size:
    """Forms lie, slips and screens stand."""
    if rng.random() < 0.45:
        return rng.randrange(512, 801, GRID), rng.randrange(320, 577, GRID)
    return rng.randrange(320, 577, GRID), rng.randrange(416, 897, GRID)


def _look(rng: random.Random, width: int, kind: str, *, screen: bool) -> Look:
    """A style; papers have light grounds, and forms print labels and lines in one colour."""
    style = make_style(rng, width, plain=0.75)
    if screen:
        return Look(style, style.line, rng.choice(("none", "lines", "grid")))
    tint = rng.choice(_TINTS)
    style = regrounded(style, rng, tint)
    small = min(style["body"].size, 14 if width > 420 else 13)
    types = {role: replace(type_, size=min(type_.size, 16)) for role, type_ in style.types.items()}
    types |= {"body": replace(types["body"], size=small), "title": style["title"], "big": style["big"]}
    line = palette.mix(tint, palette.grey(0), rng.uniform(0.2, 0.8))
    if kind in ("vat", "receipt", "train", "taxi") and rng.random() < 0.7:
        line = rng.choice(_FORM_INKS)
        if palette.contrast(line, tint) > 3:
            types["label"] = replace(types["label"], fill=line)
            types["title"] = replace(types["title"], fill=line if rng.random() < 0.7 else types["title"].fill)
    if rng.random() < 0.4:
        types["value"] = replace(types["value"], fill=rng.choice(((20, 20, 25), (30, 40, 110), (60, 60, 65))))
    style = replace(style, types=types, border=True, page=(tint,), shadow=0.0)
    ruled = rng.choice(("grid", "grid", "columns", "lines") if kind != "slip" else ("none", "none", "edges", "lines"))
    return Look(style, line, ruled)


def _fitting(
    rng: random.Random, width: int, height: int, margin: float, *, screen: bool
) -> tuple[Paper, Look, Piece, float]:
    """A paper whose content fits, its look, that content, and how much of the width it takes with its edges."""
    most, room = max(1, (height - 300) // 90), height - 2 * margin
    best: tuple[Paper, Look, Piece, float] | None = None
    for attempt in range(6):
        told = make_paper(rng, max(min(most, 7) - attempt, 1))
        narrow = told.kind in ("slip", "taxi") and width > 380 and rng.random() < 0.6
        wide = min(width - 2 * margin, rng.uniform(260, 380)) if narrow else width - 2 * margin
        look = _look(rng, round(wide), told.kind, screen=screen)
        inset = inset_of(look)
        content = compose(told, look, wide - 2 * inset, room - 2 * inset, rng, screen=screen)
        if content.height < 0.55 * room and rng.random() < 0.8:  # small print on a large page teaches little
            look = replace(look, style=zoomed(look.style, rng.uniform(1.2, 1.7), 30))
            larger = compose(told, look, wide - 2 * inset, room - 2 * inset, rng, screen=screen)
            content = larger if len(names_of(larger.facts)) >= len(names_of(content.facts)) else content
        if content.height > room - 2 * inset:
            continue
        if best is None or len(names_of(content.facts)) > len(names_of(best[2].facts)):
            best = (told, look, content, wide)
        if len(names_of(content.facts)) > 0.7 * len(told.pairs):
            break
    if best is None:  # a page too small for any paper: two of its values
        best = (told, look, labelled(told.pairs[:2], look, wide - 2 * inset, rng, "under"), wide)
    return best


def inset_of(look: Look) -> float:
    """From the paper's edge to its content."""
    return max(look.style.padding, 8.0)


def draw(seed: int, size: Size) -> Page:
    """One paper and what can be asked about it. What does not fit is left out."""
    rng = random.Random(f"{INVOICE.name}:{seed}")
    width, height = size
    screen = rng.random() < SCREENS
    edge = float(effects.margin(width, height))
    lying = not screen and rng.random() < 0.5
    margin = max(edge, rng.uniform(0.02, 0.06) * min(size)) if lying else edge
    told, look, content, wide = _fitting(rng, width, height, margin, screen=screen)
    style = look.style
    inset = inset_of(look)
    canvas = Canvas(width, height, style.page[0])
    tall = content.height + 2 * inset
    if lying:
        tall = min(max(tall, rng.uniform(tall, height - 2 * margin)), height - 2 * margin)
    left = margin + rng.uniform(0, max(width - 2 * margin - wide, 0)) if rng.random() < 0.5 else (width - wide) / 2
    top = rng.uniform(margin, max(height - margin - tall, margin)) if lying else margin
    area = (left, top, left + wide, top + tall)
    if lying or wide < width - 2 * margin - 1:
        sheets.desk(canvas, rng)
        end = palette.mix(style.page[0], (215, 205, 190), rng.uniform(0, 0.4))
        ground: tuple[Color, ...] = (style.page[0], end) if rng.random() < 0.3 else (style.page[0],)
        sheets.sheet_of(canvas, rng, area, ground, torn=told.kind == "slip" and rng.random() < 0.5)
    elif len(style.page) > 1:
        canvas.gradient((0, 0, width, height), style.page[0], style.page[1])
    if not screen and told.kind in ("vat", "train", "taxi") and rng.random() < 0.3:
        sheets.pattern(canvas, rng, area, palette.mix(style.page[0], look.line, 0.14))
    content.draw(canvas, left + inset, top + inset + (tall - content.height - 2 * inset) * rng.choice((0.0, 0.5)))
    stamped, legible = _stamp(canvas, rng, told, area) if not screen else (False, False)
    if lying or rng.random() < 0.2:
        sheets.lit(canvas, rng)
    own = InvoiceQuestions(told, names_of(content.facts), stamped=stamped, legible=legible)
    return finish(
        INVOICE.name, seed, size, canvas, content.facts, rng, askers=own.all(), first=own.first(rng), least=6, most=12
    )


def _stamp(canvas: Canvas, rng: random.Random, told: Paper, area: Box) -> tuple[bool, bool]:
    """Whether the paper gets a stamp, and whether all of it can be read."""
    owner, what = told.seal
    if not owner or rng.random() > 0.55:
        return False, False
    diameter = rng.uniform(80, 150)
    low = (area[0] + 6, area[1] + (area[3] - area[1]) * rng.choice((0.0, 0.4)) + 6, area[2] - 6, area[3] - 6)
    diameter = min(diameter, low[2] - low[0], low[3] - low[1])
    if diameter < 70:
        return False, False
    before = len(canvas.elements)
    legible = sheets.stamp(canvas, rng, owner, what, low, diameter)
    return len(canvas.elements) > before, legible


INVOICE = Family("invoice", _choose_size, draw)
