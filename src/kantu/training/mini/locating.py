"""Questions for places, many to a page: three numbers in a hundred tokens are too little to learn coordinates from."""

from __future__ import annotations

import json
import random
from dataclasses import replace

from kantu.synth.ask.scene import relative
from kantu.synth.draw.reading_order import reading_rows
from kantu.synth.page import Box, Line, Page, Question
from kantu.synth.words import phrases as say
from kantu.tasks.builtin import LOCATE, READ_BOXES
from kantu.tasks.results import TextLine, TextLines
from kantu.training.mini.reading_out import READ_OUT

_LINES = (2, 6)  # asked for one by one
_ALL = 0.35  # share of these pages of which the lines are told with their boxes
_LONGEST = 12  # characters of what is quoted


def locate(page: Page, rng: random.Random) -> Page:
    """The page with some questions more for where its lines stand, one at a time and as a list from the top."""
    texts = [line.text for line in page.lines]
    single = [line for line in page.lines if len(line.text) > 1 and sum(line.text in text for text in texts) == 1]
    chosen = rng.sample(single, min(len(single), rng.randint(*_LINES)))
    asked = [_where(page, line, rng) for line in chosen]
    if page.lines and rng.random() < _ALL:
        asked.append(_all(page))
    return replace(page, questions=(*page.questions, *asked))


def _where(page: Page, line: Line, rng: random.Random) -> Question:
    """Where a line stands, quoted whole or by a part that stands nowhere else."""
    text = line.text[:_LONGEST]
    if sum(text in other.text for other in page.lines) > 1:
        text = line.text
    quoted = say.quoted(rng, text, bare=0.15)
    question = LOCATE.instruct(target=text) if rng.random() < 0.3 else say.phrase(rng, say.WHERE, x=quoted)
    answer = json.dumps([{"bbox_2d": relative(line.box, page), "label": text}], ensure_ascii=False)
    return Question("box", question, answer, task=LOCATE.name)


def _all(page: Page) -> Question:
    rows = reading_rows(page.lines, page.elements)
    lines = [TextLine(bbox_2d=_corners(line.box, page), text=line.text.strip()[:200]) for row in rows for line in row]
    return Question(READ_OUT, READ_BOXES.instruct(), TextLines(lines).model_dump_json(), task=READ_BOXES.name)


def _corners(box: Box, page: Page) -> tuple[int, int, int, int]:
    x1, y1, x2, y2 = relative(box, page)
    return x1, y1, x2, y2
