"""Questions that are answered by reading out: the page, a card, a row, or whether something is written."""

from __future__ import annotations

from collections.abc import Iterable

from kantu.synth.ask.scene import Scene
from kantu.synth.draw.reading_order import hull, row_text, transcription
from kantu.synth.page import Line, Question
from kantu.synth.words import phrases as say
from kantu.synth.words import vocabulary
from kantu.tasks.builtin import READ, READ_BOXES
from kantu.tasks.results import TextLine, TextLines, written

_PAGE_CHARACTERS = 120  # whole pages longer than this are not asked to be transcribed
_BOXED_LINES = 16  # pages with more lines are not asked for each line's box


def present(scene: Scene) -> Question | None:
    """Is this written on the page? Half the time it is not, often by one character only."""
    rng, text = scene.rng, scene.some_text()
    if text is None:
        return None
    asked, answer = text.text, "有"
    if rng.random() < 0.5:
        answer = "没有"
        index = rng.randrange(len(asked))
        other = vocabulary.digits(rng, 1) if asked[index].isdigit() else rng.choice(vocabulary.HAN)
        asked = asked[:index] + other + asked[index + 1 :] if rng.random() < 0.5 else vocabulary.word(rng)
        if scene.shown(asked):
            return None
    return Question("present", say.phrase(rng, say.PRESENT, x=say.quoted(rng, asked, bare=0.1)), answer)


def edge_row(scene: Scene) -> Question | None:
    """The first or the last row of the page, where no other text stands as high or as low."""
    first = scene.rng.random() < 0.5
    lines = scene.flat.lines
    if not lines:
        return None
    edge = min(lines, key=lambda line: line.box[1]) if first else max(lines, key=lambda line: line.box[3])
    row = next(row for row in scene.rows if edge in row)
    top, _, bottom = hull([line.box for line in row])[1:]
    level = [line for line in lines if line.box[1] < bottom and line.box[3] > top]
    if len(row) > 2 or len(scene.rows) < 2 or len(level) > len(row):
        return None
    text = row_text(row)
    kind, templates = ("first_line", say.FIRST) if first else ("last_line", say.LAST)
    return Question(kind, say.phrase(scene.rng, templates), text, _texts(row))


def _texts(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(line.text.strip() for line in lines)


def transcribe_line(scene: Scene) -> Question | None:
    """The whole row, or the whole sentence, that holds a text."""
    rng = scene.rng
    if rng.random() < 0.4:
        long = [each for each in scene.texts if 9 <= len(each.text) <= 40 and scene.unique(each.text[:4])]
        if not long:
            return None
        text = rng.choice(long)
        return Question(
            "transcribe",
            say.phrase(rng, say.STARTS, x=say.quoted(rng, text.text[:4], bare=0.0)),
            text.text,
            (text.text,),
            READ.name,
        )
    rows = [row for row in scene.rows if 1 < len(row) <= 4]
    if not rows:
        return None
    row = rng.choice(rows)
    pointer = rng.choice(row)
    if not scene.unique(pointer.text) or len(pointer.text) < 2:
        return None
    question = say.phrase(rng, say.TRANSCRIBE_LINE, x=say.quoted(rng, pointer.text, bare=0.1))
    return Question("transcribe", question, row_text(row), _texts(row), READ.name)


def transcribe_card(scene: Scene) -> Question | None:
    """Everything on one card."""
    rng = scene.rng
    cards = [index for index, element in enumerate(scene.flat.elements) if element.kind == "card"]
    if not cards:
        return None
    index = rng.choice(cards)
    box = scene.flat.elements[index].box
    inside = [
        line
        for line in scene.flat.lines
        if box[0] <= (line.box[0] + line.box[2]) / 2 <= box[2] and box[1] <= (line.box[1] + line.box[3]) / 2 <= box[3]
    ]
    if len(inside) < 2 or sum(len(line.text) for line in inside) > _PAGE_CHARACTERS:
        return None
    titles = [line.text for line in inside if line.role == "title" and scene.unique(line.text)]
    if titles and rng.random() < 0.5:
        question = say.phrase(rng, say.TRANSCRIBE_TITLED, x=say.quoted(rng, titles[0], bare=0.0))
    else:
        question = say.phrase(rng, say.TRANSCRIBE_CARD, b=str(scene.relative(scene.page.elements[index].box)))
    return Question("transcribe", question, transcription(inside, scene.flat.elements), _texts(inside), READ.name)


def transcribe_page(scene: Scene) -> Question | None:
    """Everything on the page, when it isn't much."""
    lines = scene.flat.lines
    if not lines or sum(len(line.text) for line in lines) > _PAGE_CHARACTERS:
        return None
    question = say.phrase(scene.rng, say.TRANSCRIBE_PAGE)
    return Question("transcribe", question, "\n".join(map(row_text, scene.rows)), _texts(lines), READ.name)


def lines_with_boxes(scene: Scene) -> Question | None:
    """Every line with its box, where there are few."""
    rows = scene.rows
    if not rows or sum(map(len, rows)) > _BOXED_LINES:
        return None
    places = {id(flat): line.box for flat, line in zip(scene.flat.lines, scene.page.lines, strict=True)}
    lines = [TextLine(bbox_2d=scene.relative(places[id(line)]), text=line.text) for row in rows for line in row]
    return Question("lines", READ_BOXES.instruct(), written(TextLines(lines)), task=READ_BOXES.name)
