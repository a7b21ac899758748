"""Pages become batches of text: a description, and questions that see it but not each other."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import torch

from kantu.contenders.pipeline.parts import Asked
from kantu.contenders.pipeline.prompt import make_prompt
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.synth.page import Page, Question
from kantu.training.mini.batch import IGNORED, TextBatch
from kantu.training.mini.folder import write_companions
from kantu.training.mini.pointing import Look
from kantu.training.mini.several import SEVERAL
from kantu.training.mini.stream import Stage
from kantu.training.mini.tokenizer import build_tokenizer
from kantu.training.mini.unseen import NO_PICTURE
from kantu.training.mini_text.network import mini_text_config
from kantu.training.mini_text.stream import TextStream
from kantu.training.mini_text.told import told
from tests.training.mini.pages import line, page
from tests.training.mini_text.test_misreading import PERFECT

TOKENIZER = build_tokenizer()
CONFIG = mini_text_config(TOKENIZER)
STAGE = Stage("test", {"a": 1.0}, {(96, 96): 1.0}, patches=72, text_tokens=300)


def draw(seed: int, width: int, height: int) -> Page:
    price = f"{seed % 90 + 10}元"
    drawn = page(width, height, (line("单价", 4, 4, 16), line(price, 40, 4, 16)))
    return replace(drawn, questions=(Question("q", "单价多少？", price), Question("q", "有单价吗？", "有。")))


def stream(first: int = 0, stage: Stage = STAGE) -> TextStream:
    return TextStream(stage, {"a": draw}, CONFIG, TOKENIZER.to_str(), PERFECT, 7, first)


def composed(seed: int, pages: int = 1) -> TextBatch:
    return stream().composed(0, [draw(number, 96, 96) for number in range(pages)], random.Random(seed))


def test_batches_depend_on_their_index_alone() -> None:
    several = iter(stream())
    third = [next(several) for _ in range(3)][2]
    again = next(iter(stream(2)))
    assert third.index == again.index == 2
    assert third.pictures == 2
    assert torch.equal(third.input_ids, again.input_ids)
    assert torch.equal(third.labels, again.labels)


def test_a_training_sequence_is_what_the_engine_is_given_later(tmp_path: Path) -> None:
    write_companions(tmp_path, CONFIG, TOKENIZER)
    picture = told(draw(0, 96, 96), PERFECT, random.Random(0))
    chat = ChatProcessor.from_folder(ModelFolder.open(tmp_path))
    batch = next(batch for batch in map(composed, range(20)) if batch.segments.max() == 2)  # not drawn as a chat
    length, shared = batch.lengths[0], int((batch.segments[: batch.lengths[0]] == 0).sum())
    for number, question in enumerate(("单价多少？", "有单价吗？"), 1):
        (said,) = make_prompt([picture], Asked(question), "short").messages
        prompt = chat.prompt([Turn("user", said.text)], [])
        one = next(n for n in (1, 2) if question in TOKENIZER.decode(batch.input_ids[batch.segments == n].tolist()))
        own = (batch.segments[:length] == one).nonzero().squeeze(1)
        places = torch.cat((torch.arange(shared), own))[: len(prompt.input_ids)]
        assert batch.input_ids[places].tolist() == prompt.input_ids.tolist()
        assert batch.positions[:, places].tolist() == prompt.positions.tolist()
        answer = TOKENIZER.decode(batch.labels[own][batch.labels[own] != IGNORED].tolist(), skip_special_tokens=False)
        assert answer == ("10元<|im_end|>", "有。<|im_end|>")[number - 1]


def test_some_batches_ask_without_a_picture_and_some_of_several() -> None:
    batches = [composed(seed, pages=3) for seed in range(40)]
    assert {batch.pictures for batch in batches} == {3}
    families = [family for batch in batches for family in batch.families]
    assert 2 <= families.count(NO_PICTURE) <= 20
    assert 2 <= families.count(SEVERAL) <= 25
    several = next(batch for batch in batches if SEVERAL in batch.families)
    text = TOKENIZER.decode(several.input_ids[-several.lengths[-1] :].tolist())
    assert "第1张图片的内容" in text
    assert "第2张图片的内容" in text


def test_a_page_that_nothing_can_be_asked_about_has_no_sequence() -> None:
    batch = stream().composed(0, [page(96, 96), draw(0, 96, 96)], random.Random(1))
    assert batch.families.count("test") == 1
    assert batch.pictures == 2


def test_answers_point_at_what_they_say_in_the_description() -> None:
    batch = next(batch for batch in map(composed, range(20)) if batch.segments.max() == 2)
    tokens = TOKENIZER.encode("元", add_special_tokens=False).ids
    for _, token, seen in batch.pointers[:, batch.pointers[0] == Look.READS].T.tolist():
        assert batch.segments[seen] == 0
        said = batch.labels[token] if batch.labels[token] != IGNORED else batch.input_ids[token]
        assert batch.input_ids[seen] == said
    assert any(batch.labels[token] == tokens[0] for token in batch.pointers[1].tolist())
