"""Questions about several pictures at once: what one of them was asked, and which of them shows something."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from kantu.synth.page import Page, Question
from kantu.synth.words import phrases as say
from kantu.tasks.builtin import ASK

SEVERAL = "several"
_OF_ONE = (2, 3)  # questions about one picture, of each
_ORDINALS = ("一", "二", "三")
_NAMED = ("第{n}张图里，{q}", "第{n}张图：{q}", "第{n}张，{q}", "看第{n}张图，{q}", "{q}（第{n}张图）")
_OF_TWO = (
    ("前一张图，{q}", "上面第一张，{q}", "先发的那张，{q}"),
    ("后一张图，{q}", "另一张图里，{q}", "后发的那张，{q}"),
)
_WHICH = ("哪张图里有{x}？", "{x}在第几张图上", "第几张图写着{x}", "{x}是哪一张里的？", "哪一张能看到{x}")
_WHICH_ANSWERS = ("第{n}张。", "第{n}张图。", "在第{n}张图里。")


def several(pages: Sequence[Page], rng: random.Random) -> tuple[Question, ...]:
    """Questions about two or three pages shown one after the other."""
    asked: list[Question] = []
    for number, page in enumerate(pages):
        own = [question for question in page.questions if question.task == ASK.name]
        for question in rng.sample(own, min(len(own), rng.randint(*_OF_ONE))):
            forms = _OF_TWO[number] if len(pages) == 2 and rng.random() < 0.3 else _NAMED
            text = rng.choice(forms).format(n=_ORDINALS[number], q=question.question)
            asked.append(replace(question, kind=SEVERAL, question=text))
        which = _which(pages, number, rng)
        if which:
            asked.append(which)
    return tuple(asked)


def _which(pages: Sequence[Page], number: int, rng: random.Random) -> Question | None:
    """Which of them has this text, where only one has."""
    others = [line.text for other, page in enumerate(pages) if other != number for line in page.lines]
    texts = [
        line.text.strip()
        for line in pages[number].lines
        if 2 <= len(line.text.strip()) <= 12 and not any(line.text.strip() in text for text in others)
    ]
    if not texts:
        return None
    question = rng.choice(_WHICH).format(x=say.quoted(rng, rng.choice(texts)))
    place = _ORDINALS[number]
    return Question(SEVERAL, question, rng.choice(_WHICH_ANSWERS).format(n=place), (f"第{place}张",))
