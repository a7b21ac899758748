"""Pictures and what is asked about them -> one sequence of tokens, as processing would make it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from tokenizers import Encoding, Tokenizer

from kantu.model.config import ModelConfig
from kantu.synth.page import Question
from kantu.training.mini.batch import IGNORED
from kantu.training.mini.pointing import Look, Place, Quoted
from kantu.training.mini.reading_out import READ_OUT

_USER = "<|im_start|>user\n"
_CHAINED = 0.2  # share of sequences whose questions follow each other as the turns of one chat
_TRANSCRIBED_TOKENS = 160  # longer texts are learned up to here


class Pointer(NamedTuple):
    """A token, and one that it should look at."""

    look: Look
    token: int
    target: int


@dataclass(frozen=True)
class TokenSequence:
    """`columns` is [6, length]: ids, three position axes, segments, labels. `pictures` are those it shows, in order.

    `pointers` say which token should look at which; one with several targets for the same look may choose.
    """

    columns: np.ndarray
    pictures: tuple[int, ...]
    family: str
    pointers: tuple[Pointer, ...] = ()


@dataclass(frozen=True)
class Beginning:
    """What the questions of a sequence share: some pictures, all of one grid, or none. `next` is the next position."""

    ids: np.ndarray
    positions: np.ndarray  # [3, length]
    next: int
    first_visual: int  # the place of the first visual token


@dataclass(frozen=True)
class Turn:
    """One question and answer: token ids, the next token where it belongs to the answer, and who should look where.

    `seeing` are pointers to cells of the picture, `heeding` to tokens of the turn, `belonging` from cell to cell.
    """

    ids: np.ndarray
    labels: np.ndarray
    seeing: tuple[Pointer, ...] = ()
    heeding: tuple[Pointer, ...] = ()
    belonging: tuple[Pointer, ...] = ()


class SequenceWriter:
    """Writes sequences for one tokenizer and one model configuration."""

    def __init__(self, config: ModelConfig, tokenizer: Tokenizer) -> None:
        self.config, self.tokenizer = config, tokenizer

    def beginning(self, grid: tuple[int, int, int], pictures: int) -> Beginning:
        """A user's turn up to the text, with so many pictures of this grid."""
        merge = self.config.vision.spatial_merge_size
        rows, columns = grid[1] // merge, grid[2] // merge
        row_index, column_index = np.divmod(np.arange(rows * columns), columns)
        picture = np.stack([np.zeros_like(row_index), row_index, column_index])
        ids, positions, place = [], [], 0
        first_visual = 0

        def say(text: str) -> int:
            tokens = self.encode(text)
            ids.append(np.array(tokens))
            positions.append(np.tile(np.arange(place, place + len(tokens)), (3, 1)))
            return place + len(tokens)

        place = say(_USER)
        for _ in range(pictures):
            place = say("<|vision_start|>")
            first_visual = first_visual or sum(map(len, ids))
            ids.append(np.full(rows * columns, self.config.image_token_id))
            positions.append(picture + place)
            place += max(rows, columns)
            place = say("<|vision_end|>")
        return Beginning(np.concatenate(ids), np.concatenate(positions, 1), place, first_visual)

    def beginning_in_words(self, text: str) -> tuple[Beginning, list[int]]:
        """A user's turn that begins with a text, and the token of each of the text's characters."""
        encoding = self._encoded(f"{_USER}{text}")
        ids = np.array(encoding.ids)
        places = [_token_at(encoding, len(_USER) + number) for number in range(len(text))]
        return Beginning(ids, np.tile(np.arange(len(ids)), (3, 1)), len(ids), 0), places

    def write(
        self,
        beginning: Beginning,
        questions: Sequence[Question],
        budget: int,
        rng: random.Random,
        *,
        pictures: tuple[int, ...],
        family: str,
        printed: Quoted | None = None,
    ) -> TokenSequence:
        """As many of the questions as `budget` tokens have room for, one at least; what is read out comes first.

        Questions see the beginning but not each other, except where they are the turns of one chat. `printed` tells
        what is seen where in it.
        """
        place = beginning.next
        ids, positions = [beginning.ids], [beginning.positions]
        labels = [np.full(len(beginning.ids), IGNORED)]
        segments = [np.zeros(len(beginning.ids), np.int64)]
        pointers: list[Pointer] = []
        asked = sorted(rng.sample(questions, len(questions)), key=lambda question: question.kind != READ_OUT)
        chained = rng.random() < _CHAINED
        for number, question in enumerate(asked, 1):
            turn = self._turn(question, printed, follows=chained and number > 1)
            length = len(turn.ids)
            budget -= length
            if budget < 0 and number > 1:
                break
            start = sum(map(len, ids))
            seen = beginning.first_visual
            for group, tokens, targets in (
                *((turn.seeing, start, seen), (turn.heeding, start, start)),
                (turn.belonging, seen, seen),
            ):
                pointers += [Pointer(look, tokens + token, targets + target) for look, token, target in group]
            ids.append(turn.ids)
            positions.append(np.tile(np.arange(place, place + length), (3, 1)))
            labels.append(turn.labels)
            segments.append(np.full(length, 1 if chained else number))
            place += length if chained else 0
        columns = np.concatenate(
            (
                np.concatenate(ids)[None],
                np.concatenate(positions, 1),
                np.concatenate(segments)[None],
                np.concatenate(labels)[None],
            )
        )
        return TokenSequence(columns, pictures, family, tuple(dict.fromkeys(pointers)))

    def encode(self, text: str) -> list[int]:
        return self._encoded(text).ids

    def _turn(self, question: Question, printed: Quoted | None, *, follows: bool) -> Turn:
        opening = "\n<|im_start|>user\n" if follows else ""
        asked = self._encoded(f"{opening}{question.question}<|im_end|>\n<|im_start|>assistant\n")
        answered = self._encoded(f"{question.answer}<|im_end|>")
        learned = answered.ids[:_TRANSCRIBED_TOKENS] if question.kind == READ_OUT else answered.ids
        tokens = np.array(asked.ids + learned)
        before = len(asked.ids) - 1  # the token whose next one begins the answer
        labels = np.full(len(tokens), IGNORED)
        labels[before:-1] = learned
        if printed is None:
            return Turn(tokens, labels)
        seeing: list[Pointer] = []
        quotations: list[int] = []
        for places in printed.asked(question.question):
            spoken = list(_spoken(asked, places, len(opening)))
            seeing += [Pointer(Look.FINDS, token, cell) for token, place in spoken for cell in place.cells]
            quotations += [token for token, _ in spoken[-1:]]
        answers: list[int] = []
        told = list(printed.answered(question))
        for token, place in _spoken(answered, told):
            if token < len(learned):
                seeing += [Pointer(Look.READS, before + token, cell) for cell in place.cells]
                answers.append(before + token)
        heeding: tuple[Pointer, ...] = ()
        if quotations and answers:
            first = min(answers)
            heeding = (
                Pointer(Look.ASKED_FIRST, first, quotations[0]),
                Pointer(Look.ASKED_LAST, first, quotations[-1]),
            )
        belonging = tuple(Pointer(*pair) for pair in printed.belonging(question, told))
        return Turn(tokens, labels, tuple(seeing), heeding, belonging)

    def _encoded(self, text: str) -> Encoding:
        return self.tokenizer.encode(text, add_special_tokens=False)


def _spoken(encoding: Encoding, places: Iterable[Place], offset: int = 0) -> Iterator[tuple[int, Place]]:
    """The tokens of these characters of a text, which begins `offset` characters after the encoded one."""
    return ((_token_at(encoding, offset + place.character), place) for place in places)


def _token_at(encoding: Encoding, character: int) -> int:
    """The token of a character; one that was joined to those before it has theirs."""
    while (token := encoding.char_to_token(character)) is None:
        character -= 1
    return token
