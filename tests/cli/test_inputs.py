"""Pictures are told from texts, and a misspelt picture from both."""

from __future__ import annotations

import pytest

from kantu.cli.inputs import may_be_picture, pictures_and_texts
from kantu.errors import ImageError
from kantu.tasks.builtin import MATCH, MODERATE, ORDER, UI_POINT
from kantu.tasks.task import Task


@pytest.fixture(autouse=True)
def pictures(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path_factory.mktemp("pictures")
    for name in ("a.png", "b"):
        (folder / name).touch()
    monkeypatch.chdir(folder)


@pytest.mark.parametrize(
    ("task", "texts"),
    [
        (ORDER, []),
        (ORDER, ["为什么"]),
        (ORDER, ["为什么", "还没", "发货"]),
        (ORDER, ["12.50", "对吗"]),
        (MATCH, ["nofile.png"]),  # a text that the picture may well show
        (MODERATE, ["https://example.com"]),
        (MODERATE, ["加我example.com"]),
        (UI_POINT, ["500", "300.25"]),
    ],
)
def test_what_follows_the_files_is_text(task: Task, texts: list[str]) -> None:
    assert pictures_and_texts(["a.png", "b", *texts], task) == (["a.png", "b"], texts)


@pytest.mark.parametrize(
    ("task", "words"),
    [
        (ORDER, ["nofile.png", "为什么"]),
        (ORDER, ["./nofile", "为什么"]),
        (ORDER, ["nofile", "b", "为什么"]),
        (ORDER, ["nofile.png"]),
        (ORDER, ["nofile.JPEG"]),
        (MATCH, ["nofile.png", "已发货"]),
        (UI_POINT, ["nofile.png", "500", "300"]),
    ],
)
def test_a_misspelt_picture_is_no_text(task: Task, words: list[str]) -> None:
    for before in ([], ["a.png"]):
        with pytest.raises(ImageError) as caught:
            pictures_and_texts([*before, *words], task)
        assert (caught.value.code, words[0] in caught.value.message) == ("image_not_found", True)


@pytest.mark.parametrize("word", ["12.50", "为什么", "v1.0"])
def test_numbers_are_no_names_of_files(word: str) -> None:
    assert not may_be_picture(word)
