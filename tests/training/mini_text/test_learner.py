"""The folder of `kantu-mini-text` is a Qwen3-VL folder like any other; its decoder learns, from kantu-mini's on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from kantu.hub import locate
from kantu.model.checkpoint import load_model
from kantu.model.folder import ModelFolder
from kantu.synth.page import Page, Question
from kantu.training.loop import LoopSettings, Stretch
from kantu.training.mini.folder import write_companions
from kantu.training.mini.network import mini_config
from kantu.training.mini.ship import ship
from kantu.training.mini.stream import Stage
from kantu.training.mini.tokenizer import build_tokenizer
from kantu.training.mini_text.learner import MiniTextLearner
from kantu.training.mini_text.network import mini_text_config
from kantu.training.mini_text.train import train
from kantu.training.progress import Progress
from kantu.vlm import load
from tests.training.mini.pages import line, page
from tests.training.mini_text.test_misreading import PERFECT

pytestmark = pytest.mark.whole

CPU = torch.device("cpu")
STAGES = {"test": Stage("test", {"a": 1.0}, {(96, 96): 1.0}, patches=144, text_tokens=64)}


def draw(seed: int, width: int, height: int) -> Page:
    text = "黑猫" if seed % 2 == 0 else "白马"
    return replace(page(width, height, (line(text, 8, 8, 16),)), questions=(Question("q", "写着什么", text),))


def run(folder: Path, pictures: int, weights: Path) -> Progress:
    settings = LoopSettings(folder, warmup_steps=2, log_steps=1)
    return train(
        [Stretch("test", pictures)],
        STAGES,
        {"a": draw},
        PERFECT,
        settings,
        weights=weights,
        device=CPU,
        workers=0,
    )


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as a run begins it."""
    folder = tmp_path_factory.mktemp("text")
    tokenizer = build_tokenizer()
    learner = MiniTextLearner(tokenizer, seed=1, weights=locate(None), device=CPU)
    write_companions(folder, learner.config, tokenizer)
    learner.write(folder)
    return folder


def test_its_decoder_is_as_large_as_kantu_minis_and_begins_as_it(begun: Path) -> None:
    tokenizer = build_tokenizer()
    assert ModelFolder.open(begun).config == mini_text_config(tokenizer)
    assert mini_text_config(tokenizer).text == mini_config(tokenizer).text
    ours = load_model(ModelFolder.open(begun), device=CPU, dtype=torch.bfloat16)
    mini = load_model(ModelFolder.open(locate(None)), device=CPU, dtype=torch.bfloat16)
    for name, tensor in mini.language_model.state_dict().items():
        assert torch.equal(ours.language_model.state_dict()[name], tensor), name


def test_it_is_small_enough_to_ship(begun: Path) -> None:
    shards = list(begun.glob("*.safetensors"))
    assert sum(shard.stat().st_size for shard in shards) < 13_000_000


def test_the_engine_answers_with_it(begun: Path) -> None:
    with load(begun) as model:
        said = model.ask([], "图片内容：\n单价 | 5元\n\n单价多少？", max_tokens=4)
    assert isinstance(said.text, str)


def test_a_run_learns_goes_on_and_ships(tmp_path: Path) -> None:
    run(tmp_path / "run", 4 * 12, locate(None))
    after = run(tmp_path / "run", 8, locate(None))
    records = [json.loads(row) for row in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert records[-1]["lm"] < records[0]["lm"] / 2
    assert records[0]["tokens"] > 0
    assert (after.pictures, len(after.history)) == (56, 2)
    ship(tmp_path / "run", tmp_path / "shipped")
    load_model(ModelFolder.open(tmp_path / "shipped"), device=CPU, dtype=torch.bfloat16)
    again = run(tmp_path / "b", 4, tmp_path / "shipped")
    assert again.pictures == 4
