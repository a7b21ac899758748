"""Pages of one size -> a `Batch`."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor

from kantu.model.config import ModelConfig
from kantu.processing.image import ImageConfig, patchify
from kantu.synth.page import Page, Question
from kantu.training.mini.batch import GLYPH_SLOTS, IGNORED, Batch
from kantu.training.mini.pointing import Printed
from kantu.training.mini.sequences import SequenceWriter, TokenSequence
from kantu.training.mini.several import SEVERAL, several
from kantu.training.mini.unseen import NO_PICTURE, unseen

# oneDNN builds new kernels for every new shape, which costs more than the padding
_LENGTH_MULTIPLE = 32
_TOKENS_MULTIPLE = 256
_GLYPH_MULTIPLE = 256
_BLIND = 0.25  # share of batches with one sequence that has no picture
_SEVERAL = 0.3  # share of batches with one sequence that shows two or three of its pictures
_THINGS = ("thing", "picture")
_SMALLEST_GLYPH = 8.0  # pixels; smaller ones are not asked for


class Composer:
    """Turns pages into a `Batch` with one tokenizer and one model configuration."""

    def __init__(self, config: ModelConfig, image_config: ImageConfig, tokenizer: Tokenizer) -> None:
        self.config, self.image_config, self.tokenizer = config, image_config, tokenizer
        self.writer = SequenceWriter(config, tokenizer)
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
        cell = self.config.vision.patch_size * self.config.vision.spatial_merge_size
        printed = [Printed(page, cell) for page in pages]
        written = self._sequences(pages, printed, grid, text_tokens, rng) if text_tokens else []
        text, lengths, pointers = packed(written)
        extents = [
            (number * shown.rows * shown.columns + at, box)
            for number, shown in enumerate(printed)
            for at, box in sorted(shown.extents().items())
        ]
        padding = _rounded(len(glyphs), _GLYPH_MULTIPLE) - len(glyphs)
        glyphs += [(0, 0, IGNORED)] * padding
        sizes += [0.0] * padding
        patches = np.concatenate([patchify(np.asarray(page.image), self.image_config) for page in pages])
        return Batch(
            index=index,
            pictures=len(pages),
            grid=grid,
            patches=torch.from_numpy(patches).bfloat16(),
            glyph_counts=torch.from_numpy(counts.reshape(-1)),
            glyphs=torch.tensor(glyphs, dtype=torch.int64).reshape(-1, 3),
            glyph_sizes=torch.tensor(sizes),
            extent_cells=torch.tensor([at for at, _ in extents], dtype=torch.int64),
            extents=torch.tensor([box for _, box in extents]).reshape(-1, 4),
            named=torch.tensor(self._named(pages, printed), dtype=torch.int64).reshape(-1, 2).T,
            input_ids=text[0],
            positions=text[1:4],
            segments=text[4],
            labels=text[5],
            pointers=pointers,
            shown=torch.tensor([number for sequence in written for number in sequence.pictures], dtype=torch.int64),
            lengths=lengths,
            families=tuple(sequence.family for sequence in written),
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

    def _named(self, pages: Sequence[Page], printed: Sequence[Printed]) -> list[tuple[int, int]]:
        """Visual tokens in drawn things and the tokens of their names, by picture."""
        return [
            (number * shown.rows * shown.columns + cell, token)
            for number, (page, shown) in enumerate(zip(pages, printed, strict=True))
            for element in page.elements
            if element.kind in _THINGS
            for cell in sorted(shown.inside(element.box))
            for character in element.label
            if (token := self._token(character)) is not None
        ]

    def _sequences(
        self,
        pages: Sequence[Page],
        printed: Sequence[Printed],
        grid: tuple[int, int, int],
        budget: int,
        rng: random.Random,
    ) -> list[TokenSequence]:
        seeing = self.writer.beginning(grid, 1)

        def write(shown: tuple[int, ...], asked: Sequence[Question], family: str) -> TokenSequence:
            alone = len(shown) == 1
            beginning = seeing if alone else self.writer.beginning(grid, len(shown))
            told = printed[shown[0]] if alone else None
            return self.writer.write(beginning, asked, budget, rng, pictures=shown, family=family, printed=told)

        return sequences(pages, rng, write)


def sequences(
    pages: Sequence[Page],
    rng: random.Random,
    write: Callable[[tuple[int, ...], Sequence[Question], str], TokenSequence],
) -> list[TokenSequence]:
    """One a page; in some batches one more, in which the same is asked without a picture, or of several.

    `write` is told which of the pages are shown, what is asked and of which family.
    """
    written = [write((number,), page.questions, page.family) for number, page in enumerate(pages)]
    if rng.random() < _BLIND:
        written.append(write((), unseen(pages, rng), NO_PICTURE))
    if len(pages) > 1 and rng.random() < _SEVERAL:
        shown = tuple(rng.sample(range(len(pages)), min(len(pages), rng.choice((2, 2, 3)))))
        written.append(write(shown, several([pages[number] for number in shown], rng), SEVERAL))
    return written


def _rounded(count: int, multiple: int) -> int:
    """`count` rounded up."""
    return -(-count // multiple) * multiple


def packed(written: Sequence[TokenSequence]) -> tuple[Tensor, tuple[int, ...], Tensor]:
    """Their columns in one row [6, tokens], each padded a little and the last one up to a round number.

    With it come their lengths and the pointers of all of them as in `Batch`.
    """
    if not written:
        return torch.zeros((6, 0), dtype=torch.int64), (), torch.zeros((3, 0), dtype=torch.int64)
    lengths = [_rounded(sequence.columns.shape[1], _LENGTH_MULTIPLE) for sequence in written]
    lengths[-1] += _rounded(sum(lengths), _TOKENS_MULTIPLE) - sum(lengths)
    row = np.zeros((6, sum(lengths)), np.int64)
    row[4], row[5] = -1, IGNORED
    pointers: list[tuple[int, int, int]] = []
    start = 0
    for sequence, length in zip(written, lengths, strict=True):
        row[:, start : start + sequence.columns.shape[1]] = sequence.columns
        pointers += [(look, start + token, start + target) for look, token, target in sequence.pointers]
        start += length
    return torch.from_numpy(row), tuple(lengths), torch.tensor(sorted(pointers), dtype=torch.int64).reshape(-1, 3).T
