"""Stage 4: a picture in words, for a model that cannot see it. Boxes are told in thousandths of width and height."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kantu.contenders.pipeline.markdown import as_markdown
from kantu.contenders.pipeline.parts import Style
from kantu.contenders.pipeline.seen import Box, Seen
from kantu.contenders.pipeline.wording import element_words, line_marks, marked
from kantu.solve.reader import PrintedLine

NOTHING = "（图中没有读到文字，也没有看到界面元素。）"


def describe(lines: Sequence[PrintedLine], seen: Seen, size: tuple[int, int], style: Style) -> str:
    """What is known of a picture of `size` (width, height), in a style."""
    if style == "markdown":
        told = as_markdown(lines, seen)
    elif style == "positions":
        told = "\n".join(_with_positions(lines, seen, size))
    else:
        told = "\n".join(line.text for line in lines)
    return told or NOTHING


def thousandths(box: Box, size: tuple[int, int]) -> list[int]:
    """A box as Qwen3-VL and its prompts write it."""
    return [min(max(round(1000 * edge / side), 0), 1000) for edge, side in zip(box, size * 2, strict=True)]


def _with_positions(lines: Sequence[PrintedLine], seen: Seen, size: tuple[int, int]) -> Iterator[str]:
    marks = line_marks(lines, seen)
    for number, line in enumerate(lines):
        yield f"{thousandths(line.box, size)} {marked(line.text, marks[number])}"
    for element in seen.elements:
        yield f"{thousandths(element.box, size)} 〔{element_words(element)}〕{element.text or element.label}"
