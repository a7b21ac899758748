"""Decisions with OpenAI's own Python client, against `kantu serve` and the embedded model."""

from __future__ import annotations

import asyncio
from typing import Any

import openai
import pytest
from openai import AsyncOpenAI, OpenAI
from openai.lib.decisions_tool_runner import DecisionsToolRunner, DecisionsToolRunnerError

from kantu import hub
from kantu.model.folder import ModelFolder
from kantu.solve.calibration import Calibration
from tests.service.clients.questions import MODEL, STATUS, picture
from tests.service.proof.live import LiveGateway, wait_until

pytestmark = pytest.mark.whole

SHIPPED: Any = {"type": "predicate", "name": "发货", "instructions": "发货了吗？"}
STATE: Any = {
    "type": "choice",
    "name": "状态",
    "instructions": "现在是什么状态？",
    "choices": [{"value": value} for value in (STATUS, "待付款", "已发货", "交易成功")],
}
PIECES: Any = {
    "type": "score",
    "name": "件数",
    "instructions": "保温杯买了几件？",
    "levels": [{"label": str(number)} for number in range(4)],
}
VISUAL_TOKENS = 260
MANY = 400


def shown() -> Any:
    """The order, as a message."""
    part = {"type": "input_image", "image_url": picture()["image_url"]["url"]}
    return [{"role": "user", "content": [part]}]


def test_three_kinds_of_questions_about_one_picture(client: OpenAI) -> None:
    decision = client.decisions.create(model=MODEL, input=shown(), questions=[SHIPPED, STATE, PIECES])
    shipped, state, pieces = decision.answers
    assert decision.model == MODEL
    assert shipped.type == "predicate"
    assert 0 < shipped.probability < 1
    assert state.type == "choice"
    assert (state.name, state.choice) == ("状态", STATUS)
    assert [each.value for each in state.probabilities] == [STATUS, "待付款", "已发货", "交易成功"]
    assert sum(each.probability for each in state.probabilities) == pytest.approx(1)
    calibrated = Calibration.from_folder(ModelFolder.open(hub.locate(MODEL))).confidence
    likely = max(each.probability for each in state.probabilities)
    assert state.confidence == pytest.approx(calibrated("decisions.choice", likely))
    assert pieces.type == "score"
    assert pieces.score == pytest.approx(sum(each.value * each.probability for each in pieces.probabilities))
    assert [(each.value, each.label) for each in pieces.probabilities] == [(n, str(n)) for n in range(4)]


def test_all_questions_share_one_prefill(client: OpenAI, served: LiveGateway) -> None:
    """The picture is encoded once, and each further question computes little more than its own words."""
    encoded = served.metric("kantu_engine_encode_seconds_count")
    decision = client.decisions.create(
        model=MODEL, input=shown(), questions=[STATE] * 3 + [SHIPPED] * 3, prompt_cache_key="one prefill"
    )
    usage = decision.usage
    wait_until(lambda: served.metric("kantu_engine_encode_seconds_count") > encoded)
    assert served.metric("kantu_engine_encode_seconds_count") == encoded + 1
    assert usage.input_tokens_details.cached_tokens >= 5 * (VISUAL_TOKENS - 16)
    assert usage.input_tokens - usage.input_tokens_details.cached_tokens < VISUAL_TOKENS + 6 * 64
    assert usage.visual_tokens == VISUAL_TOKENS  # type: ignore[attr-defined]
    assert (usage.output_tokens, usage.total_tokens) == (6, usage.input_tokens + 6)


def test_the_same_request_is_answered_the_same_whatever_stands_beside_it(client: OpenAI) -> None:
    alone = [client.decisions.create(model=MODEL, input=shown(), questions=[each]) for each in (SHIPPED, STATE)]
    together = client.decisions.create(model=MODEL, input=shown(), questions=[PIECES, SHIPPED, STATE])
    for single, answer in zip(alone, together.answers[1:], strict=True):
        before, after = single.answers[0].model_dump(), answer.model_dump()
        assert before.keys() == after.keys()
        for name in ("probability", "confidence"):
            assert before.get(name) == pytest.approx(after.get(name), abs=1e-4)


