"""A stage is a stream of batches that a stopped run finds again."""

from __future__ import annotations

import random
from dataclasses import replace

import torch

from kantu.synth.page import Page, Question
from kantu.training.mini.network import mini_config
from kantu.training.mini.stream import BatchStream, Stage
from kantu.training.mini.tokenizer import build_tokenizer
from tests.training.mini.pages import IMAGE_CONFIG, line, page


def test_batches_depend_on_their_index_alone() -> None:
    def draw(seed: int, width: int, height: int) -> Page:
        return page(width, height, (line(str(seed % 10), 0, 0, 16),))

    tokenizer = build_tokenizer()
    config = mini_config(tokenizer)
    stage = Stage("test", {"digits": 1.0}, {(64, 64): 1.0, (96, 64): 1.0}, patches=64, text_tokens=0)

    def stream(first: int) -> BatchStream:
        return BatchStream(stage, {"digits": draw}, config, IMAGE_CONFIG, tokenizer.to_str(), 7, first)

    several = iter(stream(0))
    third = [next(several) for _ in range(3)][2]
    again = next(iter(stream(2)))
    assert third.index == again.index == 2
    assert torch.equal(third.patches, again.patches)
    assert torch.equal(third.glyphs, again.glyphs)


def test_a_stage_may_ask_a_page_more_than_it_brings() -> None:
    def more(rng: random.Random, count: int) -> tuple[Question, ...]:
        return tuple(Question("q", f"{number}?", "是") for number in range(count))

    def draw(seed: int, width: int, height: int) -> Page:
        drawn = page(width, height, (line("甲", 0, 0, 16),))
        return replace(drawn, questions=(Question("q", "0?", "是"),), more=more)

    tokenizer = build_tokenizer()
    config = mini_config(tokenizer)

    def questions(asked: int) -> int:
        stage = Stage("test", {"a": 1.0}, {(64, 64): 1.0}, patches=16, text_tokens=512, more=asked)
        batch = next(iter(BatchStream(stage, {"a": draw}, config, IMAGE_CONFIG, tokenizer.to_str(), 7, 0)))
        (answer,) = tokenizer.encode("是", add_special_tokens=False).ids
        return int((batch.labels == answer).sum())

    assert (questions(0), questions(6)) == (1, 6)
