"""How many pixels a picture may have."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kantu.errors import InvalidRequestError
from kantu.processing.budget import ASK_PIXELS, LOW_DETAIL_PIXELS, image_warnings, pixel_budget, pixel_budgets
from kantu.processing.conversation import Detail
from kantu.processing.image import CleanImage, ImageConfig


def config_with(most: int) -> ImageConfig:
    half = (0.5, 0.5, 0.5)
    return ImageConfig(16, 2, 2, half, half, min_pixels=1024, max_pixels=most)


def test_a_folder_made_for_few_pixels_uses_its_own_limit() -> None:
    assert pixel_budget(config_with(1_310_720), None) == 1_310_720
    assert pixel_budget(config_with(150_000), None) == 150_000


def test_any_other_folder_starts_at_448_by_448() -> None:
    assert pixel_budget(config_with(16_777_216), None) == 448 * 448


def test_a_task_s_budget_stands_between_what_was_asked_and_what_is_usual() -> None:
    large = config_with(16_777_216)
    assert pixel_budget(large, None, task_pixels=900_000) == 900_000
    assert pixel_budget(large, 2_000_000, task_pixels=900_000) == 2_000_000
    assert pixel_budget(large, None, task_pixels=900_000, most_pixels=500_000) == 500_000
    assert pixel_budget(config_with(655_360), None, task_pixels=200_704) == 655_360  # made for few pixels


def test_what_was_asked_counts_within_the_limits() -> None:
    assert pixel_budget(config_with(16_777_216), 2_000_000) == 2_000_000


def test_a_server_may_set_a_lower_limit() -> None:
    config = config_with(16_777_216)
    assert pixel_budget(config, None, most_pixels=100_000) == 100_000
    assert pixel_budget(config, 100_000, most_pixels=100_000) == 100_000
    with pytest.raises(InvalidRequestError, match="100000"):
        pixel_budget(config, 100_001, most_pixels=100_000)


@pytest.mark.parametrize(
    ("most", "detail", "budget"),
    [
        (1_310_720, "low", LOW_DETAIL_PIXELS),
        (1_310_720, "auto", 1_310_720),
        (1_310_720, "high", 1_310_720),
        (16_777_216, "low", LOW_DETAIL_PIXELS),
        (16_777_216, "auto", ASK_PIXELS),
        (16_777_216, "high", 16_777_216),
        (100_000, "low", 100_000),
    ],
)
def test_detail_says_how_closely_to_look(most: int, detail: Detail, budget: int) -> None:
    assert pixel_budget(config_with(most), None, detail) == budget


def test_low_is_cheaper_than_nothing_said_on_every_folder() -> None:
    assert LOW_DETAIL_PIXELS < ASK_PIXELS


def test_what_was_asked_beats_the_detail_and_the_server_s_limit_holds_over_both() -> None:
    config = config_with(1_310_720)
    assert pixel_budgets(config, 500_000) == {"auto": 500_000, "low": 500_000, "high": 500_000}
    assert pixel_budgets(config, None, most_pixels=65_536) == {"auto": 65_536, "low": 65_536, "high": 65_536}
    assert pixel_budgets(config, None)["low"] == LOW_DETAIL_PIXELS


@pytest.mark.parametrize("value", [0, -1, 1023, 262_145, 1e5, "100000", True])
def test_a_budget_outside_the_limits_is_refused(value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        pixel_budget(config_with(262_144), value)
    assert caught.value.code == "invalid_max_pixels"


def test_only_a_picture_shrunk_more_than_twofold_gets_a_warning() -> None:
    pixels = np.zeros((320, 320, 3), np.uint8)
    kept, shrunk = CleanImage(pixels, "0" * 64, (640, 640)), CleanImage(pixels, "0" * 64, (700, 700))
    (warning,) = image_warnings([kept.resizing, shrunk.resizing])
    assert warning.code == "picture_shrunk"
    assert warning.message.startswith("第 2 张图片从 700×700 缩小到 320×320")


def test_where_there_is_no_picture_the_answer_says_that_nothing_supports_it() -> None:
    (warning,) = image_warnings([])
    assert (warning.code, "没有图片" in warning.message) == ("no_picture", True)
