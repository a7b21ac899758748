"""Pages become batches whose labels say exactly what is where."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Turn
from kantu.synth.page import Question
from kantu.training.mini.batch import IGNORED, Batch
from kantu.training.mini.compose import Composer
from kantu.training.mini.folder import write_companions
from kantu.training.mini.network import mini_config
from kantu.training.mini.reading_out import read_out
from kantu.training.mini.several import SEVERAL
from kantu.training.mini.tokenizer import build_tokenizer
from kantu.training.mini.unseen import NO_PICTURE
from tests.training.mini.pages import IMAGE_CONFIG, line, page


def known(batch: Batch) -> list[list[int]]:
    """The batch's characters without the padding."""
    return [row for row in batch.glyphs.tolist() if row[2] != IGNORED]


def row(batch: Batch, number: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Ids, positions [3, length], segments and labels of one sequence."""
    start = sum(batch.lengths[:number])
    part = slice(start, start + batch.lengths[number])
    return batch.input_ids[part], batch.positions[:, part], batch.segments[part], batch.labels[part]


@pytest.fixture(scope="module")
def composer() -> Composer:
    tokenizer = build_tokenizer()
    return Composer(mini_config(tokenizer), IMAGE_CONFIG, tokenizer)


def test_a_character_is_asked_of_the_patch_its_centre_lies_in(composer: Composer) -> None:
    """Patch (row 1, column 2) of a 4 x 4 grid is the third of the second merged cell: index 6."""
    drawn = page(64, 64, (line("货", 32, 16, 16),))
    batch = composer.batch(0, [drawn], 0, random.Random(0))
    token = composer.tokenizer.encode("货").ids[0]
    assert known(batch) == [[6, 0, token]]
    assert batch.glyph_counts.nonzero().tolist() == [[6]]
    assert batch.glyph_sizes[0] == 16.0


def test_narrow_digits_share_a_patch_in_order(composer: Composer) -> None:
    batch = composer.batch(0, [page(64, 64, (line("12", 0, 0, 8),))], 0, random.Random(0))
    ids = [composer.tokenizer.encode(digit).ids[0] for digit in "12"]
    assert known(batch) == [[0, 0, ids[0]], [0, 1, ids[1]]]
    assert batch.glyph_counts[0] == 2


def test_too_small_and_outside_characters_are_not_asked_for(composer: Composer) -> None:
    lines = (line("小", 0, 0, 7), line("外", 70, 0, 16), line(" ", 16, 0, 16))
    batch = composer.batch(0, [page(64, 64, lines)], 0, random.Random(0))
    assert batch.glyphs.shape == (0, 3)
    assert batch.glyph_counts.sum() == 0


def test_some_pictures_are_one_chat_of_several_turns(composer: Composer) -> None:
    questions = (Question("a", "多少钱", "5元"), Question("b", "几件", "2"))
    drawn = page(64, 64, questions=questions)
    chats = 0
    for seed in range(40):
        batch = composer.batch(0, [drawn], 100, random.Random(seed))
        ids, positions, segments, _ = row(batch, 0)
        asked = segments > 0
        text = composer.tokenizer.decode(ids[asked].tolist(), skip_special_tokens=False)
        if segments.max() == 1:
            chats += 1
            assert "<|im_end|>\n<|im_start|>user\n" in text
            assert (positions[0, asked].diff() == 1).all()
        else:
            assert "<|im_start|>user" not in text
    assert 2 <= chats <= 16


def test_questions_restart_after_the_picture_and_learn_the_answer_only(composer: Composer) -> None:
    questions = (Question("a", "多少钱", "5元"), Question("b", "几件", "2"))
    drawn = page(64, 96, questions=questions)
    batches = (composer.batch(0, [drawn], 100, random.Random(seed)) for seed in range(20))
    batch = next(batch for batch in batches if batch.segments.max() == 2)  # not one drawn as a chat
    ids, positions, segments, labels = row(batch, 0)
    assert segments.unique().tolist() == [-1, 0, 1, 2]
    shared = int((segments == 0).sum())
    assert (ids == composer.config.image_token_id).sum() == 6
    starts = [int((segments == number).nonzero()[0, 0]) for number in (1, 2)]
    after_picture = positions[:, shared - 1] + 1
    for start in starts:
        assert torch.equal(positions[:, start], after_picture)
    for number, start in enumerate(starts, 1):
        text = composer.tokenizer.decode(ids[segments == number].tolist(), skip_special_tokens=False)
        learned = labels[(segments == number) & (labels != IGNORED)]
        answer = composer.tokenizer.decode(learned.tolist(), skip_special_tokens=False)
        assert text.endswith(answer)
        assert answer in {"5元<|im_end|>", "2<|im_end|>"}
        assert start >= shared


def test_a_budget_of_text_drops_whole_questions_but_never_all(composer: Composer) -> None:
    questions = tuple(Question("a", "问" * 20, "答" * 20) for _ in range(5))
    batch = composer.batch(0, [page(64, 64, questions=questions)], 1, random.Random(0))
    assert batch.segments.max() == 1


def test_a_training_sequence_is_what_the_model_is_given_later(composer: Composer, tmp_path: Path) -> None:
    write_companions(tmp_path, composer.config, composer.tokenizer)
    drawn = page(96, 64, questions=(Question("a", "为什么这个还没发货？", "待商家发货"),))
    batch = composer.batch(0, [drawn], 100, random.Random(0))
    turn = Turn("user", (None, "为什么这个还没发货？"))
    prompt = ChatProcessor.from_folder(ModelFolder.open(tmp_path)).prompt([turn], [batch.grid])
    length = len(prompt.input_ids)
    ids, positions, _, labels = row(batch, 0)
    assert ids[:length].tolist() == prompt.input_ids.tolist()
    assert positions[:, :length].tolist() == prompt.positions.tolist()
    assert labels[length - 1] == composer.tokenizer.encode("待").ids[0]


def test_reading_out_comes_first_and_from_where_it_was_asked(composer: Composer) -> None:
    lines = tuple(line(text, 0, 20 * number, 16) for number, text in enumerate(("甲乙", "丙丁", "戊己")))
    drawn = page(64, 64, lines, (Question("a", "问", "答"),))
    for seed in range(8):
        made = read_out(drawn, random.Random(seed)).questions[1:]
        assert 1 <= len(made) <= 4
        assert len(set(made)) == len(made)
        asked = made[-1]
        start = next((number for number, row in enumerate(("甲乙", "丙丁", "戊己")) if row in asked.question), 0)
        assert asked.answer == "\n".join(("甲乙", "丙丁", "戊己")[start:])
        batch = composer.batch(0, [replace(drawn, questions=(*drawn.questions, asked))], 100, random.Random(seed))
        ids, _, segments, _ = row(batch, 0)
        text = composer.tokenizer.decode(ids[segments == 1].tolist())
        assert text.startswith(asked.question)


def test_some_batches_ask_without_a_picture_and_learn_to_say_so(composer: Composer, tmp_path: Path) -> None:
    write_companions(tmp_path, composer.config, composer.tokenizer)
    drawn = page(96, 64, questions=(Question("a", "多少钱？", "5元"),))
    batches = [composer.batch(0, [drawn, drawn], 100, random.Random(seed)) for seed in range(40)]
    blind = [batch for batch in batches if NO_PICTURE in batch.families]
    assert 2 <= len(blind) <= 20
    turn = Turn("user", "多少钱？")
    prompt = ChatProcessor.from_folder(ModelFolder.open(tmp_path)).prompt([turn], [])
    length = len(prompt.input_ids)
    for batch in blind:
        assert batch.pictures == 2
        ids, positions, _, labels = row(batch, batch.families.index(NO_PICTURE))
        assert ids[:length].tolist() == prompt.input_ids.tolist()
        assert positions[:, :length].tolist() == prompt.positions.tolist()
        learned = composer.tokenizer.decode(labels[labels != IGNORED].tolist())
        assert "图" in learned
        assert "5" not in learned


def test_some_batches_show_several_of_their_pictures_in_one_sequence(composer: Composer, tmp_path: Path) -> None:
    write_companions(tmp_path, composer.config, composer.tokenizer)
    pages = [page(96, 64, questions=(Question("a", "多少钱？", f"{price}元"),)) for price in (5, 6, 7)]
    batches = [composer.batch(0, pages, 100, random.Random(seed)) for seed in range(60)]
    together = [batch for batch in batches if SEVERAL in batch.families]
    assert 5 <= len(together) <= 35
    assert {len(batch.shown) for batch in together} >= {5, 6}
    for batch in together:
        number = batch.families.index(SEVERAL)
        ids, positions, segments, _ = row(batch, number)
        pictures = len(batch.shown) - 3
        asked = composer.tokenizer.decode(ids[segments == 1].tolist())
        question = asked.removeprefix("user\n").split("\nassistant\n")[0]
        turn = Turn("user", (*[None] * pictures, question))
        prompt = ChatProcessor.from_folder(ModelFolder.open(tmp_path)).prompt([turn], [batch.grid] * pictures)
        shared = int((segments == 0).sum())
        assert ids[:shared].tolist() == prompt.input_ids[:shared].tolist()
        assert positions[:, :shared].tolist() == prompt.positions[:, :shared].tolist()
        price = (5, 6, 7)[batch.shown[-pictures:][0]]
        if any(word in question for word in ("第一张", "前一张", "先发")):
            assert f"{price}元" in asked
