"""Where a text stands in printed lines: in one of them, or broken over several."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kantu.solve.reader import PrintedLine

Box = tuple[int, int, int, int]
"""x1, y1, x2, y2 in pixels of what the lines were read from."""

_SIGNS = str.maketrans({**dict.fromkeys("−–—‐‑", "-"), "×": "x", "º": "°"})
_POINTS = "·・•。"  # what a decimal point may be read as
_THOUSANDS = re.compile(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])")
_ALIKE = str.maketrans({"i": "l"})  # letters that a reader takes for each other when their case is gone; never digits
_MARKS = "%‰°"  # signs that are part of a value
_TIME_AFTER_DATE = re.compile(r"(?<=[-/.]\d\d)(?=\d\d:\d\d)")  # readers drop the blank between them
_LONG_NUMBER = 7  # digits: may be printed in groups, as telephone numbers are
_UNITS = (  # what may be printed elsewhere, in the head of a column; a percentage is always printed as one
    "元 块 角 分 万 亿 万元 亿元 千 百 个 只 件 份 张 台 套 部 本 支 条 盒 箱 袋 包 瓶 杯 双 对 把 片 粒 颗 位 人 名 "
    "次 单 笔 户 家 种 项 页 字 年 月 日 号 天 周 小时 分钟 秒 点 时 岁 折 倍 级 楼 层 室 米 厘米 毫米 公里 千米 "
    "平方米 克 千克 公斤 斤 吨 升 毫升 度 积分 rmb cny usd kg g mg t km m cm mm l ml mah gb mb tb kb hz w kw v h s min"
)
_BEFORE_NUMBERS = "约|共|满|第|x|rmb|cny|usd|us|hk"
_MOST_PIECES = 6  # lines that one text is broken over
_LEAST_NEAR = 4  # characters of a text that may be found with mistakes in it
_NEAR = 5  # characters for each mistake
_NARROW, _BLANK = 0.55, 0.3  # widths, where a Chinese character has 1


@dataclass(frozen=True, slots=True)
class Span:
    """Characters `start` to `end` of line number `line`."""

    line: int
    start: int
    end: int


Place = tuple[Span, ...]
"""Where a text stands once: a span for each of the lines it is broken over."""


@dataclass(frozen=True, slots=True)
class Folded:
    """A text in the form in which it is compared; `origin` has the number of the character that each one comes from."""

    text: str
    origin: tuple[int, ...]

    def span(self, line: int, start: int, end: int) -> Span:
        """The span of the original, which is line number `line`."""
        return Span(line, self.origin[start], self.origin[end - 1] + 1)

    @property
    def solid(self) -> Folded:
        """Without the blanks between digits."""
        kept = [at for at, char in enumerate(self.text) if char != " "]
        return Folded("".join(self.text[at] for at in kept), tuple(self.origin[at] for at in kept))


def fold(text: str) -> Folded:
    """Compatibility forms, case and letters alike made equal; blanks, currencies and punctuation dropped.

    A mark between two digits stays, except a separator of thousands; where more is dropped between them, a blank parts
    them. A minus stays before a number.
    """
    wide = [(char, index) for index, original in enumerate(text) for char in _compatible(original)]
    plain = "".join(char for char, _ in wide)
    thousands = {at for match in _THOUSANDS.finditer(plain) for at in range(*match.span()) if plain[at] == ","}
    times = {match.start() for match in _TIME_AFTER_DATE.finditer(plain)}
    kept: list[tuple[str, int]] = []
    parted = False
    for at, (char, index) in enumerate(wide):
        if at in thousands:
            continue
        folded = _folded(char, plain[at - 1 : at], plain[at + 1 : at + 2])
        if folded.isdigit() and (parted or at in times) and kept and kept[-1][0].isdigit():
            kept.append((" ", index))
        kept += [(each, index) for each in folded]
        parted = not folded
    return Folded("".join(char for char, _ in kept), tuple(index for _, index in kept))


def _compatible(char: str) -> str:
    return unicodedata.normalize("NFKC", char.translate(_SIGNS)).translate(_SIGNS)


def _folded(char: str, before: str, after: str) -> str:
    """What becomes of a character between those before and after it."""
    if char.isalnum() or char in _MARKS:
        return char.casefold().translate(_ALIKE)
    if char.isspace() or not after.isdigit():
        return ""
    if before.isdigit():
        return "." if char in _POINTS else char
    return char if char == "-" and not before.isalnum() else ""


def places(text: str, lines: Sequence[PrintedLine], folded: Sequence[Folded] | None = None) -> list[Place]:
    """Where `text` is printed: within lines; else broken over lines; else the number that it is, with another unit.

    Args:
        folded: the texts of `lines`, where many texts are looked up in the same ones.
    """
    wanted = fold(text).text
    if not wanted:
        return []
    folded = [fold(line.text) for line in lines] if folded is None else folded
    found = _within(_spaced(wanted), wanted, folded) or _broken(fold(text).solid.text, folded, lines)
    number = None if found else _NUMBER.fullmatch(wanted)
    return _within(_equal(number[1]), number[1], folded) if number else found


def near_places(text: str, lines: Sequence[PrintedLine]) -> list[Place]:
    """Where lines come nearest to `text`, with no more than a mistake for every five characters, or one in four."""
    wanted = fold(text).solid.text
    most = len(wanted) // _NEAR if len(wanted) > _NEAR else 1
    if len(wanted) < _LEAST_NEAR:
        return []
    best: list[Place] = []
    for number, line in enumerate(lines):
        folded = fold(line.text).solid
        if (Counter(wanted) - Counter(folded.text)).total() > most:
            continue
        mistakes, start, end = _nearest_part(wanted, folded.text)
        if mistakes > most or start == end:
            continue
        if mistakes < most:
            best, most = [], mistakes
        best.append((folded.span(number, start, end),))
    return best


def boxes_of(place: Place, lines: Sequence[PrintedLine]) -> tuple[Box, ...]:
    """The parts of the lines' boxes that hold the spans, by the widths that their characters usually have."""
    return tuple(_part(lines[span.line], span) for span in place)


