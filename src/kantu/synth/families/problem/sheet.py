"""A page of problems while it is written: headings, problems one under the other, sums in rows and columns."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, column, row, space
from kantu.synth.draw.parts import grouped
from kantu.synth.draw.reading_order import hull
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Fact
from kantu.synth.families.problem.paper import Paper
from kantu.synth.families.problem.questions import Placed
from kantu.synth.families.problem.sums import Problem
from kantu.synth.families.problem.typeset import Setting, options, upright, written
from kantu.synth.page import Box


@dataclass
class Draft:
    """A page while it is written on: what is left of it, how problems are numbered and set, which stand on it."""

    canvas: Canvas
    paper: Paper
    rng: random.Random
    setting: Setting
    area: Box
    numbering: str
    facts: list[Fact] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)

    def take(self, height: float) -> None:
        """Leave `height` pixels and go on below them."""
        x1, y1, x2, y2 = self.area
        self.area = (x1, y1 + height, x2, y2)


def heading(draft: Draft, text: str, *, align: str = "l", grow: float = 1.15) -> bool:
    """A title or a section's name across the page; on lined paper it takes one line."""
    type_ = replace(
        draft.setting.type, size=draft.setting.type.size if draft.paper.lines else round(draft.setting.type.size * grow)
    )
    x1, y1, x2, y2 = draft.area
    if type_.width(text) > x2 - x1 or type_.size * 3 > y2 - y1:
        return False
    at = {"l": x1, "m": (x1 + x2) / 2}[align]
    tall = draft.paper.lines or type_.size * 1.5
    draft.canvas.text(
        at, y1 + (tall - type_.size) * (0.7 if draft.paper.lines else 0.2), text, type_, anchor=align, role="heading"
    )
    draft.take(tall)
    return True


def _body(
    draft: Draft, problem: Problem, number: int, width: float, *, columned: bool = False, pen: bool = False
) -> tuple[Piece, str]:
    """A problem with its number, and what a pupil has written after it ("" for nothing)."""
    rng, setting = draft.rng, draft.setting
    name = f"problem{number}"
    mark = draft.numbering.format(number)
    if columned and problem.upright:
        sum_ = upright(problem, setting, name=name)
        parts = [Piece(setting.type.width(mark), setting.type.size, _mark(mark, setting.type, name))] if mark else []
        return grouped(row([*parts, sum_], setting.type.size * 0.4, valign=0.0)), ""
    text = problem.text if problem.sort == "story" else setting.shown(problem.text)
    piece = written(mark + text, setting, width, name=name)
    if problem.options:
        gap = setting.type.size * (setting.leading - 1)
        dot = rng.choice((".", "．", "、", ". ", " "))
        indent = setting.type.size * rng.choice((0.0, 1.2))
        choices = options(problem.options, setting, width - indent, dot, name=name)
        piece = column([piece, row([space(indent), choices])], gap)
    filled = ""
    if pen and problem.text.endswith("=") and problem.small and not problem.options:
        filled = (
            problem.answer
            if rng.random() < 0.75 or not problem.answer.isdigit()
            else str(int(problem.answer) + rng.choice((1, 2, 10)))
        )
        hand = draft.paper.type(setting.type.size / draft.paper.scale, ink=draft.paper.pen, style="kai")
        hand = replace(hand, latin=None)
        if piece.width + hand.width(filled) + 6 > width:
            filled = ""
        else:
            answer = Piece(hand.width(filled), hand.size, lambda canvas, x, y: _write(canvas, x, y, filled, hand))
            piece = row([piece, answer], setting.type.size * 0.25)
    return piece, filled


def _write(canvas: Canvas, x: float, y: float, text: str, type_: Type) -> None:
    canvas.text(x, y, text, type_, role="filled")


def _mark(text: str, type_: Type, name: str) -> Callable[[Canvas, float, float], None]:
    def draw(canvas: Canvas, x: float, y: float) -> None:
        canvas.text(x, y, text, type_, role="number", name=name)

    return draw


def _put(draft: Draft, problem: Problem, number: int, piece: Piece, x: float, y: float, filled: str) -> None:
    lines = len(draft.canvas.lines)
    piece.draw(draft.canvas, x, y)
    shown = draft.canvas.lines[lines:]
    box = hull([line.box for line in shown])
    draft.canvas.element("problem", str(number), box)
    draft.placed.append(Placed(problem, number if draft.numbering else 0, filled))


def put_list(
    draft: Draft, problems: Sequence[Problem], *, gap: float, pen: bool = False, centred: bool = False
) -> None:
    """Problems one under the other, as many as there is room for."""
    setting = draft.setting
    for problem in map(setting.signed, problems):
        x1, y1, x2, y2 = draft.area
        if any(problem.text == placed.problem.text for placed in draft.placed):
            continue
        if setting.type.widest_unit(setting.shown(problem.text)) > (x2 - x1) * 0.8:
            continue
        number = len(draft.placed) + 1
        piece, filled = _body(draft, problem, number, x2 - x1, pen=pen)
        lines = draft.paper.lines
        tall = -(-piece.height // lines) * lines if lines else piece.height
        if y1 + tall > y2 or piece.width > x2 - x1:
            continue
        x = x1 + (x2 - x1 - piece.width) / 2 if centred else x1
        _put(draft, problem, number, piece, x, y1 + (lines - setting.type.size) * 0.75 if lines else y1, filled)
        draft.take(tall + (0 if lines else gap))


def put_grid(draft: Draft, make: Callable[[random.Random], Problem], *, columned: bool, most: int) -> None:
    """Sums in rows and columns of equal width."""
    rng, setting = draft.rng, draft.setting
    x1, y1, x2, y2 = draft.area
    pen = not columned and rng.random() < 0.2
    across = rng.choice((1, 2, 2, 3, 3, 4))
    trial = [setting.signed(make(rng)) for _ in range(60)]
    widest = max(_body(draft, problem, 10, x2 - x1, columned=columned)[0].width for problem in trial[:12])
    across = max(1, min(across, int((x2 - x1) / (widest + setting.type.size * 1.4))))
    step = setting.type.size * 4.2 if columned else setting.type.size * rng.uniform(1.6, 2.6)
    if any("/" in problem.text for problem in trial) and setting.stacked:
        step = max(step, setting.type.size * 2.5)
    if draft.paper.lines:
        step = draft.paper.lines * (4 if columned else -(-int(step * 10) // int(draft.paper.lines * 10)))
    down = max(min(int((y2 - y1 + step * 0.4) / step), most), 1)
    if not draft.paper.lines:  # a short sheet is spread over its page
        step = min(step * rng.uniform(1.0, 1.9), (y2 - y1) / down)
    wide = (x2 - x1) / across
    by_column = rng.random() < 0.2
    number = 0
    for index in range(across * down):
        place, line = (index // down, index % down) if by_column else (index % across, index // across)
        problem = next((each for each in trial if all(each.text != p.problem.text for p in draft.placed)), None)
        if problem is None:
            break
        trial.remove(problem)
        piece, filled = _body(draft, problem, number + 1, wide - setting.type.size, columned=columned, pen=pen)
        top = y1 + line * step
        if draft.paper.lines and not columned:
            top += (draft.paper.lines - setting.type.size) * 0.75
        if piece.width > wide - setting.type.size * 0.5 or top + piece.height > y2 or piece.height > step:
            continue
        number += 1
        _put(draft, problem, number, piece, x1 + place * wide, top, filled)
    draft.take(down * step)
