"""A contender that answers from a script."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from kantu.contenders.contender import AskOptions, Reply
from kantu.processing.conversation import ImageSource


class Scripted:
    """Answers with what `say` makes of the question, at once; remembers what it was asked, and with which options."""

    name = "scripted"

    def __init__(self, say: Callable[[str], str]) -> None:
        self.say = say
        self.asked: list[str] = []
        self.options: list[AskOptions] = []
        self.closed = False
        self._lock = threading.Lock()

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        with self._lock:
            self.asked.append(question)
            self.options.append(options)
        return Reply(self.say(question), 0.1, 0.2, 3, 5, 0.75)

    def close(self) -> None:
        self.closed = True
