"""Stop strings over streamed text: found across pieces, never emitted, nothing else held back for long."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence


class _Automaton:
    """Reads text in amortised O(1) a character, however many strings it looks for (Aho and Corasick, "Efficient string
    matching", 1975). Immutable once made.

    A state stands for a prefix of one of the strings: the longest prefix that the text so far ends with.

    Attributes:
        length: state -> characters of its prefix.
        whole: state -> characters of the longest whole string that its prefix ends with; 0 if there is none.
    """

    def __init__(self, strings: Sequence[str]) -> None:
        self._next: list[dict[str, int]] = [{}]  # state -> character -> state
        self._fallback = [0]  # state -> state of the longest shorter prefix that its own prefix ends with
        self.length = [0]
        self.whole = [0]
        for string in strings:
            self._add(string)
        self._link()

    def step(self, state: int, char: str) -> int:
        """The state after one more character. Each fallback undoes an earlier step, so the cost is amortised."""
        while state and char not in self._next[state]:
            state = self._fallback[state]
        return self._next[state].get(char, 0)

    def _add(self, string: str) -> None:
        state = 0
        for length, char in enumerate(string, 1):
            if char not in self._next[state]:
                self._next[state][char] = len(self._next)
                self._next.append({})
                self._fallback.append(0)
                self.length.append(length)
                self.whole.append(0)
            state = self._next[state][char]
        self.whole[state] = len(string)

    def _link(self) -> None:
        """Find the fallbacks, shortest prefixes first: each needs only those of shorter prefixes."""
        waiting = deque([0])
        while waiting:
            parent = waiting.popleft()
            for char, state in self._next[parent].items():
                waiting.append(state)
                if parent:
                    self._fallback[state] = self.step(self._fallback[parent], char)
                self.whole[state] = self.whole[state] or self.whole[self._fallback[state]]


class StopFilter:
    """Passes text on until one of the stop strings appears, in amortised O(1) a character.

    If several end in one piece, the one that starts first counts.

    >>> stop = StopFilter(["再见"])
    >>> stop.push("你好，再"), stop.push("见！"), stop.found
    ('你好，', '', '再见')

    Attributes:
        found: the stop string that has appeared.
    """

    def __init__(self, stops: Sequence[str]) -> None:
        self._automaton = _Automaton(stops)
        self._state = 0
        self._held = ""  # the prefix that the state stands for
        self.found: str | None = None

    def copy(self) -> StopFilter:
        """Another one in the same state, over the same automaton."""
        other = StopFilter(())
        other._automaton, other._state = self._automaton, self._state
        other._held, other.found = self._held, self.found
        return other

    def push(self, text: str) -> str:
        """The text that can be shown now; always empty after a stop string was found."""
        if self.found is not None:
            return ""
        automaton, state, before = self._automaton, self._state, len(self._held)
        first: tuple[int, int] | None = None  # where the first stop string starts and ends
        for end, char in enumerate(text, before + 1):
            state = automaton.step(state, char)
            if automaton.whole[state]:
                start = end - automaton.whole[state]
                first = (start, end) if first is None or start < first[0] else first
        text = self._held + text
        if first is not None:
            self.found, self._held = text[slice(*first)], ""
            return text[: first[0]]
        shown = len(text) - automaton.length[state]
        self._state, self._held = state, text[shown:]
        return text[:shown]

    def flush(self) -> str:
        """The text still held back; call it when no more text comes."""
        held, self._held, self._state = self._held, "", 0
        return held
