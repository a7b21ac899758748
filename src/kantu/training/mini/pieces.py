"""What sees what in training: sequences cut into pieces whose queries see some shared tokens and one another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

_PIECE_TOKENS = 256  # of questions that are asked together


@dataclass(frozen=True)
class Piece:
    """The queries `start:end`. They see the `shared` tokens from `begin` on, and one another."""

    start: int
    end: int
    begin: int = 0
    shared: int = 0

    def of(self, tokens: Tensor) -> Tensor:
        """The queries' own rows."""
        return tokens[self.start : self.end]

    def seen(self, tokens: Tensor) -> Tensor:
        """The rows that are seen: the shared ones, then their own."""
        own = self.of(tokens)
        return torch.cat((tokens[self.begin : self.begin + self.shared], own)) if self.shared else own

    def add_seen(self, tokens: Tensor, change: Tensor) -> None:
        """Add `change` to the rows that are seen."""
        tokens[self.begin : self.begin + self.shared] += change[: self.shared]
        tokens[self.start : self.end] += change[self.shared :]


def of_sequences(segments: Tensor, lengths: Sequence[int]) -> list[Piece]:
    """The pieces of sequences in which questions do not see each other, in the order of their tokens.

    A sequence is cut into its beginning and pieces of some questions each: many questions about one picture then cost
    in proportion to their number, not to its square. `segments` [tokens] and `lengths` as in `Batch`.
    """
    told = segments.tolist()
    pieces: list[Piece] = []
    begin = 0
    for length in lengths:
        (_, shared), *questions = _cuts(told, begin, begin + length)
        pieces.append(Piece(begin, shared))
        pieces += [Piece(start, end, begin, shared - begin) for start, end in questions]
        begin += length
    return pieces


def of_frames(lengths: Sequence[int]) -> list[Piece]:
    """A piece a frame."""
    ends = [sum(lengths[: number + 1]) for number in range(len(lengths))]
    return [Piece(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def least(dtype: torch.dtype) -> float:
    """What is added to the score of a token that is not seen."""
    return torch.finfo(dtype).min


def _cuts(segments: Sequence[int], begin: int, end: int) -> Iterator[tuple[int, int]]:
    """The beginning of one sequence, then its questions, as many at a time as find room in a piece."""
    first = begin
    for place in range(begin + 1, end):
        if segments[place] == segments[place - 1]:
            continue
        following = next((at for at in range(place, end) if segments[at] != segments[place]), end)
        if segments[first] == 0 or following - first > _PIECE_TOKENS:
            yield first, place
            first = place
    yield first, end
