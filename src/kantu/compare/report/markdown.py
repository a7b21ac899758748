"""A comparison as Markdown, all of it in Chinese and then in English, put between two marks of a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kantu.compare import accuracy
from kantu.compare.comparison import Comparison
from kantu.compare.pairs import Pair
from kantu.compare.report.about import about
from kantu.compare.report.rows import same
from kantu.compare.report.sections import Section, loss_name, sections
from kantu.errors import Words

BEGIN = "<!-- kantu compare: 从这里到结束标记由 kantu compare --markdown 生成，请勿手改 -->"
END = "<!-- kantu compare: 结束 -->"
EXAMPLES = 10  # each way
_MOST_CHARACTERS = 90  # of an answer
_WON = (
    (True, Words("看图对、流水线错的例子", "where Kantu is right and the pipeline wrong")),
    (False, Words("流水线对、看图错的例子", "where the pipeline is right and Kantu wrong")),
)
_HEADS = (
    *(Words("图", "picture"), Words("问", "question"), Words("标准答案", "truth"), Words("看图", "Kantu")),
    *(Words("流水线", "pipeline"), Words("丢在", "lost at")),
)


def markdown(found: Comparison) -> str:
    """What stands between the marks."""
    return "\n".join([*_told(found, 0), "", "---", *_told(found, 1)])


def _told(found: Comparison, language: int) -> Iterator[str]:
    """In the language of this number in `Words`."""
    yield f"\n{about(found)[language]}"
    for section in sections(found):
        yield from _section(section, language)
    for ours, title in _WON:
        pairs = accuracy.won(found.pairs, ours=ours, most=EXAMPLES)
        if pairs:
            told = tuple(_example(pair) for pair in pairs)
            yield from _section(Section(title, _HEADS, told), language)


def _section(section: Section, language: int) -> Iterator[str]:
    yield f"\n### {section.title[language]}\n"
    yield _line([head[language] for head in section.heads])
    yield "|---" * len(section.heads) + "|"
    yield from (_line([cell[language] for cell in row]) for row in section.rows)
    if section.note[language]:
        yield f"\n{section.note[language]}"


def _example(pair: Pair) -> tuple[Words, ...]:
    ours, theirs = pair.ours, pair.theirs
    texts = (ours.place, ours.question, ours.truth, ours.answer, theirs.answer)
    lost = Words("", "") if pair.loss is None else loss_name(pair.loss.stage)
    return (*(same(_short(text)) for text in texts), lost)


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _MOST_CHARACTERS else flat[:_MOST_CHARACTERS] + "…"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"
