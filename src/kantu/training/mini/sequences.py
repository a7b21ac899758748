"""Pictures and what is asked about them -> one sequence of tokens, as processing would make it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from tokenizers import Tokenizer

from kantu.model.config import ModelConfig
from kantu.synth.page import Question
from kantu.training.mini.batch import IGNORED
from kantu.training.mini.reading_out import READ_OUT

_CHAINED = 0.2  # share of sequences whose questions follow each other as the turns of one chat
_TRANSCRIBED_TOKENS = 160  # longer texts are learned up to here


@dataclass(frozen=True)
class TokenSequence:
    """`columns` is [6, length]: ids, three position axes, segments, labels. `pictures` are those it shows, in order."""

    columns: np.ndarray
    pictures: tuple[int, ...]
    family: str


@dataclass(frozen=True)
class Beginning:
    """What the questions of a sequence share: some pictures, all of one grid, or none. `next` is the next position."""

    ids: np.ndarray
    positions: np.ndarray  # [3, length]
    next: int


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

        def say(text: str) -> int:
            tokens = self.encode(text)
            ids.append(np.array(tokens))
            positions.append(np.tile(np.arange(place, place + len(tokens)), (3, 1)))
            return place + len(tokens)

        place = say("<|im_start|>user\n")
        for _ in range(pictures):
            place = say("<|vision_start|>")
            ids.append(np.full(rows * columns, self.config.image_token_id))
            positions.append(picture + place)
            place += max(rows, columns)
            place = say("<|vision_end|>")
        return Beginning(np.concatenate(ids), np.concatenate(positions, 1), place)

    def write(
        self,
        beginning: Beginning,
        questions: Sequence[Question],
        budget: int,
        rng: random.Random,
        *,
        pictures: tuple[int, ...],
        family: str,
    ) -> TokenSequence:
        """As many of the questions as `budget` tokens have room for, one at least; what is read out comes first.

        Questions see the pictures but not each other, except where they are the turns of one chat.
        """
        place = beginning.next
        ids, positions = [beginning.ids], [beginning.positions]
        labels = [np.full(len(beginning.ids), IGNORED)]
        segments = [np.zeros(len(beginning.ids), np.int64)]
        asked = sorted(rng.sample(questions, len(questions)), key=lambda question: question.kind != READ_OUT)
        chained = rng.random() < _CHAINED
        for number, question in enumerate(asked, 1):
            tokens, learned = self._turn(question, follows=chained and number > 1)
            budget -= len(tokens)
            if budget < 0 and number > 1:
                break
            ids.append(tokens)
            positions.append(np.tile(np.arange(place, place + len(tokens)), (3, 1)))
            labels.append(learned)
            segments.append(np.full(len(tokens), 1 if chained else number))
            place += len(tokens) if chained else 0
        columns = np.concatenate(
            (
                np.concatenate(ids)[None],
                np.concatenate(positions, 1),
                np.concatenate(segments)[None],
                np.concatenate(labels)[None],
            )
        )
        return TokenSequence(columns, pictures, family)

    def encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def _turn(self, question: Question, *, follows: bool) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of one question and answer, and the next token where it belongs to the answer."""
        opening = "\n<|im_start|>user\n" if follows else ""
        asked = self.encode(f"{opening}{question.question}<|im_end|>\n<|im_start|>assistant\n")
        answered = self.encode(f"{question.answer}<|im_end|>")
        if question.kind == READ_OUT:
            answered = answered[:_TRANSCRIBED_TOKENS]
        tokens = np.array(asked + answered)
        labels = np.full(len(tokens), IGNORED)
        labels[len(asked) - 1 : -1] = answered
        return tokens, labels
