"""A contender that answers from a script."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kantu.contenders.contender import AskOptions, Reply
from kantu.processing.messages import ImageSource


class Scripted:
    """Answers with what `say` makes of the question, at once."""

    name = "scripted"

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say = say

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        return Reply(self.say(question), 0.0, 0.0)

    def close(self) -> None: ...
