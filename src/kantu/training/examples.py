"""Pages -> batches of tensors. Every batch holds pictures of one size; its random numbers depend on its index alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor
from torch.utils.data import IterableDataset, get_worker_info

from kantu.model.config import ModelConfig
from kantu.processing.image import ImageConfig, patchify
from kantu.synth import effects
from kantu.synth.page import Page, Question
from kantu.synth.reading_order import reading_rows

Draw = Callable[[int, int, int], Page]
"""seed, width, height -> page."""

GLYPH_SLOTS = 3  # digits of 14 px are 8 px wide: a patch of 16 px may begin two or three characters
IGNORED = -100
READ_OUT = "read_out"
HELD_OUT_SEEDS = 1_000_000  # training draws seeds from here on; lower ones are for measuring
# oneDNN builds new kernels for every new shape, which costs more than the padding
_LENGTH_MULTIPLE = 64
_GLYPH_MULTIPLE = 256
_CHAINED = 0.2  # share of pictures whose questions follow each other as the turns of one chat
_TRANSCRIBED_TOKENS = 160  # longer texts are learned up to here
_FROM_TOP = ("把图里的文字抄下来", "逐行读出图里的字", "识别全部文字", "图上都写了什么？全部写出来", "转写这张图")
_FROM_ROW = ("从“{row}”这一行开始往下读", "“{row}”及下面的文字都写出来", "从“{row}”往下抄")
_SMALLEST_GLYPH = 8.0  # pixels; smaller ones are not asked for


@dataclass(frozen=True)
class Stage:
    """One stretch of the curriculum.

    `families` and `sizes` are drawn with their weights; sizes are (width, height) as the model sees them, multiples of
    32. `patches` bounds a batch in patches, `text_tokens` bounds a picture's questions and answers in tokens (0: vision
    only, and then pages are drawn without being asked anything). `transcribed` is the share of pages that are first to
    be read out, from the top or from some row on.
    """

    name: str
    families: Mapping[str, float]
    sizes: Mapping[tuple[int, int], float]
    patches: int
    text_tokens: int
    transcribed: float = 0.0


@dataclass(frozen=True)
class Batch:
    """Tensors of one step. `pictures` pictures of one grid; sequences are padded to one length.

    Text tensors are [pictures, length]; `segments` is 0 in a picture's shared beginning, n in its n-th question, -1 in
    padding. `labels` holds the next token where it is to be learned, else IGNORED.
    """

    index: int
    pictures: int
    grid: tuple[int, int, int]
    patches: Tensor  # [pictures * patches, patch_dim]
    glyph_counts: Tensor  # [pictures * patches], 0..GLYPH_SLOTS
    glyphs: Tensor  # [characters, 3]: patch, slot, token id (IGNORED in padding)
    glyph_sizes: Tensor  # [characters], em size in pixels
    input_ids: Tensor
    positions: Tensor  # [3, pictures, length]
    segments: Tensor
    labels: Tensor


class BatchStream(IterableDataset[Batch]):
    """Endless batches from `first_index` on; workers share the indices out among themselves."""

    def __init__(
        self,
        stage: Stage,
        draws: Mapping[str, Draw],
        config: ModelConfig,
        image_config: ImageConfig,
        tokenizer_json: str,
        run_seed: int,
        first_index: int,
    ) -> None:
        self.stage, self.draws, self.config, self.image_config = stage, draws, config, image_config
        self.tokenizer_json, self.run_seed, self.first_index = tokenizer_json, run_seed, first_index

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        step, offset = (worker.num_workers, worker.id) if worker else (1, 0)
        composer = Composer(self.config, self.image_config, Tokenizer.from_str(self.tokenizer_json))
        index = self.first_index + offset
        while True:
            rng = random.Random(f"{self.run_seed}:{self.stage.name}:{index}")
            size = rng.choices(list(self.stage.sizes), list(self.stage.sizes.values()))[0]
            patches = size[0] * size[1] // self.config.vision.patch_size**2
            pages = [self._page(rng, *size) for _ in range(max(1, round(self.stage.patches / patches)))]
            if self.stage.text_tokens:
                pages = [read_out(page, rng) if rng.random() < self.stage.transcribed else page for page in pages]
            yield composer.batch(index, pages, self.stage.text_tokens, rng)
            index += step

    def _page(self, rng: random.Random, width: int, height: int) -> Page:
        """A page drawn near the size at which the model will see it, then resized as processing would.

        Small pictures are enlarged to a folder's floor, large ones shrunk to its cap.
        """
        family = rng.choices(list(self.stage.families), list(self.stage.families.values()))[0]
        scale = rng.choice((1.0, rng.uniform(0.65, 1.0), rng.uniform(0.9, 1.3)))
        drawn_width = round(width * scale) + rng.randint(-15, 15)
        drawn_height = round(height * scale) + rng.randint(-15, 15)
        page = self.draws[family](rng.randrange(HELD_OUT_SEEDS, 1 << 40), drawn_width, drawn_height)
        return effects.resize(page, width, height)


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
        sequences = [self._sequence(page, grid, text_tokens, rng) for page in pages] if text_tokens else []
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

    def _sequence(self, page: Page, grid: tuple[int, int, int], budget: int, rng: random.Random) -> np.ndarray:
        """[6, length]: ids, three position axes, segments, labels.

        Questions see the picture but not each other, except where they are the turns of one chat.
        """
        merge = self.config.vision.spatial_merge_size
        rows, columns = grid[1] // merge, grid[2] // merge
        before = self._encode("<|im_start|>user\n<|vision_start|>")
        visual = [self.config.image_token_id] * (rows * columns)
        after = self._encode("<|vision_end|>")
        start = len(before)
        row_index, column_index = np.divmod(np.arange(rows * columns), columns)
        image_positions = np.stack([np.zeros_like(row_index), row_index, column_index]) + start
        resume = start + max(rows, columns)
        ids = [np.array(before + visual + after)]
        positions = [
            np.tile(np.arange(start), (3, 1)),
            image_positions,
            np.tile(np.arange(resume, resume + len(after)), (3, 1)),
        ]
        labels = [np.full(len(ids[0]), IGNORED)]
        segments = [np.zeros(len(ids[0]), np.int64)]
        resume += len(after)
        questions = rng.sample(page.questions, len(page.questions))
        questions.sort(key=lambda question: question.kind != READ_OUT)
        chained = rng.random() < _CHAINED
        for number, question in enumerate(questions, 1):
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


def read_out(page: Page, rng: random.Random) -> Page:
    """The page with one to four questions more: to read it out, from the top or from rows that stand there once."""
    rows = reading_rows(page.lines)
    starts = [index for index, row in enumerate(rows) if rows.count(row) == 1 and len(row) > 1]
    asked = []
    if rng.random() < 0.6 or not starts:
        asked.append((0, rng.choice(_FROM_TOP)))
    for start in rng.sample(starts, min(len(starts), rng.randint(1, 3))):
        asked.append((start, rng.choice(_FROM_ROW).format(row=rows[start])))
    rng.shuffle(asked)
    made = (Question(READ_OUT, question, "\n".join(rows[start:])) for start, question in asked)
    return replace(page, questions=(*page.questions, *made))


def _rounded(count: int, multiple: int) -> int:
    """`count` rounded up."""
    return -(-count // multiple) * multiple
