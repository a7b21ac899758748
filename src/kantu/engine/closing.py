"""Room to end: a constrained answer always knows an ending, tokens that complete it within its token limit.

After every token the known ending is checked again (one call of llguidance, a few microseconds). Only if it no longer
completes the answer, because something was opened, another ending is searched. A token after which no ending fits is
not taken; the answer follows its ending instead. So an answer that reaches its token limit still satisfies its
constraint, and an answer that stays below the limit is not changed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from torch import Tensor

from kantu.engine.constraint import Matcher
from kantu.engine.ending import Effort, Known, shortest_ending
from kantu.errors import EngineError, error

_START_UNITS = 300_000  # of `Effort`, to search the ending of a whole answer, on a worker
_TOKEN_UNITS = 6_000  # to search an ending after a token, on the engine's thread: 12 ms; most take fewer than 100 units
# Of the engine's thread, for one call. llguidance's own limits bound its work (see `engine.constraint`); an answer that
# takes longer even so is ended, so that it costs the others two calls and not a thousand. One may be long: garbage is
# collected in it, or the machine is busy.
_MOST_SECONDS = 0.2
_LONG_CALLS = 1
_MOST_ENDING = 4096  # tokens: checking an ending again costs 0.5 us for each


class Closing:
    """What an answer of at most so many tokens may still say.

    A step calls `mask_`, chooses, then calls `settle`, `forced` and `finished`. `open` may be called before the first
    step. Not thread-safe; every answer has its own.

    Attributes:
        shortened: whether the token limit has changed the answer.
    """

    def __init__(self, matcher: Matcher, left: int, ending: list[int]) -> None:
        """Use `at_start`."""
        self._matcher, self._left, self._ending = matcher, left, ending
        self._forced: list[int] = []
        self._long_calls = 0
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
        except EngineError:  # some constraints turn out to be too large only when they are searched
            ending = None
        if ending is None or len(ending) > _MOST_ENDING:
            raise error("constraint_not_supported.no_short_answer")
        if len(ending) > max_tokens:
            raise error("constraint_needs_tokens", needed=len(ending), max_tokens=max_tokens)
        return cls(matcher, max_tokens, ending)

    def copy(self) -> Closing:
        """Another one in the same state."""
        other = Closing(self._matcher.copy(), self._left, self._ending)
        other._forced, other._long_calls, other.shortened = self._forced, self._long_calls, self.shortened
        return other

    def mask_(self, scores: Tensor) -> None:
        """See `Matcher.mask_`."""
        with self._bounded():
            self._matcher.mask_(scores)

    def open(self) -> list[int]:
        """Take and return the tokens that every answer starts with; [] if no ending would fit after them."""
        ahead = self._matcher.copy()
        tokens = ahead.forced()
        ending = self._ending_behind(ahead, tokens)
        if ending is None:
            return []
        self._go(ahead, tokens, ending)
        return tokens

    def settle(self, token: int) -> int:
        """Take a token chosen under the mask, or the ending's next token if no ending fits after the chosen one.

        Returns the token taken. An end token changes nothing; it is also returned when the answer can only end.

        Raises:
            EngineError: `constraint_failed`.
        """
        with self._bounded():
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
        """The tokens forced after the settled token; already taken."""
        return self._forced

    def close(self) -> list[int]:
        """Take and return the rest of the ending, which completes the answer."""
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
        """An ending that fits after `tokens`, which this matcher has just taken."""
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
    def _bounded(self) -> Iterator[None]:
        """Ends an answer whose constraint takes too much time of this thread."""
        started = time.thread_time()
        yield
        self._long_calls += time.thread_time() - started > _MOST_SECONDS
        if self._long_calls > _LONG_CALLS:
            raise error("constraint_failed")
