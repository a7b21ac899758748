"""Questions that have a page read out: every token of such an answer is a reason to look at the picture."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.draw.reading_order import reading_rows, row_text
from kantu.synth.page import Page, Question
from kantu.tasks.builtin import READ

READ_OUT = "read_out"
_FROM_TOP = ("把图里的文字抄下来", "逐行读出图里的字", "识别全部文字", "图上都写了什么？全部写出来", "转写这张图")
_NOTHING = "图里没有文字。"
_FROM_ROW = ("从“{row}”这一行开始往下读", "“{row}”及下面的文字都写出来", "从“{row}”往下抄")


def read_out(page: Page, rng: random.Random) -> Page:
    """The page with one to four questions more: to read it out, from the top or from rows that stand there once."""
    rows = [row_text(row) for row in reading_rows(page.lines, page.elements)]
    if not rows:
        nothing = Question(READ_OUT, rng.choice(_FROM_TOP), _NOTHING, task=READ.name, absent=True)
        return replace(page, questions=(*page.questions, nothing))
    starts = [index for index, row in enumerate(rows) if rows.count(row) == 1 and len(row) > 1]
    asked = []
    if rng.random() < 0.6 or not starts:
        asked.append((0, rng.choice(_FROM_TOP)))
    for start in rng.sample(starts, min(len(starts), rng.randint(1, 3))):
        asked.append((start, rng.choice(_FROM_ROW).format(row=rows[start])))
    rng.shuffle(asked)
    made = (Question(READ_OUT, question, "\n".join(rows[start:]), task=READ.name) for start, question in asked)
    return replace(page, questions=(*page.questions, *made))
