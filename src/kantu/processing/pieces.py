"""Encodes a long text piece by piece, so that memory and the time the GIL is held grow only with the piece.

The ids are exactly those of the whole text. A byte-level BPE tokenizer normalizes the text, splits it by an expression,
and merges bytes inside each part of the split. So pieces give the ids of the whole if nothing reaches across a cut:

- Normalization (NFC): the character after the cut begins a composition or has none (Unicode Standard Annex 15).
- Split: for the expressions known here there is a boundary between the two characters in any context, and no part
  before it depends on what follows. None of them looks behind, so what follows never depends on what is before.
- Merges: none crosses a boundary of the split. A run of letters or of symbols is one part, however long, and is cut
  inside: the piece gives up its last tokens, and the next piece begins where the first of these began and must begin
  with the same token. A sequence of tokens is the BPE of its bytes if this holds for every two neighbours: merges act
  in the same order everywhere, so the first merge to cross a boundary would also cross it with these two alone (the
  argument of the `bpe` crate, github.com/github/rust-gems). All neighbours have been adjacent in the encoding of one
  piece.

If a text has no such place, as in a run of blanks or of combining marks, the piece becomes as long as necessary.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

import tokenizers

from kantu.processing.byte_level import token_bytes

PIECE_CHARACTERS = 2**14

# Every character by itself (kantu-mini), and the expression of Qwen2, Qwen2.5, Qwen3 and Qwen3-VL.
_EACH = r"[\s\S]"
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LETTER, _MARK = "A-Za-z\u4e00-\u9fa5", r"!-/:-@\[-`{-~、。！，：；？"
# Where _WORDS always splits: after a word, on either side of a digit but not after a blank, after the last newline.
_BETWEEN_WORDS = re.compile(
    rf"(?<=[{_LETTER}])[\s0-9{_MARK}]|(?<=[0-9])[\s0-9{_LETTER}{_MARK}]|(?<=[\r\n])[0-9{_LETTER}{_MARK}]"
)
_SEARCHED = 256  # places tried before the piece is made longer
_SEARCHED_IN_RUNS = 32
_RUN_BEFORE, _RUN_BEHIND = 512, 16  # characters of one run around a cut inside it
_GIVEN_UP = 8  # last tokens dropped; the end of a piece hardly ever changes how tokens before them are merged


class _Cut(NamedTuple):
    place: int
    in_run: bool


class PieceEncoder:
    """Encodes text that names no added token. Immutable, and safe to share between threads.

    Args:
        plain: without added tokens and post-processor.
        piece_characters: of a piece, if the text allows.
    """

    def __init__(self, plain: tokenizers.Tokenizer, piece_characters: int = PIECE_CHARACTERS) -> None:
        self._plain = plain
        self._size = piece_characters
        self._split = _expression(plain)
        model = plain.model
        self._merges_only = not (
            model.ignore_merges or model.continuing_subword_prefix or model.end_of_word_suffix or model.dropout
        )

    def encode(self, text: str) -> Iterator[list[int]]:
        """The ids, in lists to be joined. Each list is made only when it is asked for."""
        start = 0
        cut = self._cut(text, start, self._size)
        ids = self._ids(text, start, cut)
        while cut is not None:
            if not cut.in_run:
                yield ids
                start, cut = cut.place, self._cut(text, cut.place, self._size)
                ids = self._ids(text, start, cut)
                continue
            kept, place = self._give_up(text, ids, cut.place)
            following = self._cut(text, place, self._size)
            following_ids = self._ids(text, place, following)
            if kept < len(ids) and following_ids[:1] == ids[kept : kept + 1]:
                yield ids[:kept]
                start, cut, ids = place, following, following_ids
            else:  # merged differently than in the piece alone
                cut = self._cut(text, start, 2 * (cut.place - start))
                ids = self._ids(text, start, cut)
        yield ids

    def _ids(self, text: str, start: int, cut: _Cut | None) -> list[int]:
        piece = text[start : None if cut is None else cut.place]
        # The batched call releases the GIL, `encode` does not; "fast" leaves out offsets.
        return list(self._plain.encode_batch_fast([piece], add_special_tokens=False)[0].ids)

    def _cut(self, text: str, start: int, length: int) -> _Cut | None:
        """A cut about `length` after `start`, or the next possible one; None if the text ends before it."""
        if self._split is None:
            return None
        for end in range(start + length, len(text), self._size):
            lowest = max(start, end - _SEARCHED)
            for place in range(end, lowest, -1):
                if self._is_boundary(text, place):
                    return _Cut(place, in_run=False)
            if self._split == _WORDS and self._merges_only:
                lowest = max(start + _RUN_BEFORE, end - _SEARCHED_IN_RUNS)
                for place in range(min(end, len(text) - _RUN_BEHIND), lowest, -1):
                    if self._is_in_run(text, place):
                        return _Cut(place, in_run=True)
        return None

    def _is_boundary(self, text: str, place: int) -> bool:
        if self._split == _WORDS:
            return _BETWEEN_WORDS.match(text, place) is not None
        return _normalized_apart(text, place)

    def _is_in_run(self, text: str, place: int) -> bool:
        """Whether the text around lies inside one run of letters or of symbols, so that it can be cut here."""
        around = text[place - _RUN_BEFORE : place + _RUN_BEHIND]
        if not _normalized_apart(text, place) or any(map(str.isspace, around)):
            return False
        if self._plain.normalizer is not None:
            around = self._plain.normalizer.normalize_str(around)
        return len(self._plain.pre_tokenizer.pre_tokenize_str(around)) == 1

    def _give_up(self, text: str, ids: list[int], end: int) -> tuple[int, int]:
        """How many tokens are kept of a piece that was cut inside a run at `end`, and where in the text they end."""
        best = len(ids), end
        tail = b""
        for kept in range(len(ids) - 1, 0, -1):
            tail = token_bytes(self._plain, ids[kept]) + tail
            if len(tail) > 4 * _RUN_BEFORE:
                break
            try:
                given_up = tail.decode()
            except UnicodeDecodeError:  # between two bytes of a character
                continue
            place = end - len(given_up)
            if len(given_up) > _RUN_BEFORE - _RUN_BEHIND:
                break
            if text.startswith(given_up, place) and _normalized_apart(text, place):
                best = kept, place
                if len(ids) - kept >= _GIVEN_UP:
                    break
        return best


def _expression(plain: tokenizers.Tokenizer) -> str | None:
    """The expression by which `plain` splits, if its boundaries are known here and only NFC is applied besides."""
    normalizer = plain.normalizer
    if normalizer is not None and _state(normalizer) != {"type": "NFC"}:
        return None
    steps = _state(plain.pre_tokenizer).get("pretokenizers") or []
    if [step.get("type") for step in steps] != ["Split", "ByteLevel"]:
        return None
    split, byte_level = steps
    if byte_level["add_prefix_space"] or byte_level["use_regex"]:
        return None
    if split["behavior"] != "Isolated" or split["invert"]:
        return None
    expression = split["pattern"].get("Regex")
    return expression if expression in (_EACH, _WORDS) else None


def _state(part: Any) -> dict[str, Any]:
    """A normalizer or pre-tokenizer as in tokenizer.json."""
    state: dict[str, Any] = json.loads(part.__getstate__())
    return state


def _normalized_apart(text: str, place: int) -> bool:
    """Whether NFC of the text is NFC of the part before the place plus NFC of the part after it.

    This holds if the character after the place has combining class 0 and never composes with one before it. Characters
    that compose are marks, Hangul's jamo and, in later versions of Unicode, some letters of scripts between U+11000 and
    U+20000. Characters unknown to this Python may compose by the library's tables.
    """
    before, behind = unicodedata.category(text[place - 1]), unicodedata.category(text[place])
    if "Cn" in (before, behind) or behind[0] == "M":
        return False
    return behind != "Lo" or not (0x1100 <= ord(text[place]) < 0x1200 or 0x11000 <= ord(text[place]) < 0x20000)
