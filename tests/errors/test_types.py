"""Errors say what is wrong in Chinese, carry a code, and survive the way between processes."""

from __future__ import annotations

import pickle

import pytest

from kantu.errors import ImageError, NotReadyError, OverloadedError


def test_an_error_shows_its_message_and_code() -> None:
    assert str(ImageError("image_damaged", "图片已损坏。", "The image is damaged.")) == "图片已损坏。 [image_damaged]"


def test_an_error_survives_pickling() -> None:
    error = ImageError("image_damaged", "图片已损坏。", "The image is damaged.", param="images")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is ImageError
    assert vars(copy) == vars(error)


@pytest.mark.parametrize("kind", [NotReadyError, OverloadedError])
def test_when_to_come_back_survives_pickling(kind: type[NotReadyError | OverloadedError]) -> None:
    error = kind("busy", "请稍后重试。", "Try again later.", retry_after_seconds=2.5, param="model")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)