def _part(line: PrintedLine, span: Span) -> Box:
    x1, y1, x2, y2 = line.box
    upright = y2 - y1 > 1.5 * (x2 - x1) and len(line.text) > 1
    widths = [1.0 if upright else _width(char) for char in line.text]
    first, last = (sum(widths[:end]) / sum(widths) for end in (span.start, span.end))
    if upright:
        return x1, y1 + round(first * (y2 - y1)), x2, y1 + round(last * (y2 - y1))
    return x1 + round(first * (x2 - x1)), y1, x1 + round(last * (x2 - x1)), y2


def _width(char: str) -> float:
    if char.isspace():
        return _BLANK
    return 1.0 if unicodedata.east_asian_width(char) in "WF" else _NARROW


_NUMBER = re.compile(
    rf"(?:{_BEFORE_NUMBERS})?(-?\d+(?:\.\d+)?)(?:{'|'.join(re.escape(fold(unit).text) for unit in _UNITS.split())})?"
)


def _within(expression: str, wanted: str, folded: Sequence[Folded]) -> list[Place]:
    """Matches of an expression in lines. Numbers at the ends of what is wanted are found only whole: no 2 in 12."""
    first = r"(?<!\d)(?<!\d\.)" if wanted[0].isdigit() else ""
    last = r"(?!\.?\d)" if wanted[-1].isdigit() else ""
    pattern = re.compile(first + expression + last)
    return [
        (line.span(n, *match.span()),)
        for n, line in enumerate(folded)
        for match in pattern.finditer(line.text)
        if not _is_dash(line, match.start())
    ]


