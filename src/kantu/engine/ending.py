"""The shortest way to end a constrained answer, from wherever it stands."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from kantu.engine.constraint import Matcher

_STATE_WORK = 32  # units of `Effort` for looking at one state, plus what grows with its text
_ANY_TEXT = 128  # a state that allows more bytes than this is inside a string without a pattern
_FREE_TEXT = 24  # a state that allows more bytes than this is inside text, where any letter will do
_RUN = 512  # most repeats of one byte taken at once, where no end comes before
_ENDINGS = 8  # compared by their token counts, which their byte counts predict only roughly
_SLACK = 24  # how many bytes longer than the first a compared ending may be
_TAILS = 64  # of an ending, tried after a token
_NEAR = 4  # long tails tried before the short ones
_CONTINUING = range(0x80, 0xC0)  # bytes of UTF-8 inside a character
_INSIDE = 4  # continuing bytes tried where nothing else may come
_QUOTE, _LETTER = b'"a'
_DIGITS = frozenset(b"0123456789")
_STRUCTURE = frozenset(b'"[]{},:')
_BRACKETS = frozenset(b"}]")
_CLOSERS = frozenset(b'"}],')  # a JSON value has ended after one of these


class Effort:
    """How much work the search for an ending may take, in units of about 2 us.

    Work is counted instead of time, so that an answer does not depend on what else the machine does.
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
        """A share of what is left. What the share does not spend remains here."""
        return Effort(int(self.left * share), self)

    def completes(self, matcher: Matcher, tokens: Sequence[int]) -> bool:
        """Whether these tokens complete the answer; False once all effort is spent."""
        if self.left <= 0:
            return False
        valid = matcher.valid(tokens)
        self.spend(1 + valid // 4 + len(tokens) // 32)
        return valid == len(tokens) + 1


@dataclass(frozen=True, slots=True)
class _State:
    """A state of the search, reached by some text.

    Attributes:
        allowed: the bytes that may come next.
        more: whether the last step was more of the same: it forced nothing and allows the same bytes as before.
    """

    matcher: Matcher
    text: bytes
    allowed: bytes
    more: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """An ending known from an earlier state.

    Attributes:
        tokens, text: the ending.
        since: the text that has followed that state.
    """

    tokens: Sequence[int]
    text: bytes
    since: bytes

    def completing(self, matcher: Matcher, effort: Effort, more: bytes = b"") -> Sequence[int]:
        """A tail of the ending that completes the answer at `matcher`, which stands after `more`; () if there is none.

        The shortest tails are tried first. If the ending is long, two kinds come even before them: the tail without as
        many characters as were said since (right for a text of a fixed length), and a few tails that lack little.
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
    """How many characters start in a piece of UTF-8."""
    return sum(byte & 0xC0 != 0x80 for byte in text)


def _without_characters(text: bytes, count: int) -> bytes:
    """A piece of UTF-8 without its first `count` characters, and without the end of a character cut at its start."""
    starts = (i for i, byte in enumerate(text) if byte & 0xC0 != 0x80)
    return text[next(itertools.islice(starts, count, None), len(text)) :]


def shortest_ending(
    matcher: Matcher, effort: Effort, known: Known | None = None, room: int | None = None
) -> list[int] | None:
    """About the fewest tokens that complete an answer; [] if it may end here, None if no ending is found.

    Dijkstra's algorithm over bytes. Two states that allow the same next bytes, after equally many separators and at the
    same depth, count as one, and a string or number that can end is not made longer. So the search grows with what must
    be said, not with what could be said. If that finds nothing (a pattern that returns to the same bytes), the search
    is repeated with states counting as one only at equal distance.

    Args:
        effort: how much work to spend.
        known: an ending from an earlier state that does not complete the answer from here. The search stops as soon as
            a tail of it completes the answer from a later state.
        room: longer endings, in tokens, are of no use.
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
    """The ending, and whether the search was cut because some states were too far away."""
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
            if forced:  # the state is further away than its cost said
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
    """The state after a step and after what it forces."""
    matcher = origin.matcher.behind_bytes(step)
    forced = matcher.forced_bytes()
    if forced:
        matcher = matcher.behind_bytes(forced)
    allowed = matcher.next_bytes()
    more = not forced and allowed == origin.allowed and not _STRUCTURE & set(step)
    return _State(matcher, origin.text + step + forced, allowed, more)


def _complete(matcher: Matcher, state: _State, known: Known | None, effort: Effort) -> list[int] | None:
    """The text so far as tokens, if the answer may end after it, directly or with a tail of the known ending."""
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
    """Whether the state is inside a character."""
    return all(byte in _CONTINUING for byte in state.allowed)


def _steps(state: _State, loose: bool) -> Iterator[bytes]:
    """The steps to try next: every byte if there are few, otherwise one of each kind."""
    allowed = state.allowed[:_INSIDE] if _inside(state) else state.allowed
    if loose and len(allowed) > _ANY_TEXT:  # a string without restrictions
        yield bytes([_QUOTE if _QUOTE in allowed else _LETTER])
        if state.more and _QUOTE not in allowed:
            yield from _run(state)
        return
    if loose and state.more and _CLOSERS & set(allowed):
        return
    if loose and len(allowed) <= _FREE_TEXT and _BRACKETS & set(allowed):  # an array or object that can end
        yield from (bytes([byte]) for byte in allowed if byte in _BRACKETS)
        return
    if loose and set(allowed) >= _DIGITS:  # a number without restrictions
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
    """A long run of one byte after which nothing has changed, to reach the minimum length of a text quickly."""
    byte = next((b for b in state.allowed if chr(b).isalnum()), state.allowed[0])
    length = state.matcher.repeats(byte, _RUN)
    while length > 1:
        run = bytes([byte]) * length
        if state.matcher.behind_bytes(run).next_bytes() == state.allowed:
            yield run
            return
        length //= 2
