"""Errors say what is wrong in Chinese, carry a code, and survive the way between processes."""

from __future__ import annotations

import pickle
import shlex
from pathlib import Path

import pytest

from kantu import errors
from kantu.errors import (
    EngineError,
    ImageError,
    KantuError,
    NotFoundError,
    NotReadyError,
    OverloadedError,
    blaming,
    install_command,
)


def test_an_error_shows_its_message_and_code() -> None:
    assert str(ImageError("image_damaged", "图片已损坏。", "The image is damaged.")) == "图片已损坏。 [image_damaged]"


def test_an_error_survives_pickling() -> None:
    error = ImageError("image_damaged", "图片已损坏。", "The image is damaged.", param="images")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is ImageError
    assert vars(copy) == vars(error)


def test_an_extra_is_installed_from_the_checkout_or_from_the_wheel_but_not_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = shlex.split(install_command("service"))
    assert command[:3] == ["pip", "install", "-e"]
    root, constraints = Path(command[3].removesuffix("[service]")), Path(command[5])
    assert (root / "pyproject.toml").is_file()
    assert constraints.is_file()
    monkeypatch.setattr(errors, "__file__", str(tmp_path / "site-packages/kantu/errors.py"))
    assert install_command("service") == "pip install './kantu_vl-….whl[service]'"


@pytest.mark.parametrize("kind", [NotReadyError, OverloadedError])
def test_when_to_come_back_survives_pickling(kind: type[NotReadyError | OverloadedError]) -> None:
    error = kind("busy", "请稍后重试。", "Try again later.", retry_after_seconds=2.5, param="model")
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert vars(copy) == vars(error)
    assert str(copy) == str(error)


@pytest.mark.parametrize(
    ("kind", "param"), [(ImageError, "images.1"), (NotFoundError, "images.1"), (EngineError, "images")]
)
def test_only_errors_of_the_request_are_blamed_on_a_part_of_it(kind: type[KantuError], param: str) -> None:
    with pytest.raises(kind) as caught, blaming("images.1"):
        raise kind("some_code", "中文。", "English.", param="images")
    assert caught.value.param == param
