"""Room to end: a constrained answer that always knows tokens which complete it within what it may still have.

Behind every token the ending known so far is checked again (one call of llguidance, a few microseconds); only where
it does not complete the answer any more, because something was opened, is another one looked for. A token behind
which no ending fits is not taken; the ending is followed instead. So an answer that comes to its token limit ends as
its constraint says, and one that stays away from it is what it would have been.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from kantu.engine.constraint import Matcher
from kantu.engine.constraint_errors import constraint_failed, needs_tokens, not_supported
from kantu.engine.ending import Effort, Known, shortest_ending
from kantu.errors import EngineError

_START_UNITS = 300_000  # of `Effort` for the ending of a whole answer, on a worker
_TOKEN_UNITS = 6_000  # for one behind a token, on the engine's thread: 12 ms; most take fewer than 100
# Of the engine's thread, for one call. What llguidance does is bounded by its own limits (see `engine.constraint`); an
# answer that takes longer all the same ends, so that it costs the others one token and not a thousand.
_MOST_SECONDS = 0.2
_MOST_ENDING = 4096  # tokens: checking an ending again costs 0.5 us for each


class Closing:
    """What one answer of at most so many tokens may still say.

    The order of a step: `mask_`, choose, `settle`, `forced`, then `finished`. `open` may come first. Not thread-safe;
    every answer has its own.

    Attributes:
        shortened: whether the limit has changed the answer.
    """

    def __init__(self, matcher: Matcher, left: int, ending: list[int]) -> None:
        """Use `at_start`."""
        self._matcher, self._left, self._ending = matcher, left, ending
        self._forced: list[int] = []
        self.shortened = False

    @classmethod
    def at_start(cls, matcher: Matcher, max_tokens: int) -> Closing:
        """Before the first token of an answer.

        Raises:
            InvalidRequestError: `constraint_needs_tokens`: no whole answer fits; `constraint_not_supported`: none was
                found.
        """
        try:
            ending = shortest_ending(matcher, Effort(_START_UNITS))
        except EngineError:  # some constraints turn out to be too large only where they are looked into
            ending = None
        if ending is None or len(ending) > _MOST_ENDING:
            raise not_supported(
                "没有找到足够短的回答，它要求的内容太长或过于复杂", "no answer was found that is short enough"
            )
        if len(ending) > max_tokens:
            raise needs_tokens(len(ending), max_tokens)
        return cls(matcher, max_tokens, ending)

    def copy(self) -> Closing:
        """Another one in the same state."""
        other = Closing(self._matcher.copy(), self._left, self._ending)
        other._forced, other.shortened = self._forced, self.shortened
        return other

    def mask_(self, scores: Tensor) -> None:
        """See `Matcher.mask_`."""
        with _bounded():
            self._matcher.mask_(scores)

    def open(self) -> list[int]:
        """What every answer starts with, taken; [] where it would cost the room to end."""
        ahead = self._matcher.copy()
        tokens = ahead.forced()
        ending = self._ending_behind(ahead, tokens)
        if ending is None:
            return []
        self._go(ahead, tokens, ending)
        return tokens

    def settle(self, token: int) -> int:
        """Take a token that was chosen under the mask, or the next one of the ending where none fits behind it.

        An end token takes nothing; it also comes back where the answer can only end.

        Raises:
            EngineError: `constraint_failed`.
        """
        with _bounded():
            return self._settle(token)

    def _settle(self, token: int) -> int:
        self._forced = []
        if self._matcher.is_end(token):
            return token
        ahead = self._matcher.copy()
        ahead.accept(token)
        tokens = [token, *ahead.forced()]
        ending = self._ending_behind(ahead, tokens)
        if ending is None:
            self.shortened = True
            if not self._ending:
                return self._matcher.end_id
            tokens, ending = self._ending[:1], self._ending[1:]
            ahead = self._matcher.copy()
            ahead.accept(tokens[0])
        self._go(ahead, tokens, ending)
        self._forced = tokens[1:]
        return tokens[0]

    def forced(self) -> list[int]:
        """What had to follow the settled token; taken already."""
        return self._forced

    def close(self) -> list[int]:
        """The rest of the ending, taken: the answer is whole behind it."""
        rest = self._ending
        for token in rest:
            self._matcher.accept(token)
        self._go(self._matcher, rest, [])
        return rest

    @property
    def finished(self) -> bool:
        """Whether nothing but an end token can follow."""
        return self._matcher.finished

    def _go(self, matcher: Matcher, tokens: list[int], ending: list[int]) -> None:
        self._matcher, self._left, self._ending = matcher, self._left - len(tokens), ending

    def _ending_behind(self, matcher: Matcher, tokens: list[int]) -> list[int] | None:
        """An ending that fits behind `tokens`, which this matcher has just taken."""
        room, ending, count = self._left - len(tokens), self._ending, len(tokens)
        if room < 0:
            return None
        effort = Effort(_TOKEN_UNITS)
        followed = [ending[count:]] if ending[:count] == tokens else []
        for candidate in (*followed, ending):
            if len(candidate) <= room and effort.completes(matcher, candidate):
                return candidate
        known = Known(ending, matcher.text(ending), matcher.text(tokens)) if ending else None
        if known is not None:
            found: list[int] | None = list(known.completing(matcher, effort.part(0.3)))
            if found and len(found) <= room:
                return found
        found = shortest_ending(matcher, effort, known, room)
        return found if found is not None and len(found) <= room else None


@contextmanager
def _bounded() -> Iterator[None]:
    """Ends an answer whose constraint takes too much of this thread."""
    started = time.thread_time()
    yield
    if time.thread_time() - started > _MOST_SECONDS:
        raise constraint_failed()
