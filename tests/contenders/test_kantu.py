"""Our own engine can be asked like anybody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import kantu
from kantu.contenders.contender import AskOptions, Said
from kantu.contenders.kantu import Kantu
from kantu.engine.local import EngineSettings
from kantu.solve.result import Finding, TaskResult
from kantu.tasks.builtin import TASKS
from kantu.tasks.results import MatchResult
from tests.tiny_checkpoint import write_tiny_checkpoint


def test_it_answers_and_tells_what_that_cost() -> None:
    contender = Kantu(kantu.load())
    reply = contender.ask(["examples/order.png"], "这个订单现在是什么状态？", AskOptions(max_tokens=8, temperature=0.0))
    assert reply.text
    assert 0 < reply.ttft_seconds <= reply.total_seconds
    assert 1 < reply.completion_tokens <= 8
    assert 100 < reply.visual_tokens < reply.prompt_tokens
    assert reply.finish_reason in ("stop", "length")
    assert 0 < reply.tpot_seconds < reply.total_seconds
    contender.close()


def test_of_a_second_question_about_a_picture_its_visual_tokens_are_not_computed_again() -> None:
    contender = Kantu(kantu.load())
    options = AskOptions(max_tokens=4, temperature=0.0)
    first, second = (contender.ask(["examples/order.png"], question, options) for question in ("多少钱？", "谁买的？"))
    contender.close()
    assert first.cached_tokens == 0
    assert second.cached_tokens > second.visual_tokens - EngineSettings().block_size


def test_answers_that_go_round_in_circles_end_early_unless_a_length_is_asked_for(tmp_path: Path) -> None:
    write_tiny_checkpoint(tmp_path)
    contender = Kantu(kantu.load(str(tmp_path)))
    question = "这是什么？"  # greedily, random weights end in a circle
    ended = contender.ask([], question, AskOptions(max_tokens=400, temperature=0.0))
    forced = contender.ask([], question, AskOptions(max_tokens=400, min_tokens=400, temperature=0.0))
    contender.close()
    assert (ended.finish_reason, forced.finish_reason) == ("repetition", "length")
    assert ended.completion_tokens < forced.completion_tokens == 400


def test_it_keeps_to_schema_and_choices_tells_how_sure_it_is_and_hears_what_was_said_before() -> None:
    contender = Kantu(kantu.load())
    schema = {"type": "object", "properties": {"价格": {"type": "string"}}, "required": ["价格"]}
    typed = contender.ask(["examples/order.png"], "提取价格", AskOptions(max_tokens=40, temperature=0.0, schema=schema))
    assert list(json.loads(typed.text)) == ["价格"]
    assert typed.probability is None
    history = (Said("user", "这是什么"), Said("assistant", "一个订单"))
    options = AskOptions(temperature=0.0, choices=("已付款", "待付款"), history=history, probability=True)
    chosen = contender.ask(["examples/order.png"], "什么状态？", options)
    assert chosen.text in ("已付款", "待付款")
    assert chosen.probability is not None
    assert 0 < chosen.probability <= 1
    contender.close()


def test_it_runs_a_task_as_the_public_api_does() -> None:
    contender = Kantu(kantu.load())
    reply = contender.run(TASKS["match"], ["examples/order.png"], {"text": "图里是一个订单"}, max_pixels=None)
    ran = contender.vlm.match("examples/order.png", "图里是一个订单")
    assert MatchResult.model_validate_json(reply.text) == ran.result
    assert reply.result is not None
    assert _rounded(reply.result) == _rounded(ran)  # which questions share a batch changes the last digits
    assert reply.completion_tokens == ran.usage.completion_tokens
    contender.close()


def _rounded(result: TaskResult[Any]) -> dict[str, Finding]:
    return {
        path: found.model_copy(update={"confidence": None if found.confidence is None else round(found.confidence, 4)})
        for path, found in result.fields.items()
    }
