"""generation_config.json: defaults are read, what we cannot do is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from kantu.engine.generation_config import GenerationConfig
from kantu.engine.request import SamplingParams
from kantu.errors import CheckpointError
from kantu.model.folder import ModelFolder


def write(folder: Path, **values: Any) -> ModelFolder:
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": 2, **values}))
    return ModelFolder.open(folder)


def test_an_instruct_folder_samples(tmp_path: Path) -> None:
    folder = write(tmp_path, do_sample=True, temperature=0.7, top_p=0.8, top_k=20, eos_token_id=[5, 3])
    config = GenerationConfig.from_folder(folder)
    assert config.end_ids == {3, 5}
    assert (config.temperature, config.top_p, config.top_k, config.repetition_penalty) == (0.7, 0.8, 20, 1.0)


@pytest.mark.parametrize("values", [{}, {"do_sample": False, "temperature": 0.7}])
def test_without_do_sample_a_folder_is_greedy(tmp_path: Path, values: dict[str, Any]) -> None:
    config = GenerationConfig.from_folder(write(tmp_path, **values))
    assert config.complete(SamplingParams()).temperature == 0.0
    assert config.end_ids == {2}


def test_what_a_user_gives_wins_over_the_folder(tmp_path: Path) -> None:
    folder = write(tmp_path, do_sample=True, temperature=0.7, top_p=0.8, top_k=20, repetition_penalty=1.1)
    given = SamplingParams(temperature=0.0, top_k=0, seed=4, stop=("a",))
    params = GenerationConfig.from_folder(folder).complete(given)
    assert params == SamplingParams(temperature=0.0, top_p=0.8, top_k=0, repetition_penalty=1.1, seed=4, stop=("a",))


@pytest.mark.parametrize(
    "values", [{"num_beams": 4}, {"min_p": 0.1}, {"min_new_tokens": 2}, {"no_repeat_ngram_size": 3}]
)
def test_a_setting_we_do_not_implement_is_refused_not_ignored(tmp_path: Path, values: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError) as caught:
        GenerationConfig.from_folder(write(tmp_path, **values))
    assert caught.value.param in values


@pytest.mark.parametrize(
    "values", [{"eos_token_id": []}, {"eos_token_id": None}, {"temperature": -1}, {"top_p": 7}, {"max_new_tokens": 0}]
)
def test_a_senseless_value_is_an_error(tmp_path: Path, values: dict[str, Any]) -> None:
    with pytest.raises(CheckpointError) as caught:
        GenerationConfig.from_folder(write(tmp_path, **values))
    assert caught.value.code == "generation_config_invalid"


def test_a_folder_without_the_file(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError) as caught:
        GenerationConfig.from_folder(ModelFolder.open(tmp_path))
    assert (caught.value.code, caught.value.param) == ("checkpoint_file_missing", "generation_config.json")