def test_text_alone_json_and_a_question_in_english(client: OpenAI) -> None:
    urgent: Any = {"type": "predicate", "instructions": [{"type": "input_text", "text": "Is it urgent?"}]}
    order: Any = {"role": "user", "content": [{"type": "input_json", "data": {"note": "ship it today"}}]}
    for given in ("ship it today", [order]):
        decision = client.decisions.create(model=MODEL, input=given, questions=[urgent])
        assert decision.answers[0].type == "predicate"
        assert decision.answers[0].name is None


def test_as_many_questions_as_openai_takes(client: OpenAI) -> None:
    decision = client.decisions.create(model=MODEL, input=shown(), questions=[SHIPPED] * MANY)
    told = [answer.probability for answer in decision.answers if answer.type == "predicate"]
    assert max(told) - min(told) < 0.01  # batches round differently
    assert len(decision.answers) == MANY


def test_as_many_choices_as_openai_takes(client: OpenAI) -> None:
    labels: Any = [{"value": f"{number}元"} for number in range(255)]
    question: Any = {"type": "choice", "instructions": "总金额是多少？", "choices": labels}
    decision = client.decisions.create(model=MODEL, input=shown(), questions=[question])
    (answer,) = decision.answers
    assert answer.type == "choice"
    assert len(answer.probabilities) == 255
    assert sum(each.probability for each in answer.probabilities) == pytest.approx(1)


def test_the_client_s_own_tool_runner_chooses_what_to_do(client: OpenAI) -> None:
    done: list[str] = []
    runner = DecisionsToolRunner(
        observe=lambda: "订单：待商家发货" if not done else "已经提醒",
        candidates=lambda _: [
            {"id": "提醒发货", "description": "请商家快些发货", "execute": lambda: done.append("提醒发货")},
            {"id": "结束", "description": "没有事要做了", "done": True},
        ],
        verify=lambda _: True,
    )
    try:
        outcome: str = runner.run(client, {"model": MODEL, "input": "替买家办事"}, max_steps=8)["status"]
    except DecisionsToolRunnerError as failure:
        outcome = failure.reason
    assert outcome in ("verified", "step_limit")  # so small a model may never end
    assert set(done) <= {"提醒发货"}


def test_what_kantu_has_not_is_named(client: OpenAI) -> None:
    wrong: list[tuple[dict[str, Any], str, str]] = [
        ({"prompt_cache_options": {"mode": "explicit"}}, "invalid_parameter", "prompt_cache_options.mode"),
        ({"input": [{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]},
         "tool_item_not_supported", "input.0.type"),
        ({"extra_body": {"reasoning": {}}}, "unknown_parameter", "reasoning"),
        ({"questions": [{**STATE, "choices": STATE["choices"][:1]}]}, "invalid_parameter", "questions.0.choices"),
    ]  # fmt: skip
    for fields, code, param in wrong:
        with pytest.raises(openai.BadRequestError) as caught:
            client.decisions.create(**{"model": MODEL, "input": "甲", "questions": [SHIPPED], **fields})
        assert (caught.value.code, caught.value.param) == (code, param)


def test_a_client_that_goes_takes_its_work_with_it(served: LiveGateway) -> None:
    def in_flight() -> float:
        return served.metric("kantu_in_flight_requests")

    async def leave() -> None:
        async with AsyncOpenAI(base_url=f"{served.address}/v1", api_key=served.key, max_retries=0) as client:
            asking = asyncio.create_task(client.decisions.create(model=MODEL, input=shown(), questions=[STATE] * MANY))
            while not await asyncio.to_thread(in_flight):
                await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking

    finished = served.metric("kantu_engine_requests_total", outcome="finished")
    asyncio.run(leave())
    wait_until(lambda: not in_flight() and not served.running())
    assert served.metric("kantu_engine_requests_total", outcome="finished") - finished < MANY
    assert served.metric("kantu_engine_waiting") == 0
