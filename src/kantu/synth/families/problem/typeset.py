"""Problems as they are set: running text with stacked fractions, sums in columns, options in a row or one a line."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from kantu.synth.draw import faces
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, Run, column, row, space
from kantu.synth.draw.reading_order import hull
from kantu.synth.draw.typesetting import Type
from kantu.synth.families.problem.sums import Problem
from kantu.synth.page import Line

_FRACTION = re.compile(r"(\d+/\d+)")
_ATOM = re.compile(r"(?:[!-~]+|.)[，。：；！？）】》”、…]*")
_SIGN = re.compile(r" *([+×÷=]|(?<=[\dxya）)□_ ])[-－](?=[\d（(□_])) *")
_NUMERATOR = 0.8  # of the size of the text beside it


@dataclass(frozen=True)
class Setting:
    """How a sheet sets its problems: the type, whether fractions are `stacked`, ems from line to line."""

    type: Type
    stacked: bool
    leading: float
    spaced: bool
    minus: str = "-"

    def signed(self, problem: Problem) -> Problem:
        """The problem with the minus sign that this sheet prints."""
        if problem.sort == "story":
            return problem
        upright = problem.upright
        if upright and upright[1] == "-":
            upright = upright[0], self.minus, upright[2]
        return replace(problem, text=problem.text.replace("-", self.minus), upright=upright)

    def shown(self, text: str) -> str:
        """A formula with the room around its signs that this sheet leaves."""
        return _SIGN.sub(r" \1 ", text).rstrip() if self.spaced else text


def fraction(text: str, type_: Type, *, role: str, name: str) -> Piece:
    """3/4 with a line between: one run that reads "3/4", each character where it is."""
    above, below = text.split("/")
    small = replace(type_, size=faces.snap(type_.size * _NUMERATOR), spacing=0.0)
    wide = max(small.width(above), small.width(below)) + small.size * 0.3
    gap = max(type_.size * 0.12, 2.0)
    tall = 2 * small.size + 2 * gap

    def draw(canvas: Canvas, x: float, y: float) -> None:
        middle = y + tall / 2
        canvas.text(x + wide / 2, y, above, small, anchor="m", role=role, name=name)
        canvas.text(x + wide / 2, middle + gap, below, small, anchor="m", role=role, name=name)
        canvas.draw.line((x, middle, x + wide, middle), fill=type_.fill, width=max(1, round(type_.size / 14)))
        bottom, top = canvas.lines.pop(), canvas.lines.pop()
        bar = (x, middle - 1, x + wide, middle + 1)
        boxes = (*top.char_boxes, bar, *bottom.char_boxes)
        canvas.lines.append(Line(text, hull(boxes), boxes, type_.size, role, name, type_.fill))

    return Piece(wide, tall, draw)


def written(text: str, setting: Setting, width: float, *, role: str = "problem", name: str = "") -> Piece:
    """Running text in as many lines as `width` asks for; its fractions stacked where the setting says so."""
    type_ = setting.type
    if not (setting.stacked and _FRACTION.search(text)):
        lines, face = type_.broken(text, width)
        return Run(lines, face, setting.leading, role, name).piece()
    atoms: list[Piece | str] = []
    for part in _FRACTION.split(text):
        if _FRACTION.fullmatch(part):
            atoms.append(fraction(part, type_, role=role, name=name))
        else:
            atoms += _ATOM.findall(part)
    rows: list[list[Piece | str]] = [[]]
    used = 0.0
    for atom in atoms:
        wide = type_.width(atom) if isinstance(atom, str) else atom.width
        if rows[-1] and used + wide > width:
            rows.append([])
            used = 0.0
        rows[-1].append(atom)
        used += wide
    near = type_.size * 0.12
    return column([row(_merged(atoms, type_, role, name), near) for atoms in rows], type_.size * (setting.leading - 1))


def _merged(atoms: list[Piece | str], type_: Type, role: str, name: str) -> list[Piece]:
    """Neighbouring texts as one run."""
    pieces: list[Piece] = []
    text = ""
    for atom in [*atoms, space()]:
        if isinstance(atom, str):
            text += atom
            continue
        if text:
            pieces.append(Run((text,), type_, 1.0, role, name).piece())
            text = ""
        if atom.width:
            pieces.append(atom)
    return pieces


def upright(problem: Problem, setting: Setting, *, name: str) -> Piece:
    """A sum in columns: the second number under the first with the sign before it, and a line."""
    assert problem.upright is not None
    a, sign, b = problem.upright
    type_ = replace(setting.type, spacing=setting.type.size * 0.12)
    wide = max(type_.width(str(a)), type_.width(str(b))) + type_.size * 1.6
    step = type_.size * 1.25

    def draw(canvas: Canvas, x: float, y: float) -> None:
        canvas.text(x + wide, y, str(a), type_, anchor="r", role="upright", name=name)
        canvas.text(x, y + step, sign, type_, role="upright", name=name)
        canvas.text(x + wide, y + step, str(b), type_, anchor="r", role="upright", name=name)
        line = y + step + type_.size * 1.15
        canvas.draw.line((x, line, x + wide + 2, line), fill=type_.fill, width=max(1, round(type_.size / 14)))

    return Piece(wide + 2, step + type_.size * 2.4, draw)


def options(texts: tuple[str, ...], setting: Setting, width: float, mark: str, *, name: str) -> Piece:
    """Options in one row, in two or one a line, as they fit."""
    told = [f"{letter}{mark}{text}" for letter, text in zip("ABCD", texts, strict=True)]
    runs = [Run((text,), setting.type, 1.0, "option", f"{name}{text[0]}") for text in told]
    widest = max(run.width for run in runs) + setting.type.size
    abreast = next((count for count in (4, 2) if widest * count <= width), 1)
    lines = [runs[index : index + abreast] for index in range(0, 4, abreast)]
    share = width / abreast
    rows = []
    for line in lines:
        cells = [part for run in line for part in (run.piece(), space(share - run.width))]
        rows.append(row(cells))
    return column(rows, setting.type.size * (setting.leading - 1))
