"""The text of one answer, as far as it can be shown: no half character, and nothing that may become a stop string."""

from __future__ import annotations

from kantu.engine.stop import StopFilter
from kantu.processing.tokenizer import IncrementalDetokenizer, Tokenizer


class TextWriter:
    """Turns the tokens of an answer into its text, end tokens left out.

    Args:
        stop: holds text back, and cuts it off at the first stop string.
        min_tokens: stop strings are ignored before this many tokens.
    """

    def __init__(self, tokenizer: Tokenizer, stop: StopFilter, min_tokens: int) -> None:
        self._detokenizer = IncrementalDetokenizer(tokenizer)
        self._stop = stop
        self._min_tokens = min_tokens
        self._count = 0

    @property
    def stop_string(self) -> str | None:
        """The stop string that was found: the answer ends before it."""
        return self._stop.found

    def push(self, token: int) -> str:
        """What the next token adds to the text that can be shown."""
        self._count += 1
        text = self._detokenizer.push(token)
        return self._stop.push(text) if self._count >= self._min_tokens else text

    def flush(self) -> str:
        """The text still held back; call it when no more tokens come."""
        return self._stop.flush()
