"""The shortest way to end a constrained answer, from wherever it stands."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kantu.engine.constraint import Matcher

_STATE_WORK = 32  # units of `Effort` that looking at one place takes, beside what grows with its text
_ANY_TEXT = 128  # a state that allows more bytes than this is in a string without a pattern
_FREE_TEXT = 24  # one that allows more than this is text, where one letter is as good as another
_RUN = 512  # of one byte, taken at once where there is no end before it
_ENDINGS = 8  # compared by their tokens, which their bytes tell only roughly
_SLACK = 24  # by how much a compared one may be longer than the first
_TAILS = 64  # of an ending, tried behind a token
_NEAR = 4  # of them, before the short ones
_CONTINUING = range(0x80, 0xC0)  # bytes of UTF-8 inside a character
_INSIDE = 4  # of them, tried where nothing else may come
_QUOTE, _LETTER = b'"a'
_DIGITS = frozenset(b"0123456789")
_STRUCTURE = frozenset(b'"[]{},:')
_BRACKETS = frozenset(b"}]")
_CLOSERS = frozenset(b'"}],')  # behind these a value of JSON has ended


class Effort:
    """What looking for an ending may cost, in units of about 2 us.

    Work is counted and no clock is read, so that an answer does not depend on what else the machine does.
    """

    def __init__(self, units: int, whole: Effort | None = None) -> None:
        self._left, self._whole = units, whole

    @property
    def left(self) -> int:
        return self._left if self._whole is None else min(self._left, self._whole.left)

    def spend(self, units: int) -> None:
        self._left -= units
        if self._whole is not None:
            self._whole.spend(units)

    def part(self, share: float) -> Effort:
        """A part of what is left; what it does not spend stays with the whole."""
        return Effort(int(self.left * share), self)

    def completes(self, matcher: Matcher, tokens: Sequence[int]) -> bool:
        """Whether the answer is complete behind these tokens; False once all is spent."""
        if self.left <= 0:
            return False
        valid = matcher.valid(tokens)
        self.spend(1 + valid // 4 + len(tokens) // 32)
        return valid == len(tokens) + 1


@dataclass(frozen=True, slots=True)
class _State:
    """A place that text leads to.

    Attributes:
        allowed: the bytes that may come next.
        more: whether the last byte was more of the same: it forced nothing and changed nothing.
    """

    matcher: Matcher
    text: bytes
    allowed: bytes
    more: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """An ending from an earlier place.

    Attributes:
        tokens, text: the ending.
        since: what was said behind that place.
    """

    tokens: Sequence[int]
    text: bytes
    since: bytes

    def completing(self, matcher: Matcher, effort: Effort, more: bytes = b"") -> Sequence[int]:
        """A tail of it that completes the answer where `matcher` is, behind `more`; () if none does.

        The short ones come first, the shortest before the others. Only where it is long, before all come the one that
        lacks as many characters as were said (in a text of a fixed length it is that) and some that lack little.
        """
        count = len(self.tokens)
        if count > _TAILS:
            effort.spend(len(self.text) // 8)
            tokens = matcher.spelling(_without_characters(self.text, _characters(self.since + more)))
            if tokens and effort.completes(matcher, tokens):
                return tokens
        ends = range(count - 1, max(count - 1 - _TAILS, -1), -1)
        starts = range(min(_TAILS // 2, max(count - 1 - _TAILS, 0)))
        for i in (*starts[:_NEAR], *ends, *starts[_NEAR:]):
            if effort.left <= 0:
                break
            if effort.completes(matcher, self.tokens[i:]):
                return self.tokens[i:]
        return ()


def _characters(text: bytes) -> int:
    """How many characters begin in a piece of UTF-8."""
    return sum(byte & 0xC0 != 0x80 for byte in text)


def _without_characters(text: bytes, count: int) -> bytes:
    """A piece of UTF-8 without its first characters, and without the end of one that began before it."""
    starts = (i for i, byte in enumerate(text) if byte & 0xC0 != 0x80)
    return text[next(itertools.islice(starts, count, None), len(text)) :]


def shortest_ending(
    matcher: Matcher, effort: Effort, known: Known | None = None, room: int | None = None
) -> list[int] | None:
    """Tokens that complete an answer, about as few as there are; [] if it may end here, None if none are found.

    Dijkstra's algorithm over bytes. Two places that allow the same bytes next, behind equally many separators and as
    deep, count as one, and a string or number that can end is not made longer: so what is looked at grows with what
    must be said and not with what could be. Where that leads nowhere (a pattern that comes back to the same bytes),
    places count as one only if they are equally far away.

    Args:
        effort: how long to look.
        known: an ending from an earlier place, which does not complete the answer from here; as soon as a tail of it
            does from further on, it is taken.
        room: most tokens of interest.
    """
    if matcher.accepts_end:
        return []
    for place, share in ((_place, 0.5), (_distance, 1.0)):
        found, cut = _search(matcher, effort.part(share), known, room, place)
        if found is not None or cut:
            return found
    return None


def _search(
    matcher: Matcher, effort: Effort, known: Known | None, room: int | None, place: Callable[[_State, int], object]
) -> tuple[list[int] | None, bool]:
    """The ending, and whether some places were too far away."""
    order = itertools.count()
    waiting: list[tuple[int, int, _State, bytes | None]] = [(0, next(order), _State(matcher, b"", b""), b"")]
    seen: set[object] = set()
    found: list[list[int]] = []
    most = math.inf
    cut = False
    while effort.left > 0:
        if not waiting or waiting[0][0] > most or len(found) == _ENDINGS:
            break
        cost, _, state, step = heapq.heappop(waiting)
        if step is not None:
            state, origin = _after(state, step), state
            effort.spend(_STATE_WORK + len(state.text) // 8)
            forced = len(state.text) - len(origin.text) - len(step)
            if forced:  # it is further away than it seemed
                heapq.heappush(waiting, (cost + forced, next(order), state, None))
                continue
        key = place(state, cost)
        ending = _complete(matcher, state, None if key in seen else known, effort)
        if ending is not None:
            found.append(ending)
            if known is not None:
                break
            most = min(most, cost + min(2 * cost, _SLACK))
        elif key not in seen:
            seen.add(key)
            if room is not None and len(matcher.spelling(state.text)) > room:
                cut = True
                continue
            for following in _steps(state, place is _place):
                heapq.heappush(waiting, (cost + 1, next(order), state, following))
    return min(found, key=len, default=None), cut


def _place(state: _State, cost: int) -> object:
    text = state.text
    separators = tuple(text.count(char) for char in (b",", b"-", b":"))
    depth = text.count(b"[") + text.count(b"{") - text.count(b"]") - text.count(b"}")
    return (state.allowed, separators, depth, len(text) if state.more else None)


def _distance(state: _State, cost: int) -> object:
    return (state.allowed, cost)


def _after(origin: _State, step: bytes) -> _State:
    """Behind a step, and behind what it forces."""
    matcher = origin.matcher.behind_bytes(step)
    forced = matcher.forced_bytes()
    if forced:
        matcher = matcher.behind_bytes(forced)
    allowed = matcher.next_bytes()
    more = not forced and allowed == origin.allowed and not _STRUCTURE & set(step)
    return _State(matcher, origin.text + step + forced, allowed, more)


def _complete(matcher: Matcher, state: _State, known: Known | None, effort: Effort) -> list[int] | None:
    """The text so far as tokens, if the answer may end behind it or behind a tail of a known ending."""
    tail: Sequence[int] = ()
    if not state.matcher.accepts_end:
        tail = (
            ()
            if known is None or not state.text or _inside(state)
            else known.completing(state.matcher, effort.part(0.3), state.text)
        )
        if not tail:
            return None
    candidates = ([*tokens, *tail] for tokens in matcher.spellings(state.text))
    return next((tokens for tokens in candidates if effort.completes(matcher, tokens)), None)


def _inside(state: _State) -> bool:
    """Whether it is inside a character."""
    return all(byte in _CONTINUING for byte in state.allowed)


def _steps(state: _State, loose: bool) -> Iterator[bytes]:
    """What to try next: every byte where there are few, otherwise one of each kind."""
    allowed = state.allowed[:_INSIDE] if _inside(state) else state.allowed
    if loose and len(allowed) > _ANY_TEXT:  # a string about which nothing is said
        yield bytes([_QUOTE if _QUOTE in allowed else _LETTER])
        if state.more and _QUOTE not in allowed:
            yield from _run(state)
        return
    if loose and state.more and _CLOSERS & set(allowed):
        return
    if loose and len(allowed) <= _FREE_TEXT and _BRACKETS & set(allowed):  # an array or object that can end
        yield from (bytes([byte]) for byte in allowed if byte in _BRACKETS)
        return
    if loose and set(allowed) >= _DIGITS:  # a number about which nothing is said
        allowed = bytes(byte for byte in allowed if byte not in _DIGITS or byte == min(_DIGITS))
    if len(allowed) > _FREE_TEXT:
        kinds: dict[object, int] = {}
        for byte in allowed:
            char = chr(byte)
            kinds.setdefault("letter" if char.isalpha() else "digit" if char.isdigit() else byte, byte)
        allowed = bytes(kinds.values())
    if state.more and len(state.allowed) > len(_DIGITS):
        yield from _run(state)
    yield from (bytes([byte]) for byte in allowed)


def _run(state: _State) -> Iterator[bytes]:
    """A long run of one byte behind which nothing has changed: towards the least length of a text."""
    byte = next((b for b in state.allowed if chr(b).isalnum()), state.allowed[0])
    length = state.matcher.repeats(byte, _RUN)
    while length > 1:
        run = bytes([byte]) * length
        if state.matcher.behind_bytes(run).next_bytes() == state.allowed:
            yield run
            return
        length //= 2
