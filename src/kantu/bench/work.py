"""What is asked: noise pictures, questions of about so many tokens, answers of exactly so many tokens. All seeded."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

import kantu
from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.errors import error
from kantu.model.folder import ModelFolder
from kantu.processing.image import ImageConfig
from kantu.processing.tokenizer import Tokenizer

QUESTION_TOKENS = 19
ANSWER_TOKENS = 50
SQUARE = (448, 448)  # width and height of a picture in pixels: 196 visual tokens
_WORDS = (
    "图片",
    "颜色",
    "左边",
    "右边",
    "数量",
    "价格",
    "订单",
    "文字",
    "按钮",
    "时间",
    "店铺",
    "商品",
    "为什么",
    "有没有",
)


@dataclass(frozen=True, slots=True)
class Work:
    """One request: greedy, with exactly `tokens` tokens of answer.

    Attributes:
        max_pixels: the pixel budget, the same for everyone who is asked.
    """

    picture: Image.Image
    question: str
    tokens: int
    max_pixels: int

    def ask(self, contender: Contender) -> Reply:
        """Greedy, whatever a folder says."""
        options = AskOptions(
            max_tokens=self.tokens,
            min_tokens=self.tokens,
            temperature=0.0,
            repetition_penalty=1.0,
            max_pixels=self.max_pixels,
        )
        return contender.ask([self.picture], self.question, options)


def together(contender: Contender, works: Sequence[Work]) -> float:
    """Wall seconds of all of them, asked at once."""
    with ThreadPoolExecutor(len(works)) as pool:
        started = time.perf_counter()
        list(pool.map(lambda work: work.ask(contender), works))
        return time.perf_counter() - started


class Workload:
    """Makes works for one model folder. The same calls in the same order make the same works."""

    def __init__(self, folder: ModelFolder) -> None:
        self.image_config = ImageConfig.from_folder(folder)
        self._tokenizer = Tokenizer.from_folder(folder)
        self._seeds = itertools.count()

    def new(self, tokens: int, *, size: tuple[int, int] = SQUARE, question_tokens: int = QUESTION_TOKENS) -> Work:
        """A picture of `size` (width, height) and a question, neither asked before."""
        seed = next(self._seeds)
        config = self.image_config
        budget = min(max(size[0] * size[1], config.min_pixels), config.max_pixels)
        return Work(noise(seed, *size), question(seed, question_tokens, self.count), tokens, budget)

    def again(self, work: Work) -> Work:
        """Another question about the same picture."""
        return replace(work, question=question(next(self._seeds), QUESTION_TOKENS, self.count))

    def count(self, text: str) -> int:
        """Tokens of `text`."""
        return len(self._tokenizer.encode(text, allow_special=False))


def example() -> Image.Image:
    """The README's picture, examples/order.png, which is in a checkout and not in the package.

    Raises:
        EngineError: `example_missing`.
    """
    path = Path(kantu.__file__).resolve().parents[2] / "examples" / "order.png"
    if not path.is_file():
        raise error("example_missing", path=path)
    return Image.open(path).convert("RGB")


def noise(seed: int, width: int, height: int) -> Image.Image:
    """Every pixel random: no two pictures share a patch, so that no cache can know one from another."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def question(seed: int, tokens: int, count: Callable[[str], int]) -> str:
    """Random words, at least `tokens` tokens of them and hardly a word more."""
    generator = random.Random(seed)
    pieces = {word: count(f"{word}，") for word in _WORDS}
    text, estimate = "", 0
    while estimate < tokens:  # counting the whole text after every word would take quadratic time
        word = generator.choice(_WORDS)
        text, estimate = f"{text}{word}，", estimate + pieces[word]
    while count(text) < tokens:  # joined words may merge into fewer tokens
        text += f"{generator.choice(_WORDS)}，"
    shorter = text.removesuffix("，")
    return shorter if count(shorter) >= tokens else text
