"""A task: what the model is told, what comes back, and when it is right."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kantu.errors import Words, error
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
        defaults: what variables are when nothing is given for them; those without a default must be given.
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
    def _template(self) -> str:
        return self.instruction or "{question}"

    def instruct(self, /, **given: str) -> str:
        """The prompt: the instruction with its variables put in, or the user's own question.

        Raises InvalidRequestError (`task_variables`) where one is missing or the instruction has no place for it.
        """
        values = {**self.defaults, **given}
        if set(values) != set(self.variables):
            wanted = Words("、".join(self.variables) or "无", ", ".join(self.variables) or "nothing")
            raise error("task_variables", task=Words(self.title, repr(self.name)), wanted=wanted)
        return self._template.format_map(values)

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
