"""A task: what the model is told, what comes back, and when it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ValidationError

from kantu.tasks.judges import denies
from kantu.tasks.truth import Judge, Truth


@dataclass(frozen=True)
class Task:
    """Something that can be asked of a picture.

    Attributes:
        name: stable English identifier.
        title: its name in Chinese.
        judge: scores an answer about something that the picture shows.
        instruction: what the model is told; empty where the user's own question is all.
        result: the type of a typed answer, whose JSON schema constrains the model; None where the answer is prose.
        max_pixels: pixel budget of each picture; None leaves it to the folder.
    """

    name: str
    title: str
    judge: Judge
    instruction: str = ""
    result: type[BaseModel] | None = None
    max_pixels: int | None = None

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of `result`, or None."""
        return self.result.model_json_schema() if self.result else None

    def parse(self, answered: str) -> BaseModel | str | None:
        """The typed result of an answer (the answer itself where it is prose), or None if it is not of its form."""
        if self.result is None:
            return answered
        try:
            return self.result.model_validate_json(answered)
        except ValidationError:
            return None

    def score(self, truth: Truth, answered: str) -> float:
        """The share of an answer that is right, 0 to 1."""
        return denies(truth, answered) if truth.absent else self.judge(truth, answered)
