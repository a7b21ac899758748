"""Questions asked without a picture: the answer says that there is none, instead of making one up."""

from __future__ import annotations

import random
from collections.abc import Sequence

from kantu.synth.page import Page, Question

NO_PICTURE = "no_picture"
_MOST = 8
_ANSWERS = (
    "没有图片，看不到。",
    "这里没有图片，请先发一张图。",
    "没有收到图片，无法回答。",
    "没有看到图片，请把图发过来。",
    "没有图，看不到你问的内容。",
)


def unseen(pages: Sequence[Page], rng: random.Random) -> tuple[Question, ...]:
    """What was asked about some of these pages, as it is to be answered when no picture was sent."""
    asked = sorted({question.question for page in pages for question in page.questions})
    chosen = rng.sample(asked, min(_MOST, len(asked)))
    return tuple(Question(NO_PICTURE, question, rng.choice(_ANSWERS), absent=True) for question in chosen)
