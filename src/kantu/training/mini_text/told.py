"""What the stitched pipeline would ask its text model about drawn pages, made of its own stages."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from kantu.contenders.pipeline.describe import describe
from kantu.contenders.pipeline.parts import Asked, Picture, Prompt
from kantu.contenders.pipeline.prompt import make_prompt
from kantu.contenders.pipeline.vision import look
from kantu.solve.boxes import KEY
from kantu.synth.page import Page, Question
from kantu.tasks.builtin import TASKS
from kantu.training.mini_text.misreading import misread
from kantu.training.mini_text.reader_errors import ReaderErrors


def told(page: Page, errors: ReaderErrors, rng: random.Random) -> Picture:
    """A page as the stages before the prompt know it, with the lines that the reader would have read."""
    lines = misread(page, errors, rng)
    seen = look(np.asarray(page.image.convert("RGB")), lines)
    return Picture(page.image.size, 1.0, lines, seen, describe(lines, seen, page.image.size, "markdown"))


def opening(pictures: Sequence[Picture]) -> str:
    """What every prompt about these pictures begins with."""
    return _prompted(pictures, Question("", "", "")).messages[0].text


def asked(pictures: Sequence[Picture], questions: Iterable[Question]) -> Iterator[Question]:
    """The questions as they follow `opening`, with what the text model is to answer.

    What the pipeline answers without its text model is left out. Boxes are: the pipeline looks them up itself.
    """
    begins = opening(pictures)
    for question in questions:
        prompt = _prompted(pictures, question)
        if prompt.ready is None:
            (message,) = prompt.messages
            yield replace(question, question=message.text.removeprefix(begins), answer=without_boxes(question))


def without_boxes(question: Question) -> str:
    """The right answer, rid of boxes where it is a record under a schema."""
    if TASKS[question.task].schema() is None or KEY not in question.answer:
        return question.answer
    return json.dumps(_stripped(json.loads(question.answer)), ensure_ascii=False)


def _prompted(pictures: Sequence[Picture], question: Question) -> Prompt:
    return make_prompt(pictures, Asked(question.question, schema=TASKS[question.task].schema()), "short")


def _stripped(part: Any) -> Any:
    if isinstance(part, list):
        return [_stripped(each) for each in part]
    return {key: _stripped(value) for key, value in part.items() if key != KEY} if isinstance(part, dict) else part
