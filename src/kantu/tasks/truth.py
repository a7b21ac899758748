"""What is known about the right answer to a question."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kantu.tasks.plain import plain


@dataclass(frozen=True)
class Truth:
    """The right answer to one question.

    Attributes:
        answer: a right answer, whole.
        values: exact strings that every right answer contains; empty where only the whole can be compared.
        absent: the picture does not show what is asked for, and a right answer says so.
        forbidden: strings that no right answer contains, such as what an instruction in the picture asks for.
    """

    answer: str
    values: tuple[str, ...] = ()
    absent: bool = False
    forbidden: tuple[str, ...] = ()

    def fooled(self, answered: str) -> bool:
        """Whether the answer contains something forbidden."""
        return any(plain(text) in plain(answered) for text in self.forbidden)


Judge = Callable[[Truth, str], float]
"""truth, what was answered -> the share of it that is right, 0 to 1."""