def _is_dash(line: Folded, at: int) -> bool:
    """Whether there is a dash at `at` that joins two numbers, as in 0-5: a minus does not follow a number directly."""
    return line.text[at] == "-" and at > 0 and line.origin[at - 1] + 1 == line.origin[at]


def _spaced(wanted: str) -> str:
    """An expression for a folded text. A long number may be printed in groups; a blank need not be there."""
    long = sum(char.isdigit() for char in wanted) >= _LONG_NUMBER
    parts = [re.escape(wanted[0])]
    for before, char in pairwise(wanted):
        grouped = long and before.isdigit() and char.isdigit()
        parts.append(" ?" if char == " " else f" ?{char}" if grouped else re.escape(char))
    return "".join(parts)


def _equal(number: str) -> str:
    """An expression for a number, which may be printed with more zeros: 5 as 5.00."""
    return re.escape(number) + ("0*" if "." in number else r"(?:\.0+)?")


def _broken(wanted: str, folded: Sequence[Folded], lines: Sequence[PrintedLine]) -> list[Place]:
    """Places of a text that begins at the end of a line and goes on in the lines that follow it."""
    solid = [line.solid for line in folded]
    found: list[Place] = []
    for number, line in enumerate(solid):
        for length in range(min(len(line.text), len(wanted) - 1), 0, -1):
            start = len(line.text) - length
            cut = start > 0 and wanted[0].isdigit() and line.text[start - 1].isdigit()
            if line.text.endswith(wanted[:length]) and not cut:
                rest = _rest(wanted[length:], number, solid, lines, _MOST_PIECES - 1)
                if rest:
                    found.append((line.span(number, start, len(line.text)), *rest))
                break
    return found


def _rest(wanted: str, before: int, solid: Sequence[Folded], lines: Sequence[PrintedLine], pieces: int) -> Place | None:
    """The rest of a text, from the beginning of a line that follows line number `before`."""
    if not pieces:
        return None
    for number in _following(before, lines):
        line = solid[number]
        if not line.text:
            continue
        if line.text.startswith(wanted):
            if not (wanted[-1].isdigit() and line.text[len(wanted) :][:1].isdigit()):
                return (line.span(number, 0, len(wanted)),)
        elif wanted.startswith(line.text):
            rest = _rest(wanted[len(line.text) :], number, solid, lines, pieces - 1)
            if rest:
                return (line.span(number, 0, len(line.text)), *rest)
    return None


def _following(number: int, lines: Sequence[PrintedLine]) -> Iterator[int]:
    """Lines that a sentence may go on in, nearest first: right of it in its row, or below it."""
    x1, y1, x2, y2 = lines[number].box
    height = min(y2 - y1, x2 - x1)
    near = []
    for other, line in enumerate(lines):
        left, top, right, bottom = line.box
        middle = (top + bottom) / 2
        if y1 < middle < y2 and left >= x2 - height / 2:
            near.append((left - x2, other))
        elif y1 + height / 2 < top < y2 + 1.5 * height and left < x2 and (right > x1 or left <= x1):
            near.append((top - y2 + abs(left - x1), other))
    return (other for _, other in sorted(near) if other != number)


def _nearest_part(wanted: str, text: str) -> tuple[int, int, int]:
    """Fewest edits that make `wanted` of a part of `text`, and the part's start and end."""
    row = [(0, start) for start in range(len(text) + 1)]  # edits so far, and where the part starts
    for char in wanted:
        below = [(row[0][0] + 1, 0)]
        for at, other in enumerate(text):
            below.append(
                min(
                    (row[at][0] + (char != other), row[at][1]),
                    (row[at + 1][0] + 1, row[at + 1][1]),
                    (below[at][0] + 1, below[at][1]),
                )
            )
        row = below
    end = min(range(len(row)), key=lambda at: (row[at][0], row[at][1] - at))  # of parts as near, the longest
    return row[end][0], row[end][1], end
