"""Pages of one size -> a `Batch`."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch
from tokenizers import Tokenizer

from kantu.model.config import ModelConfig
from kantu.processing.image import ImageConfig, patchify
from kantu.synth.page import Page, Question
from kantu.training.mini.batch import GLYPH_SLOTS, IGNORED, Batch
from kantu.training.mini.reading_out import READ_OUT
from kantu.training.mini.unseen import unseen

# oneDNN builds new kernels for every new shape, which costs more than the padding
_LENGTH_MULTIPLE = 64
_GLYPH_MULTIPLE = 256
_CHAINED = 0.2  # share of pictures whose questions follow each other as the turns of one chat
_TRANSCRIBED_TOKENS = 160  # longer texts are learned up to here
_BLIND = 0.25  # share of batches with one sequence that has no picture
_SMALLEST_GLYPH = 8.0  # pixels; smaller ones are not asked for


class Composer:
    """Turns pages into a `Batch` with one tokenizer and one model configuration."""

    def __init__(self, config: ModelConfig, image_config: ImageConfig, tokenizer: Tokenizer) -> None:
        self.config, self.image_config, self.tokenizer = config, image_config, tokenizer
        self._single: dict[str, int | None] = {}

    def batch(self, index: int, pages: Sequence[Page], text_tokens: int, rng: random.Random) -> Batch:
        grid = self._grid(pages[0])
        per_picture = grid[1] * grid[2]
        counts = np.zeros((len(pages), per_picture), np.int64)
        glyphs: list[tuple[int, int, int]] = []
        sizes: list[float] = []
        for number, page in enumerate(pages):
            for patch, characters in self._glyphs(page, grid).items():
                counts[number, patch] = len(characters)
                for slot, (token, size) in enumerate(characters):
                    glyphs.append((number * per_picture + patch, slot, token))
                    sizes.append(size)
        sequences = self._sequences(pages, grid, text_tokens, rng) if text_tokens else []
        length = _rounded(max((len(sequence[0]) for sequence in sequences), default=0), _LENGTH_MULTIPLE)
        padding = _rounded(len(glyphs), _GLYPH_MULTIPLE) - len(glyphs)
        glyphs += [(0, 0, IGNORED)] * padding
        sizes += [0.0] * padding
        padded = np.zeros((len(sequences), 6, length), np.int64)
        padded[:, 4] = -1
        padded[:, 5] = IGNORED
        for number, sequence in enumerate(sequences):
            padded[number, :, : len(sequence[0])] = sequence
        text = torch.from_numpy(padded)
        patches = np.concatenate([patchify(np.asarray(page.image), self.image_config) for page in pages])
        return Batch(
            index=index,
            pictures=len(pages),
            grid=grid,
            patches=torch.from_numpy(patches).bfloat16(),
            glyph_counts=torch.from_numpy(counts.reshape(-1)),
            glyphs=torch.tensor(glyphs, dtype=torch.int64).reshape(-1, 3),
            glyph_sizes=torch.tensor(sizes),
            input_ids=text[:, 0],
            positions=text[:, 1:4].transpose(0, 1),
            segments=text[:, 4],
            labels=text[:, 5],
        )

    def _grid(self, page: Page) -> tuple[int, int, int]:
        patch = self.config.vision.patch_size
        return 1, page.image.height // patch, page.image.width // patch

    def _token(self, character: str) -> int | None:
        """The character's id if it is one token, else None."""
        if character not in self._single:
            ids = self.tokenizer.encode(character, add_special_tokens=False).ids
            self._single[character] = ids[0] if len(ids) == 1 and not character.isspace() else None
        return self._single[character]

    def _glyphs(self, page: Page, grid: tuple[int, int, int]) -> dict[int, list[tuple[int, float]]]:
        """Patch -> up to GLYPH_SLOTS (token id, size) whose centres lie in it, from left to right."""
        patch, merge = self.config.vision.patch_size, self.config.vision.spatial_merge_size
        _, rows, columns = grid
        found: dict[int, list[tuple[float, int, float]]] = {}
        for line in page.lines:
            if line.size < _SMALLEST_GLYPH:
                continue
            for character, box in zip(line.text, line.char_boxes, strict=True):
                token = self._token(character)
                x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
                row, column = int(y // patch), int(x // patch)
                if token is None or not (0 <= row < rows and 0 <= column < columns):
                    continue
                cell = (row // merge) * (columns // merge) + column // merge
                index = cell * merge**2 + (row % merge) * merge + column % merge
                found.setdefault(index, []).append((x, token, line.size))
        return {
            index: [(token, size) for _, token, size in sorted(characters)[:GLYPH_SLOTS]]
            for index, characters in found.items()
        }

    def _sequences(
        self, pages: Sequence[Page], grid: tuple[int, int, int], budget: int, rng: random.Random
    ) -> list[np.ndarray]:
        """One a page; in some batches one more, in which the same is asked without a picture."""
        seeing = self._shared(grid)
        sequences = [self._sequence(page.questions, seeing, budget, rng) for page in pages]
        if rng.random() < _BLIND:
            sequences.append(self._sequence(unseen(pages, rng), self._shared(None), budget, rng))
        return sequences

    def _shared(self, grid: tuple[int, int, int] | None) -> tuple[np.ndarray, np.ndarray, int]:
        """What the questions of a sequence share, with a picture or without: ids, positions [3, length], the next."""
        before = self._encode("<|im_start|>user\n")
        if grid is None:
            return np.array(before), np.tile(np.arange(len(before)), (3, 1)), len(before)
        merge = self.config.vision.spatial_merge_size
        rows, columns = grid[1] // merge, grid[2] // merge
        before += self._encode("<|vision_start|>")
        after = self._encode("<|vision_end|>")
        start = len(before)
        row_index, column_index = np.divmod(np.arange(rows * columns), columns)
        resume = start + max(rows, columns)
        ids = np.array(before + [self.config.image_token_id] * (rows * columns) + after)
        positions = (
            np.tile(np.arange(start), (3, 1)),
            np.stack([np.zeros_like(row_index), row_index, column_index]) + start,
            np.tile(np.arange(resume, resume + len(after)), (3, 1)),
        )
        return ids, np.concatenate(positions, 1), resume + len(after)

    def _sequence(
        self,
        questions: Sequence[Question],
        shared: tuple[np.ndarray, np.ndarray, int],
        budget: int,
        rng: random.Random,
    ) -> np.ndarray:
        """[6, length]: ids, three position axes, segments, labels.

        Questions see the picture but not each other, except where they are the turns of one chat.
        """
        shared_ids, shared_positions, resume = shared
        ids, positions = [shared_ids], [shared_positions]
        labels = [np.full(len(shared_ids), IGNORED)]
        segments = [np.zeros(len(shared_ids), np.int64)]
        asked = sorted(rng.sample(questions, len(questions)), key=lambda question: question.kind != READ_OUT)
        chained = rng.random() < _CHAINED
        for number, question in enumerate(asked, 1):
            tokens, learned = self._turn(question, follows=chained and number > 1)
            budget -= len(tokens)
            if budget < 0 and number > 1:
                break
            ids.append(tokens)
            positions.append(np.tile(np.arange(resume, resume + len(tokens)), (3, 1)))
            labels.append(learned)
            segments.append(np.full(len(tokens), 1 if chained else number))
            resume += len(tokens) if chained else 0
        stacked = (
            np.concatenate(ids)[None],
            np.concatenate(positions, 1),
            np.concatenate(segments)[None],
            np.concatenate(labels)[None],
        )
        return np.concatenate(stacked)

    def _turn(self, question: Question, *, follows: bool) -> tuple[np.ndarray, np.ndarray]:
        """Token ids of one question and answer, and the next token where it belongs to the answer."""
        opening = "\n<|im_start|>user\n" if follows else ""
        asked = self._encode(f"{opening}{question.question}<|im_end|>\n<|im_start|>assistant\n")
        answered = self._encode(f"{question.answer}<|im_end|>")
        if question.kind == READ_OUT:
            answered = answered[:_TRANSCRIBED_TOKENS]
        tokens = np.array(asked + answered)
        labels = np.full(len(tokens), IGNORED)
        labels[len(asked) - 1 : -1] = answered
        return tokens, labels

    def _encode(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids


def _rounded(count: int, multiple: int) -> int:
    """`count` rounded up."""
    return -(-count // multiple) * multiple
