"""A stage of the curriculum as endless batches; the random numbers of each depend on its index alone."""

from __future__ import annotations

import random
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from tokenizers import Tokenizer
from torch.utils.data import IterableDataset, get_worker_info

from kantu.model.config import ModelConfig
from kantu.processing.image import ImageConfig
from kantu.synth.draw import effects
from kantu.synth.page import Page
from kantu.training.mini.batch import Batch, TextBatch
from kantu.training.mini.compose import Composer
from kantu.training.mini.locating import locate
from kantu.training.mini.reading_out import read_out

Draw = Callable[[int, int, int], Page]
"""seed, width, height -> page."""

HELD_OUT_SEEDS = 1_000_000  # training draws seeds from here on; lower ones are for measuring


@dataclass(frozen=True)
class Stage:
    """One stretch of the curriculum.

    `families` and `sizes` are drawn with their weights; sizes are (width, height) as the model sees them, multiples of
    32. `patches` bounds a batch in patches, `text_tokens` bounds a picture's questions and answers in tokens (0: vision
    only, and then pages are drawn without being asked anything). `transcribed` is the share of pages that are first to
    be read out, from the top or from some row on; `located` is the share that is asked where its lines stand. A page is
    asked up to `more` questions beside its own: they cost a picture's text, not its vision.
    """

    name: str
    families: Mapping[str, float]
    sizes: Mapping[tuple[int, int], float]
    patches: int
    text_tokens: int
    transcribed: float = 0.0
    located: float = 0.0
    more: int = 0

    def times(self, factor: int) -> Stage:
        """The same with batches so many times as large."""
        return replace(self, patches=self.patches * factor)


B_co = TypeVar("B_co", bound=TextBatch, covariant=True)


class PageStream(IterableDataset[B_co], ABC, Generic[B_co]):
    """Endless batches from `first_index` on; workers share the indices out among themselves."""

    def __init__(
        self, stage: Stage, draws: Mapping[str, Draw], patch_size: int, run_seed: int, first_index: int
    ) -> None:
        self.stage, self.draws, self.patch_size = stage, draws, patch_size
        self.run_seed, self.first_index = run_seed, first_index

    @abstractmethod
    def fitted(self, page: Page, width: int, height: int) -> Page:
        """A page that was drawn near this size as the model gets it."""

    @abstractmethod
    def composed(self, index: int, pages: Sequence[Page], rng: random.Random) -> B_co:
        """The pages as a batch."""

    def __iter__(self) -> Iterator[B_co]:
        worker = get_worker_info()
        step, offset = (worker.num_workers, worker.id) if worker else (1, 0)
        index = self.first_index + offset
        while True:
            rng = random.Random(f"{self.run_seed}:{self.stage.name}:{index}")
            size = rng.choices(list(self.stage.sizes), list(self.stage.sizes.values()))[0]
            patches = size[0] * size[1] // self.patch_size**2
            pages = [self._page(rng, *size) for _ in range(max(1, round(self.stage.patches / patches)))]
            if self.stage.text_tokens:
                pages = [read_out(page, rng) if rng.random() < self.stage.transcribed else page for page in pages]
                pages = [locate(page, rng) if rng.random() < self.stage.located else page for page in pages]
            yield self.composed(index, pages, rng)
            index += step

    def _page(self, rng: random.Random, width: int, height: int) -> Page:
        return self.fitted(drawn_page(self.stage, self.draws, rng, width, height), width, height)


class BatchStream(PageStream[Batch]):
    """Batches of pictures."""

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
        super().__init__(stage, draws, config.vision.patch_size, run_seed, first_index)
        self.composer = Composer(config, image_config, Tokenizer.from_str(tokenizer_json))

    def fitted(self, page: Page, width: int, height: int) -> Page:
        """Resized as processing would: small pictures are enlarged to a folder's floor, large ones shrunk."""
        return effects.resize(page, width, height)

    def composed(self, index: int, pages: Sequence[Page], rng: random.Random) -> Batch:
        return self.composer.batch(index, pages, self.stage.text_tokens, rng)


def drawn_page(stage: Stage, draws: Mapping[str, Draw], rng: random.Random, width: int, height: int) -> Page:
    """A page of the stage as somebody would send it, near that size, with all its questions."""
    family = rng.choices(list(stage.families), list(stage.families.values()))[0]
    scale = rng.choice((1.0, rng.uniform(0.65, 1.0), rng.uniform(0.9, 1.3)))
    drawn_width = round(width * scale) + rng.randint(-15, 15)
    drawn_height = round(height * scale) + rng.randint(-15, 15)
    page = draws[family](rng.randrange(HELD_OUT_SEEDS, 1 << 40), drawn_width, drawn_height)
    if stage.more and page.more:
        own = {question.question for question in page.questions}
        further = page.more(rng, stage.more)
        page = replace(page, questions=(*page.questions, *(q for q in further if q.question not in own)))
    return page
