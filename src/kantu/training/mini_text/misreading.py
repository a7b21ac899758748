"""What a reader would have read of a page, told by how it errs instead of by reading: thousands of pages a minute."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from kantu.solve.reader import PrintedLine
from kantu.synth.draw.reading_order import hull, reading_rows
from kantu.synth.page import Box, Line, Page
from kantu.training.mini_text.matching import common, neighbours
from kantu.training.mini_text.reader_errors import HALF_EMPTY, Counts, Ghost, ReaderErrors, character_class, within
from kantu.training.mini_text.readings import TrueLine, true_lines

_NARROW = 0.55  # of an em: letters, digits and spaces
_MOST_MISREAD = 0.9  # of a character on the worst page


@dataclass(frozen=True)
class _Printed:
    """A character as it is read ("" if it is not), where it stands, and whether that is wrong."""

    text: str
    left: float
    right: float
    wrong: bool = False
    half_empty: bool = False


def misread(page: Page, errors: ReaderErrors, rng: random.Random) -> tuple[PrintedLine, ...]:
    """The lines of a page as the reader would give them, in its order."""
    worse = errors.families.get(page.family, 1.0) * rng.gammavariate(errors.dispersion, 1 / errors.dispersion)
    lines = [line for line in true_lines(page) if rng.random() >= _missed(line.text.strip(), errors)]
    read = [piece for chain in _chains(lines, errors, rng) for piece in _read(chain, errors, worse, rng)]
    for ghost in _ghosts(page, errors, rng):
        if not any(common(ghost.box, line.box) for line in read):
            read.append(ghost)
    return _in_reading_order([_clipped(line, page.image.size) for line in read])


def _missed(text: str, errors: ReaderErrors) -> float:
    if len(text) == 1:
        return errors.missed_alone[character_class(text)]
    return errors.missed[within(len(text), [row.most_characters for row in errors.missed])].share


_Chain = list[tuple[str, TrueLine]]
"""Lines read as one, each with what is read between it and the one before."""


def _chains(lines: Sequence[TrueLine], errors: ReaderErrors, rng: random.Random) -> Iterator[_Chain]:
    """Neighbours that stand so near each other that they are read as one line."""
    tops = [row.most_ems for row in errors.joined]
    after: dict[int, tuple[int, str]] = {}
    taken = set[int]()
    for left, right, ems in neighbours(lines):
        row = errors.joined[within(ems, tops)]
        if right not in taken and rng.random() < row.share:
            taken.add(right)
            after[left] = right, " " if rng.random() < row.spaced else ""
    for number in range(len(lines)):
        if number in taken:
            continue
        chain = [("", lines[number])]
        while number in after:
            number, between = after[number]
            chain.append((between, lines[number]))
        yield chain


def _read(chain: _Chain, errors: ReaderErrors, worse: float, rng: random.Random) -> Iterator[PrintedLine]:
    """The line, or its parts where it is cut."""
    size = min(line.size for _, line in chain)
    factor = worse * errors.sizes[within(size, [row.most_pixels for row in errors.sizes])].factor
    characters = _added(errors.before.share, errors.before.read, chain[0][1].box[0], rng)
    for between, line in chain:
        characters.append(_Printed(between, line.box[0], line.box[0]))
        characters += _characters(line, errors, factor, rng)
    characters += _added(errors.after.share, errors.after.read, chain[-1][1].box[2], rng)
    box = hull([line.box for _, line in chain])
    parts: list[list[_Printed]] = [[]]
    for character in characters:
        cut = errors.cut_at_space if character.text == " " else errors.cut_elsewhere
        if rng.random() < cut:
            parts.append([])
        parts[-1].append(character)
    for part in parts:
        text = "".join(character.text for character in part).strip()
        if text:
            sureness = errors.sureness["wrong" if any(character.wrong for character in part) else "right"]
            place = box if len(parts) == 1 else (part[0].left, box[1], part[-1].right, box[3])
            last = next((character for character in reversed(part) if character.text.strip()), part[-1])
            read_box = _moved(place, size, errors, last.half_empty, rng)
            yield PrintedLine(text, read_box, rng.choice(sureness))


def _characters(line: TrueLine, errors: ReaderErrors, factor: float, rng: random.Random) -> Iterator[_Printed]:
    """Each character of a line as it is read. A mark that is repeated, such as a blank to fill in, is read one way."""
    widths = [_NARROW if character.isascii() else 1.0 for character in line.text]
    unit = (line.box[2] - line.box[0]) / sum(widths)
    left = line.box[0]
    place = 0
    for character, run in groupby(line.text):
        length = len(list(run))
        each_alone = character_class(character) != "mark"
        read = "" if each_alone else _sign(character, errors, factor, rng)
        for _ in range(length):
            got = _sign(character, errors, factor, rng) if each_alone else read
            right = left + unit * widths[place]
            wrong = got != character and not character.isspace()
            yield _Printed(got, left, right, wrong, character in HALF_EMPTY)
            yield from _added(errors.inside.share, errors.inside.read, right, rng)
            left, place = right, place + 1


def _sign(character: str, errors: ReaderErrors, factor: float, rng: random.Random) -> str:
    """What is read where a character is printed."""
    if character.isspace():
        return " " if rng.random() < errors.spaces_kept else ""
    style = errors.styles.get(character)
    if style is not None and rng.random() < style.share:
        return _drawn(style.read, rng)
    for share, read in errors.misreadings(character):
        if read and rng.random() < min(share * factor, _MOST_MISREAD):
            return _drawn(read, rng)
    return character


def _added(share: float, read: Counts, x: float, rng: random.Random) -> list[_Printed]:
    return [_Printed(_drawn(read, rng), x, x, wrong=True)] if read and rng.random() < share else []


def _drawn(read: Counts, rng: random.Random) -> str:
    return rng.choices(list(read), list(read.values()))[0]


def _moved(
    box: Box, size: float, errors: ReaderErrors, half_empty: bool, rng: random.Random
) -> tuple[int, int, int, int]:
    """The box as a reader would tell it."""
    left, top, right, bottom, right_of_half_empty = errors.edges
    edges = (left, top, right_of_half_empty if half_empty else right, bottom)
    x1, y1, x2, y2 = (
        round(place + size * rng.gauss(edge.mean, edge.deviation)) for place, edge in zip(box, edges, strict=True)
    )
    return x1, y1, x2, y2


def _ghosts(page: Page, errors: ReaderErrors, rng: random.Random) -> Iterator[PrintedLine]:
    """What is read where nothing is printed: signs taken for letters, stamps, watermarks."""
    whole: Box = (0.0, 0.0, *map(float, page.image.size))  # type: ignore[assignment]
    for kind, box in [*((element.kind, element.box) for element in page.elements), ("", whole)]:
        ghosts = errors.ghosts.get(kind)
        if ghosts is not None and rng.random() < ghosts.share:
            for ghost in rng.choice(ghosts.read):
                yield PrintedLine(ghost.text, _placed(ghost, box), rng.choice(errors.sureness["ghost"]))


def _placed(ghost: Ghost, outer: Box) -> tuple[int, int, int, int]:
    width, height = outer[2] - outer[0], outer[3] - outer[1]
    x1, y1, x2, y2 = ghost.box
    left, top = round(outer[0] + x1 * width), round(outer[1] + y1 * height)
    return left, top, round(outer[0] + x2 * width), round(outer[1] + y2 * height)


def _clipped(line: PrintedLine, size: tuple[int, int]) -> PrintedLine:
    """With the part of its box that lies in the picture, a pixel at least."""
    width, height = size
    x1, y1, x2, y2 = line.box
    left, top = min(max(x1, 0), width - 1), min(max(y1, 0), height - 1)
    return replace(line, box=(left, top, max(min(x2, width), left + 1), max(min(y2, height), top + 1)))


def _in_reading_order(read: Sequence[PrintedLine]) -> tuple[PrintedLine, ...]:
    """As a reader orders lines that knows nothing of cards and columns."""
    lines = [Line(line.text, line.box, _even(line), size=min(_sides(line.box))) for line in read]
    by_line = {id(line): own for line, own in zip(lines, read, strict=True)}
    return tuple(by_line[id(line)] for row in reading_rows(lines) for line in row)


def _sides(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]


def _even(line: PrintedLine) -> tuple[Box, ...]:
    """Characters of one width; all that is asked of them is how a line is tilted."""
    x1, y1, x2, y2 = line.box
    step = (x2 - x1) / len(line.text)
    return tuple((x1 + step * place, y1, x1 + step * (place + 1), y2) for place in range(len(line.text)))
