"""What a family says about its pictures: screens, and the questions asked of them.

A screen's `truth` holds every text (by key) that a question rests on. Its template draws such a text with
`{{ t.KEY }}`, which marks it for the browser: `<span data-truth="KEY">text</span>`. Write the attribute by
hand on buttons, pictures and shapes, with `data-whole` where a question's box is the element and not only its text; the
truth of an element without text is "". In questions, answers and values `{KEY}` stands for the text of that key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SANS, SERIF = '"Noto Sans CJK SC"', '"Noto Serif CJK SC"'
MICRO, ZEN, KAI = '"WenQuanYi Micro Hei"', '"WenQuanYi Zen Hei"', '"LXGW WenKai"'


@dataclass(frozen=True)
class Question:
    """One question. `box` is the key of the element whose place is the answer; render.py fills that answer in."""

    kind: str
    question: str
    answer: str = ""
    values: tuple[str, ...] = ()
    absent: bool = False
    task: str = "ask"
    forbidden: tuple[str, ...] = ()
    box: str | None = None
    label: str = ""
    record: Mapping[str, str | None] | None = None
    pictures: tuple[str, ...] = ()


@dataclass(frozen=True)
class Screen:
    """One picture: a template of its family's folder, what fills it, and what is asked.

    Attributes:
        number: 1 and up; the picture is `FAMILY/NN.webp`.
        width: of the page, in CSS pixels.
        height: of the page, in CSS pixels; 0 is as high as its content.
        template: file of `families/FAMILY/`.
        truth: key -> text exactly as drawn.
        data: whatever else the template uses.
        scale: picture pixels a CSS pixel.
        font: CSS family; the template may use others beside it.
    """

    number: int
    width: int
    height: int
    template: str
    truth: Mapping[str, str]
    questions: tuple[Question, ...]
    data: Mapping[str, Any] = field(default_factory=dict)
    scale: float = 1.0
    font: str = SANS


def ask(kind: str, question: str, answer: str, *values: str, forbidden: tuple[str, ...] = ()) -> Question:
    """A question answered in words that contain every one of `values`."""
    return Question(kind, question, answer, values, forbidden=forbidden)


def absent(question: str, answer: str) -> Question:
    """A question that the picture does not answer."""
    return Question("unanswerable", question, answer, absent=True)


def box(question: str, key: str, label: str) -> Question:
    """Where the element of `key` is."""
    return Question("box", question, task="locate", box=key, label=label)


def transcribe(question: str, answer: str) -> Question:
    """What stands there, compared as a whole."""
    return Question("transcribe", question, answer, task="read")


def record(question: str, **keys: str | None) -> Question:
    """A JSON object; each name is a key of the answer, each value a key of the truth (None: the picture has it not)."""
    return Question("record", question, task="extract", record=keys)


def choose(question: str, answer: str, right: str, *wrong: str) -> Question:
    """One of the offered wordings, and none of the others."""
    return Question("choice", question, answer, (right,), forbidden=wrong)


def compare(question: str, answer: str, right: str, other: str) -> Question:
    """Which of two; an answer that puts them the wrong way round is wrong."""
    return Question("compare", question, answer, (right,), forbidden=(f"{other}比{right}", f"{other}更"))


def fine(question: str, answer: str = "合规。") -> Question:
    """Whether it is allowed, and it is."""
    return ask("verdict", question, answer, "合规", forbidden=("不合规", "不是合规", "不算合规"))


def bad(question: str, answer: str) -> Question:
    """Whether it is allowed, and it is not. The question names both words."""
    no = ("没有", "不", "无", "未", "没", "不存在", "没发现", "未发现", "不属于", "不算")
    return ask("verdict", question, answer, "违规", forbidden=tuple(f"{word}违规" for word in no))


def line_of(question: Question, truth: Mapping[str, str], boxes: Mapping[str, list[int]]) -> dict[str, Any]:
    """A question as truth.jsonl has it; fields at their defaults are left out."""

    def filled(text: str) -> str:
        return text.format_map(truth) if "{" in text else text

    answer = filled(question.answer)
    if question.box is not None:
        answer = json.dumps([{"bbox_2d": boxes[question.box], "label": filled(question.label)}], ensure_ascii=False)
    elif question.record is not None:
        found = {name: truth[key] if key else None for name, key in question.record.items()}
        answer = json.dumps(found, ensure_ascii=False)
    line: dict[str, Any] = {"kind": question.kind, "question": filled(question.question), "answer": answer}
    line["values"] = [filled(value) for value in question.values]
    line["absent"] = question.absent
    line["task"] = question.task
    line["forbidden"] = [filled(text) for text in question.forbidden]
    line["pictures"] = list(question.pictures)
    defaults = {"values": [], "absent": False, "task": "ask", "forbidden": [], "pictures": []}
    return {name: value for name, value in line.items() if name not in defaults or value != defaults[name]}
