"""What a token costs on the engine's thread, beside the network: every feature of the choosing at its bound, at once.

Processor time of this thread is measured, against a bound that is a multiple of the stated one: what these tests are
for cost hundreds of times as much.
"""

from __future__ import annotations

import time
from typing import Any

import pytest
import torch

from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.generation import MOST_ADDED_TOKENS, MOST_TOKEN_SECONDS, Generation
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.preparation import Preparation
from kantu.engine.request import (
    MAX_ALL_STOP_CHARACTERS,
    MAX_LOGPROBS,
    MAX_PATTERN_SIZE,
    MAX_STOP_STRINGS,
    Constraint,
    RepetitionStop,
)
from kantu.engine.sequence import Job, Sequence
from kantu.errors import KantuError
from kantu.hub import locate
from kantu.model.folder import ModelFolder
from kantu.processing.chat import ChatProcessor
from kantu.processing.image import ImageConfig
from tests.engine.engines import end_of, request

MARGIN = 2
VOCAB = ModelFolder.open(locate(None)).config.text.vocab_size
WORDS = "".join(map(chr, range(0x4E00, 0x4E00 + 8000)))
LENGTH = MAX_ALL_STOP_CHARACTERS // MAX_STOP_STRINGS
EVERYTHING: dict[str, Any] = {
    # the first holds back all of a run of x, the others are looked for in what it holds
    "stop": (
        "x" * (LENGTH - 1) + "甲",
        *(chr(ord("乙") + i) + "x" * (LENGTH - 1) for i in range(MAX_STOP_STRINGS - 1)),
    ),
    "temperature": 1.0,
    "top_k": 0,
    "top_p": 0.95,
    "min_p": 0.001,
    "repetition_penalty": 1.1,
    "presence_penalty": 0.5,
    "frequency_penalty": 0.5,
    "logprobs": MAX_LOGPROBS,
    "repetition": RepetitionStop(MAX_PATTERN_SIZE, min_count=50),
    "seed": 1,
}


@pytest.fixture(scope="module")
def preparation() -> Preparation:
    folder = ModelFolder.open(locate(None))
    config = GenerationConfig.from_folder(folder)
    compiler = ConstraintCompiler(folder, folder.config.text.vocab_size, config.end_ids)
    return Preparation(ChatProcessor.from_folder(folder), ImageConfig.from_folder(folder), config, compiler, 16)


def sequence(preparation: Preparation, text: str = "字", **sampling: Any) -> Sequence:
    asked = request(text=text, **{**EVERYTHING, **sampling})
    job = Job(lambda item: None, 0.0, 0, None)
    matcher = preparation.matcher(asked.sampling)
    return preparation.sequences(job, asked, matcher, None, 30_000)[0]


def costs(sequence: Sequence, tokens: int) -> list[float]:
    """Seconds of each step, to the answer's end or for so many tokens."""
    generator = torch.Generator().manual_seed(0)
    seconds: list[float] = []
    before = len(sequence.tokens)
    while len(sequence.tokens) - before < tokens:
        logits = torch.randn(VOCAB, generator=generator)
        started = time.thread_time()
        try:
            delta = sequence.advance(logits)
        except KantuError:  # too complex: it ends, which is bounded too
            delta = None
        seconds.append(time.thread_time() - started)
        if delta is None or delta.end is not None:
            break
        assert len(delta.token_ids) <= 2 * MOST_ADDED_TOKENS
    return seconds


def nested(depth: int) -> Any:
    value: Any = 1
    for i in range(depth):
        value = [value, "x" * 20] if i % 2 else {"键": value}
    return value


LONG = "x" * 300
CONSTRAINTS = {
    "none": None,
    "a long forced run": Constraint("regex", "x{4000}"),
    "a text of a fixed length": Constraint("regex", r"\p{L}{2000}"),
    "texts of many lengths": Constraint("regex", "(.{0,50},){0,50}"),
    "much that is optional": Constraint("regex", ".?" * 90),
    "a deep constant": Constraint.json_schema({"const": nested(58)}),
    "deep constants": Constraint.json_schema({"type": "array", "items": {"enum": [nested(i) for i in range(20, 34)]}}),
    "a large constant": Constraint.json_schema({"type": "array", "items": {"const": list(range(900))}}),
    "long texts": Constraint.json_schema({"enum": [LONG + chr(0x4E00 + i) for i in range(60)]}),
    "a long text": Constraint.json_schema({"type": "string", "minLength": 2000}),
    "many keys": Constraint.json_schema({"properties": {f"k{i}": {"type": "string"} for i in range(300)}}),
    "deep arrays": Constraint("json_schema", '{"type":"array","items": ' * 30 + '{"type":"integer"}' + "}" * 30),
    "labels": Constraint.choice([f"{i}" + "很长" * 40 for i in range(256)]),
    "anything": Constraint("json_object"),
}


@pytest.mark.parametrize("constraint", CONSTRAINTS.values(), ids=[name.replace(" ", "-") for name in CONSTRAINTS])
def test_no_token_costs_more_than_stated(preparation: Preparation, constraint: Constraint | None) -> None:
    asked = sequence(preparation, constraint=constraint, max_tokens=8000)
    seconds = costs(asked, 150)
    assert max(seconds) < MARGIN * MOST_TOKEN_SECONDS
    # An answer may end after one token, so one may cost all; those of a long answer cost an eighth.
    assert sum(seconds) < MOST_TOKEN_SECONDS * (1 + len(seconds) / 8)


def test_a_token_costs_the_same_however_long_prompt_and_answer_are(preparation: Preparation) -> None:
    long = sequence(preparation, WORDS, max_tokens=5000, min_tokens=5000)
    assert isinstance(long.answer, Generation)
    said = [7, 9, 1] * 1500  # is not looked at again
    for token in said:
        long.answer.sampler.note(token)
    long.answer.count += len(said)
    long.tokens += said
    short = sequence(preparation, max_tokens=5000, min_tokens=5000)
    least = [min(costs(each, 100)) for each in (short, long)]
    assert least[1] < 3 * least[0] + 0.001


def test_a_forced_run_comes_in_pieces(preparation: Preparation) -> None:
    constraint = Constraint("regex", "x{2000}(a|b)y{2000}")
    asked = sequence(preparation, constraint=constraint, max_tokens=8000, repetition=None)
    opening = len(asked.tokens) - asked.prompt_length
    assert opening == MOST_ADDED_TOKENS
    deltas = []
    logits = torch.zeros(VOCAB)
    while not deltas or deltas[-1].end is None:
        deltas.append(asked.advance(logits))
    assert max(len(delta.token_ids) for delta in deltas) <= 2 * MOST_ADDED_TOKENS
    text = "".join(delta.text for delta in deltas)
    assert text in ("x" * 2000 + "a" + "y" * 2000, "x" * 2000 + "b" + "y" * 2000)
    assert sum(len(delta.logprobs) for delta in deltas) == sum(len(delta.token_ids) for delta in deltas)
    chosen = [reported for delta in deltas for reported in delta.logprobs if reported.top]
    assert len(chosen) == 1
    assert end_of(deltas).finish_reason == "stop"
