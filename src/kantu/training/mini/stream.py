"""A stage of the curriculum as endless batches; the random numbers of each depend on its index alone."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from tokenizers import Tokenizer
from torch.utils.data import IterableDataset, get_worker_info

from kantu.model.config import ModelConfig
from kantu.processing.image import ImageConfig
from kantu.synth.draw import effects
from kantu.synth.page import Page
from kantu.training.mini.batch import Batch
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
                pages = [locate(page, rng) if rng.random() < self.stage.located else page for page in pages]
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
        if self.stage.more and page.more:
            own = {question.question for question in page.questions}
            further = page.more(rng, self.stage.more)
            page = replace(page, questions=(*page.questions, *(q for q in further if q.question not in own)))
        return effects.resize(page, width, height)
