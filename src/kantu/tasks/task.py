"""A task: what the model is told, what comes back, and when it is right."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kantu.errors import Words, error, listed
from kantu.tasks.judges import denies
from kantu.tasks.problem import Check
from kantu.tasks.result_type import ResultType
from kantu.tasks.truth import Judge, Truth


@dataclass(frozen=True)
class Example:
    """A picture, what is given for the instruction's variables, and the right record."""

    picture: Path
    given: Mapping[str, str]
    expected: Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """Something that can be asked of a picture.

    Attributes:
        name: stable English identifier.
        title: its name in Chinese.
        judge: scores an answer about something that the picture shows.
        instruction: what the model is told, with `{variables}`; empty where the user's own question is all.
        defaults: what variables are when nothing is given for them; those without a default must be given, not blank.
        thousandths: variables that say where in the picture, in thousandths of its width or height.
        result: the type of a typed answer, whose JSON schema constrains the model; None where the answer is prose.
        max_pixels: pixel budget of each picture; None leaves it to the folder.
        printed: fields whose words stand in the picture, so that their boxes can be asked for; "*" is all.
        framed: the field of each element of a list whose words the element's box frames.
        frames_controls: whether the box is that of the control which the words name, where they stand in one.
        checks: what can be found wrong in a result without a model.
        review_below: results less sure than this need a person's look, 0 to 1; None leaves it to the calibration.
        examples: of what is asked and answered.
    """

    name: str
    title: str
    judge: Judge
    instruction: str = ""
    defaults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    thousandths: tuple[str, ...] = ()
    result: ResultType | None = None
    max_pixels: int | None = None
    printed: tuple[str, ...] = ()
    framed: str = ""
    frames_controls: bool = False
    checks: tuple[Check, ...] = ()
    review_below: float | None = None
    examples: tuple[Example, ...] = ()

    @property
    def variables(self) -> tuple[str, ...]:
        """What the prompt has places for, in their order."""
        return tuple(dict.fromkeys(name for _, name, _, _ in string.Formatter().parse(self._template) if name))

    @property
    def is_question(self) -> bool:
        """Whether the user's own question is all that the model is told."""
        return not self.instruction

    @property
    def needs_picture(self) -> bool:
        """Whether it is about pictures in any case: a model that is shown none would make up what it is asked for."""
        return not self.is_question

    @property
    def _template(self) -> str:
        return self.instruction or "{question}"

    def instruct(self, /, **given: str) -> str:
        """The prompt: the instruction with its variables put in, or the user's own question.

        Raises InvalidRequestError (`task_variables`), which names the variable: one is missing, or blank without a
        default, or no thousandth where it is to be one; or the instruction has no place for what is given.
        """
        values = {**self.defaults, **given}
        task = self.in_words
        if not values.keys() <= set(self.variables):  # names are the caller's, and are not repeated
            raise error("task_variables.unknown", task=task, wanted=self.wanted)
        missing = [name for name in self.variables if name not in values]
        if missing:
            told = listed(missing)
            raise error("task_variables.missing", param=missing[0], task=task, missing=told, wanted=self.wanted)
        for name in self.variables:
            if name not in self.defaults and not values[name].strip():
                raise error("task_variables.blank", param=name, task=task, name=name)
            if name in self.thousandths and not _is_thousandth(values[name]):
                raise error("task_variables.thousandth", param=name, task=task, name=name)
        return self._template.format_map(values)

    @property
    def in_words(self) -> Words:
        """What it is called in a sentence."""
        return Words(self.title, repr(self.name))

    @property
    def wanted(self) -> Words:
        """Its variables in a sentence, in their order, and which of them may be left out."""
        zh = "、".join(name + ("（可省略）" if name in self.defaults else "") for name in self.variables)
        en = ", ".join(name + (" (optional)" if name in self.defaults else "") for name in self.variables)
        return Words(zh or "无", en or "nothing")

    def given_in(self, prompt: str) -> dict[str, str] | None:
        """What was given for the variables of the prompt; None where it is not this task's."""
        parts = string.Formatter().parse(self._template)
        pattern = "".join(re.escape(words) + (f"(?P<{name}>.*)" if name else "") for words, name, _, _ in parts)
        told = re.fullmatch(pattern, prompt, re.DOTALL)
        return None if told is None else told.groupdict()

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of `result`, or None."""
        return None if self.result is None else self.result.schema

    def parse(self, answered: str) -> Any:
        """The typed result of an answer (the answer itself where it is prose), or None if it is not of its form."""
        return answered if self.result is None else self.result.parse(answered)

    def score(self, truth: Truth, answered: str) -> float:
        """The share of an answer that is right, 0 to 1; an answer with something `forbidden` in it is wrong."""
        if truth.fooled(answered):
            return 0.0
        return denies(truth, answered) if truth.absent else self.judge(truth, answered)


def _is_thousandth(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 4 and int(text) <= 1000
