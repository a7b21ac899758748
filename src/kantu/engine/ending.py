"""The shortest way to end a constrained answer, from wherever it stands."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from kantu.engine.constraint import Matcher

# Bytes are looked at as 256 bits of what may come next; telling that of one state takes about 0.1 ms.
_FIRST_STATES = 1_000  # looked at for the ending of a whole answer, before it starts
_STATES = 100  # looked at for one on the engine's thread
_FREE_TEXT = 24  # a state that allows more bytes than this is text, where one letter is as good as another
_RUN = 512  # of one byte, taken at once where there is no end before it
_ENDINGS = 8  # compared by their tokens, which their bytes tell only roughly
_SLACK = 24.0  # by how much a compared one may be longer than the first
_CLOSERS = frozenset(b'"}]')


@dataclass(frozen=True, slots=True)
class _State:
    """A place that text leads to; `allowed` are the bytes that may come next."""

    matcher: Matcher
    text: bytes
    allowed: bytes


def shortest_ending(matcher: Matcher, known: Sequence[int] = ()) -> list[int] | None:
    """Tokens that complete an answer, about as few as there are; [] if it may end here, None if none are found.

    Dijkstra's algorithm over bytes. Two places as far away that allow the same bytes next count as one: all letters of
    a string lead to one place, so its interior costs one state a byte and not 26. What a state forces is no choice.

    Args:
        known: an ending from an earlier place; as soon as a tail of it completes the answer again, it is taken.
    """
    if matcher.accepts_end:
        return []
    order = itertools.count()
    start = _State(matcher, b"", b"")
    waiting: list[tuple[float, int, _State, bytes]] = [(0.0, next(order), start, b"")]
    seen: set[tuple[float, bytes]] = set()
    found: list[list[int]] = []
    most = math.inf
    for _ in range(_STATES if known else _FIRST_STATES):
        if not waiting or waiting[0][0] > most or len(found) == _ENDINGS:
            break
        cost, _, origin, step = heapq.heappop(waiting)
        state = _after(origin, step)
        cost += len(state.text) - len(origin.text) - len(step)
        ending = _complete(matcher, state, known)
        if ending is not None:
            if known:
                return ending
            found.append(ending)
            most = min(most, cost + _SLACK)
        elif (cost, state.allowed) not in seen:
            seen.add((cost, state.allowed))
            for following in _steps(state, origin):
                heapq.heappush(waiting, (cost + _cost(following), next(order), state, following))
    return min(found, key=len, default=None)


def _after(origin: _State, step: bytes) -> _State:
    """Behind a step, and behind what it forces."""
    matcher = origin.matcher.behind_bytes(step)
    forced = matcher.forced_bytes()
    if forced:
        matcher = matcher.behind_bytes(forced)
    return _State(matcher, origin.text + step + forced, matcher.next_bytes())


def _complete(matcher: Matcher, state: _State, known: Sequence[int]) -> list[int] | None:
    """The text so far as tokens, if the answer may end behind it or behind a tail of a known ending."""
    tail: Sequence[int] = ()
    if not state.matcher.accepts_end:
        tails = (known[i:] for i in range(len(known) - 1, -1, -1))
        tail = next((tail for tail in tails if state.matcher.ends_with(tail)), ())
        if not tail:
            return None
    candidates = ([*tokens, *tail] for tokens in matcher.spellings(state.text))
    return next((tokens for tokens in candidates if matcher.ends_with(tokens)), None)


def _steps(state: _State, origin: _State) -> Iterator[bytes]:
    """What to try next: every byte where there are few, otherwise one of each kind."""
    allowed = state.allowed
    if len(allowed) > _FREE_TEXT:
        kinds: dict[object, int] = {}
        for byte in allowed:
            char = chr(byte)
            kinds.setdefault("letter" if char.isalpha() else "digit" if char.isdigit() else byte, byte)
        allowed = bytes(kinds.values())[:_FREE_TEXT] if len(kinds) > _FREE_TEXT else bytes(kinds.values())
    yield from (bytes([byte]) for byte in allowed)
    if state.allowed == origin.allowed and not _CLOSERS & set(state.allowed) and state.allowed:
        yield from _run(state)


def _run(state: _State) -> Iterator[bytes]:
    """The longest run of one byte behind which nothing has changed, where nothing else leads to an end."""
    byte = next((b for b in state.allowed if chr(b).isalnum()), state.allowed[0])
    length = state.matcher.repeats(byte, _RUN)
    while length > 1:
        run = bytes([byte]) * length
        if state.matcher.behind_bytes(run).next_bytes() == state.allowed:
            yield run
            return
        length //= 2


def _cost(step: bytes) -> float:
    return 1.0 if len(step) == 1 else math.log2(len(step))
