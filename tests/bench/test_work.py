"""The works: seeded, of the sizes that were asked for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kantu.bench.work import QUESTION_TOKENS, Workload, noise, question
from kantu.model.folder import ModelFolder


def test_pictures_are_seeded_and_share_nothing() -> None:
    first, second = (np.asarray(noise(seed, 64, 32)) for seed in (0, 1))
    assert first.shape == (32, 64, 3)
    assert np.array_equal(first, np.asarray(noise(0, 64, 32)))
    assert (first == second).mean() < 0.01


@pytest.mark.parametrize("tokens", [8, 19, 500])
def test_questions_have_about_so_many_tokens(tokens: int) -> None:
    text = question(3, tokens, len)
    assert text == question(3, tokens, len) != question(4, tokens, len)
    assert tokens <= len(text) <= tokens + 4


def test_a_question_whose_words_merge_is_long_enough() -> None:
    assert len(question(0, 40, lambda text: len(text) - text.count("，"))) > 40


def test_a_workload_repeats_itself_and_never_asks_twice(tiny_folder: Path) -> None:
    works = [Workload(ModelFolder.open(tiny_folder)).new(5) for _ in range(2)]
    assert works[0].question == works[1].question
    assert works[0].picture.tobytes() == works[1].picture.tobytes()
    workload = Workload(ModelFolder.open(tiny_folder))
    first, second = workload.new(5), workload.new(5)
    assert first.picture.tobytes() != second.picture.tobytes()
    assert first.question != second.question
    assert QUESTION_TOKENS <= workload.count(first.question) <= QUESTION_TOKENS + 8


def test_another_question_is_about_the_same_picture(tiny_folder: Path) -> None:
    workload = Workload(ModelFolder.open(tiny_folder))
    work = workload.new(5)
    again = workload.again(work)
    assert again.picture is work.picture
    assert again.question != work.question
    assert (again.tokens, again.max_pixels) == (work.tokens, work.max_pixels)


def test_the_budget_stays_within_the_folders_limits(tiny_folder: Path) -> None:
    workload = Workload(ModelFolder.open(tiny_folder))
    config = workload.image_config
    assert workload.new(1, size=(32, 32)).max_pixels == config.min_pixels
    assert workload.new(1, size=(256, 128)).max_pixels == 256 * 128
    assert workload.new(1, size=(2000, 2000)).max_pixels == config.max_pixels
