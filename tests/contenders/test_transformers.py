"""transformers can be asked like anybody else, and answers as we do."""

from __future__ import annotations

import builtins
import functools
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

import kantu
from kantu.bench.match import Match
from kantu.bench.work import Workload
from kantu.contenders.apart import Apart
from kantu.contenders.contender import AskOptions, Contender, Said
from kantu.contenders.kantu import Kantu
from kantu.contenders.transformers import Transformers
from kantu.errors import EngineError, MissingDependencyError
from kantu.model.folder import ModelFolder

pytestmark = pytest.mark.whole

CPU = torch.device("cpu")
FORCED = AskOptions(max_tokens=5, min_tokens=5, temperature=0.0, repetition_penalty=1.0, max_pixels=64 * 64)


@pytest.fixture
def ours(tiny_folder: Path) -> Iterator[Kantu]:
    contender = Kantu(kantu.load(tiny_folder, device="cpu", dtype="float32"))
    yield contender
    contender.close()


@pytest.fixture
def theirs(tiny_folder: Path) -> Iterator[Transformers]:
    contender = Transformers(tiny_folder, dtype=torch.float32, device=CPU)
    yield contender
    contender.close()


@pytest.fixture
def picture() -> Image.Image:
    return Image.linear_gradient("L").resize((96, 64)).convert("RGB")


def test_both_answer_the_same_work_at_the_forced_length(ours: Kantu, theirs: Transformers, tiny_folder: Path) -> None:
    workload = Workload(ModelFolder.open(tiny_folder))
    for tokens in (1, 5):
        replies = Match(ours, theirs, workload).replies(workload.new(tokens, size=(96, 64)))
        for reply in replies:
            assert reply.completion_tokens == tokens
            assert 0 < reply.ttft_seconds <= reply.total_seconds
            assert (reply.tpot_seconds > 0) == (tokens > 1)
        assert replies[0].text == replies[1].text


def test_both_read_the_same_prompt_of_pictures_and_history(
    ours: Kantu, theirs: Transformers, picture: Image.Image
) -> None:
    options = AskOptions(max_tokens=1, max_pixels=64 * 64, history=(Said("user", "这是什么"), Said("assistant", "图")))
    mine, other = (each.ask([picture, picture.rotate(90)], "哪里不同？", options) for each in (ours, theirs))
    assert mine.visual_tokens > 0
    assert (mine.prompt_tokens, mine.visual_tokens) == (other.prompt_tokens, other.visual_tokens)


def test_a_question_without_a_picture_and_a_file_of_one_are_asked_too(
    theirs: Transformers, picture: Image.Image, tmp_path: Path
) -> None:
    file = io.BytesIO()
    picture.save(file, "PNG")
    path = tmp_path / "picture.png"
    path.write_bytes(file.getvalue())
    asked = [theirs.ask([source], "?", FORCED).visual_tokens for source in (picture, path, str(path), file.getvalue())]
    assert asked == [asked[0]] * 4
    assert theirs.ask([], "?", FORCED).visual_tokens == 0


def test_what_is_left_open_is_the_folder_s(theirs: Transformers) -> None:
    defaults = theirs._defaults
    defaults.update(do_sample=True, temperature=0.7, top_p=0.8, repetition_penalty=1.1, max_new_tokens=None)
    left = theirs._config(AskOptions())
    assert (left.do_sample, left.temperature, left.top_p, left.repetition_penalty) == (True, 0.7, 0.8, 1.1)
    assert (left.max_new_tokens, left.eos_token_id) == (512, defaults.eos_token_id)
    greedy = theirs._config(AskOptions(temperature=0.0, min_tokens=3, max_tokens=9))
    assert (greedy.do_sample, greedy.temperature, greedy.top_p) == (False, None, None)
    assert (greedy.min_new_tokens, greedy.max_new_tokens, greedy.eos_token_id) == (3, 9, defaults.eos_token_id)
    assert theirs._config(FORCED).eos_token_id is None


def test_in_a_process_of_its_own_it_answers_the_same(
    theirs: Transformers, picture: Image.Image, tiny_folder: Path
) -> None:
    there = Apart(functools.partial(Transformers, tiny_folder, dtype=torch.float32, device=CPU))
    assert there.name == "transformers"
    assert there.ask([picture], "?", FORCED).text == theirs.ask([picture], "?", FORCED).text
    there.close()


def _end() -> Contender:
    raise SystemExit


def _fail() -> Contender:
    raise MissingDependencyError("pickled", "没有", "missing")


def test_a_process_that_ends_is_said_and_what_it_raises_is_raised_here() -> None:
    with pytest.raises(EngineError, match="rival_died"):
        Apart(_end)
    with pytest.raises(MissingDependencyError, match="pickled"):
        Apart(_fail)


def test_a_missing_package_is_said(tiny_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = builtins.__import__

    def refuse(name: str, *arguments: Any, **keywords: Any) -> Any:
        if name.split(".")[0] == "transformers":
            raise ImportError(name)
        return original(name, *arguments, **keywords)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(MissingDependencyError, match="transformers_missing"):
        Transformers(tiny_folder, dtype=torch.float32, device=CPU)
