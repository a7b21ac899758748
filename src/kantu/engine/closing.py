"""Room to end: a constrained answer that always knows tokens which complete it within what it may still have.

After every token the matcher is asked whether the ending known so far still completes the answer (one call, a few
microseconds); only where it does not, because something was opened, is another one looked for. A token behind which
no ending fits is not taken: the ending is followed instead. So an answer that comes to its token limit ends as the
constraint says, and one that stays away from it is what it would have been.
"""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable

from torch import Tensor

from kantu.engine.constraint import Matcher
from kantu.engine.constraint_errors import needs_tokens

_MOST_STATES = 400  # looked at for one ending; about 0.1 ms each
_MOST_FIRST_BYTES = 24  # a state that allows more is free text, where any letter is as good as another
_MOST_ENDINGS = 6  # compared by their number of tokens, as bytes say it only roughly
_SLACK_BYTES = 24  # by which a compared ending may be longer than the shortest


class Closing:
    """A matcher for an answer of at most `max_tokens` tokens. Not thread-safe; every answer has its own.

    The order of a step: `mask_`, choose, `take`, then `finished`; `open` may come first.
    """

    def __init__(self, matcher: Matcher, max_tokens: int) -> None:
        """Raises InvalidRequestError, `constraint_needs_tokens`, where no whole answer fits."""
        self._matcher, self._left = matcher, max_tokens
        self.shortened = False
        ending = shortest_ending(matcher)
        if ending is None or len(ending) > max_tokens:
            raise needs_tokens(len(ending) if ending is not None else max_tokens + 1, max_tokens)
        self._ending = ending

    def mask_(self, scores: Tensor) -> None:
        """See `Matcher.mask_`."""
        self._matcher.mask_(scores)

    def open(self) -> list[int]:
        """Tokens that every answer starts with; taken."""
        ahead = self._matcher.copy()
        tokens = ahead.forced()
        if tokens:
            ending = self._ending_behind(ahead, tokens, self._left - len(tokens))
            if ending is None:
                return []
            self._go_to(ahead, tokens, ending)
        return tokens

    def take(self, token: int) -> list[int]:
        """The token, or if no ending would fit behind it the next one of the ending, and what must follow; taken.

        An end token comes back alone, and is all that is left where the answer can only end.
        """
        if self._matcher.is_end(token):
            return [token]
        ahead = self._matcher.copy()
        ahead.accept(token)
        tokens = [token, *ahead.forced()]
        ending = self._ending_behind(ahead, tokens, self._left - len(tokens))
        if ending is None:
            self.shortened = True
            if not self._ending:
                return [self._matcher.end_id]
            tokens, ending = self._ending[:1], self._ending[1:]
            ahead = self._matcher.copy()
            ahead.accept(tokens[0])
        self._go_to(ahead, tokens, ending)
        return tokens

    def close(self) -> list[int]:
        """The rest of the ending, taken: the answer is whole behind it."""
        rest = self._ending
        for token in rest:
            self._matcher.accept(token)
        self.shortened, self._ending = True, []
        return rest

    @property
    def finished(self) -> bool:
        """Whether nothing but an end token can follow."""
        return self._matcher.finished

    def _go_to(self, matcher: Matcher, tokens: list[int], ending: list[int]) -> None:
        self._matcher, self._ending = matcher, ending
        self._left -= len(tokens)

    def _ending_behind(self, matcher: Matcher, tokens: list[int], room: int) -> list[int] | None:
        """An ending of at most `room` tokens for this matcher, which has just taken `tokens`."""
        if room < 0:
            return None
        known = self._ending
        rest = known[len(tokens) :] if known[: len(tokens)] == tokens else known
        for candidate in (rest, *(known[i:] for i in range(len(known), 0, -1) if known[i:] != rest)):
            if len(candidate) <= room and matcher.ends_with(candidate):
                return candidate
        found = shortest_ending(matcher, known)
        return found if found is not None and len(found) <= room else None


def shortest_ending(matcher: Matcher, known: list[int] | None = None) -> list[int] | None:
    """Tokens that complete an answer, about as few as there are; [] if it may end here, None if none are found.

    Dijkstra's algorithm over bytes, whose states are told apart by what they allow next: the bytes of a string are all
    alike, so that of the many ways to the same place one is followed. What a state forces costs no choice. A run of
    one byte that changes nothing (a string below its least length) is taken in doubling strides.

    Args:
        known: an ending of an earlier state; where it, or a tail of it, completes the answer again, it is used.
    """
    if matcher.accepts_end:
        return []
    tails = [known[i:] for i in range(len(known))] if known else []
    order = itertools.count()
    waiting: list[tuple[int, int, bytes, Matcher]] = [(0, next(order), b"", matcher.copy())]
    seen: set[tuple[int, bytes]] = set()
    endings: list[list[int]] = []
    most = None
    for _ in range(_MOST_STATES):
        if not waiting or len(endings) == _MOST_ENDINGS:
            break
        length, _, text, state = heapq.heappop(waiting)
        if most is not None and length > most:
            break
        text, forced = text + (more := state.forced_bytes()), len(more)
        if forced:
            state = state.after(more)
            length += forced
        ending = _ending(matcher, text) if state.accepts_end else _rejoined(matcher, state, text, tails)
        if ending is not None:
            endings.append(ending)
            most = length + _SLACK_BYTES if most is None else most
            continue
        allowed = state.next_bytes()
        if (length, allowed) in seen:
            continue
        seen.add((length, allowed))
        for byte in _candidates(allowed):
            run = _run(state, byte, allowed)
            for step in {run[0], run[-1]}:
                heapq.heappush(
                    waiting, (length + step, next(order), text + bytes([byte]) * step, state.after(bytes([byte]) * step))
                )
    return min(endings, key=len, default=None)
