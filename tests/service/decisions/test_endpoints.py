"""POST /v1/decisions: OpenAI's shape over an engine that is told what to say."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from openai.types import Decision

from kantu.engine.protocol import ScoreListener
from kantu.engine.request import Request
from kantu.errors import DeadlineExceededError, InvalidRequestError, KantuError, OverloadedError
from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from tests.service.decisions.bodies import PATH, SHIPPED, STATUS, URGENT, decision, picture, text, user
from tests.service.gateways import MODEL, ScriptedEngine, client_of, data_url, png, settings_with

pytestmark = pytest.mark.anyio

Make = Callable[..., Gateway]


async def test_three_kinds_of_questions_about_a_picture_are_answered_in_their_order(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    body = decision(SHIPPED, STATUS, URGENT, given=[user(picture(png()), text("急！"))])
    async with client_of(make_gateway(engine)) as client:
        response = await client.post(PATH, json=body)
    assert response.status_code == 200, response.text
    told = response.json()
    assert told.pop("kantu")["timings"]["total_seconds"] > 0
    assert told == {
        "model": MODEL,
        "answers": [
            {"type": "predicate", "name": "发货", "probability": pytest.approx(1 / 3)},
            {
                "type": "choice",
                "name": "状态",
                "choice": "待发货",
                "confidence": pytest.approx(2 / 3),
                "probabilities": [
                    {"value": "待付款", "probability": pytest.approx(1 / 3)},
                    {"value": "待发货", "probability": pytest.approx(2 / 3)},
                ],
            },
            {
                "type": "score",
                "name": "着急",
                "score": pytest.approx(10 / 7),
                "confidence": pytest.approx(4 / 7),
                "probabilities": [
                    {"value": 0, "label": "不急", "probability": pytest.approx(1 / 7)},
                    {"value": 1, "label": "有点急", "probability": pytest.approx(2 / 7)},
                    {"value": 2, "label": "很急", "probability": pytest.approx(4 / 7)},
                ],
            },
        ],
        "usage": {
            "input_tokens": 3 * 14,
            "input_tokens_details": {"cached_tokens": 3 * 4, "cache_write_tokens": 0},
            "output_tokens": 3,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 3 * 14 + 3,
            "visual_tokens": 4,
        },
    }
    assert Decision.model_validate(response.json()).answers[2].type == "score"
    assert engine.choices == [("是", "否"), ("待付款", "待发货"), ("不急", "有点急", "很急")]
    hashes = {image.sha256 for request in engine.requests for image in request.images}
    assert [len(request.images) for request in engine.requests] == [1, 1, 1]
    assert len(hashes) == 1
    assert engine.cancelled == 0


async def test_what_says_the_same_as_nothing_is_let_through(make_gateway: Make) -> None:
    before = {"type": "message", "role": "assistant", "content": "好", "phase": None}
    given = [before, user({**text("急"), "prompt_cache_breakpoint": None})]
    options = {"mode": "implicit", "ttl": "30m"}
    body = decision(given=given, prompt_cache_options=options, prompt_cache_key=None, safety_identifier="u-1")
    async with client_of(make_gateway()) as client:
        assert (await client.post(PATH, json=body)).status_code == 200


def asked(**fields: Any) -> dict[str, Any]:
    return decision({**SHIPPED, **fields})


def choice(*values: Any, **fields: Any) -> dict[str, Any]:
    return decision({**STATUS, "choices": [{"value": value} for value in values], **fields})


@pytest.mark.parametrize(
    ("body", "code", "param"),
    [
        (decision(tools=[]), "unknown_parameter", "tools"),
        (decision(stream=True), "unknown_parameter", "stream"),
        (decision(previous_response_id="r"), "unknown_parameter", "previous_response_id"),
        (decision(prompt_cache_options={"mode": "explicit"}), "invalid_parameter", "prompt_cache_options.mode"),
        (decision(prompt_cache_options={"ttl": "24h"}), "invalid_parameter", "prompt_cache_options.ttl"),
        (
            decision(given=[user({**text("急"), "prompt_cache_breakpoint": {"mode": "explicit"}})]),
            "invalid_parameter",
            "input.0.content.0.prompt_cache_breakpoint",
        ),
        (
            decision(given=[{"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"}]),
            "tool_item_not_supported",
            "input.0.type",
        ),
        (
            decision(given=[{"type": "custom_tool_call_output", "call_id": "c", "output": "好"}]),
            "tool_item_not_supported",
            "input.0.type",
        ),
        (decision(given=[{"role": "tool", "content": "好"}]), "invalid_parameter", "input.0.role"),
        (decision(given=[{"role": "system", "content": [picture(png())]}]), "invalid_parameter", None),
        (
            decision(given=[{"role": "assistant", "content": "好", "phase": "commentary"}]),
            "invalid_parameter",
            "input.0.phase",
        ),
        (decision(given=[user({"type": "input_file", "file_id": "f"})]), "invalid_parameter", "input.0.content.0.type"),
        (decision(given=[user(picture(png(), detail="original"))]), "invalid_parameter", "input.0.content.0.detail"),
        (decision(given=[user({"type": "input_image"})]), "invalid_parameter", "input.0.content.0"),
        (decision(given=[]), "invalid_parameter", "input"),
        (decision(given=""), "invalid_parameter", "input"),
        (decision() | {"questions": []}, "invalid_parameter", "questions"),
        (decision(*[SHIPPED] * 401), "invalid_parameter", "questions"),
        (decision({**SHIPPED, "type": "rank"}), "invalid_parameter", "questions.0.type"),
        (asked(threshold=0.5), "unknown_parameter", "questions.0.threshold"),
        (asked(instructions=" "), "empty_question", "questions.0.instructions"),
        (asked(instructions=[picture(png())]), "empty_question", "questions.0.instructions"),
        (asked(instructions="\ud800"), "invalid_text", "questions.0.instructions"),
        (choice("一"), "invalid_parameter", "questions.0.choices"),
        (choice(*map(str, range(256))), "invalid_parameter", "questions.0.choices"),
        (choice("一", "一"), "invalid_parameter", "questions.0.choices"),
        (choice(True, True), "invalid_parameter", "questions.0.choices"),
        (choice("一", 1), "invalid_parameter", "questions.0.choices.1.value"),
        (choice("一", ""), "invalid_parameter", "questions.0.choices.1.value"),
        (decision({**URGENT, "levels": [{"label": "高"}]}), "invalid_parameter", "questions.0.levels"),
        (decision({**URGENT, "levels": [{"label": "高"}] * 2}), "invalid_parameter", "questions.0.levels"),
        (
            decision({**URGENT, "levels": [{"label": str(level)} for level in range(11)]}),
            "invalid_parameter",
            "questions.0.levels",
        ),
        (
            decision(given=[user({"type": "input_json", "data": {"a": list(range(10_000))}})]),
            "input_json_too_large",
            "input.0.content.0.data",
        ),
        (
            decision(given=[user({"type": "input_json", "data": {"a": "字" * 100_000}})]),
            "input_json_too_large",
            "input.0.content.0.data",
        ),
        (decision(given=[user({"type": "input_json", "data": "甲"})]), "invalid_parameter", "input.0.content.0.data"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_what_is_not_supported_is_refused_by_name(
    make_gateway: Make, body: dict[str, Any], code: str, param: str | None
) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        headers = {"Content-Type": "application/json"}
        response = await client.post(PATH, content=json.dumps(body), headers=headers)
    assert response.status_code == 400, response.text
    told = response.json()["error"]
    assert told["code"] == code
    assert param is None or told["param"] == param
    assert engine.requests == []


async def test_json_may_be_as_deep_as_openai_takes_it(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        for levels, status in ((32, 200), (33, 400)):
            data: Any = 1
            for _ in range(levels):
                data = {"a": data}
            body = decision(given=[user({"type": "input_json", "data": data})])
            assert (await client.post(PATH, json=body)).status_code == status


async def test_a_string_and_a_boolean_of_the_same_text_are_two_choices(make_gateway: Make) -> None:
    async with client_of(make_gateway()) as client:
        told = (await client.post(PATH, json=choice("true", True, "是", False))).json()
    assert [each["value"] for each in told["answers"][0]["probabilities"]] == ["true", True, "是", False]
    assert told["answers"][0]["choice"] is False


async def test_requests_are_bounded_in_messages_parts_pictures_and_characters(make_gateway: Make) -> None:
    limits = {"max_messages": 2, "max_parts": 3, "max_images": 1, "max_characters": 20}
    async with client_of(make_gateway(settings=settings_with(request=limits))) as client:
        for body, code in (
            (decision(given=[user(text("一"))] * 3), "too_many_messages"),
            (decision(given=[user(*[text("一")] * 4)]), "too_many_parts"),
            (
                decision(asked(instructions=[text("一")] * 3)["questions"][0], given=[user(text("一"), text("二"))]),
                "too_many_parts",
            ),
            (decision(given=[user(picture(png()), picture(png()))]), "too_many_images"),
            (decision(*[SHIPPED] * 4, given="短"), "too_many_characters"),
            (choice("一" * 10, "二" * 10, instructions="？"), "too_many_characters"),
        ):
            response = await client.post(PATH, json=body)
            assert (response.status_code, response.json()["error"]["code"]) == (400, code)
            assert response.json()["error"]["param"] == "input"
        assert (await client.post(PATH, json=decision(*[SHIPPED] * 3, given="短"))).status_code == 200


async def test_answers_that_would_be_too_long_are_refused_before_anything_is_done(make_gateway: Make) -> None:
    engine, question = ScriptedEngine(), choice(*map(str, range(255)))["questions"][0]
    settings = settings_with(request={"max_answer_bytes": 2**16})
    async with client_of(make_gateway(engine, settings)) as client:
        assert (await client.post(PATH, json=decision(*[question] * 2))).status_code == 200
        refused = await client.post(PATH, json=decision(*[question] * 4))
    assert (refused.json()["error"]["code"], refused.json()["error"]["param"]) == ("answer_too_large", "questions")
    assert len(engine.requests) == 2


async def test_pictures_come_as_in_a_chat(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        uploaded = await client.post("/v1/files", data={"purpose": "vision"}, files={"file": ("a.png", png())})
        by_id = {"type": "input_image", "file_id": uploaded.json()["id"]}
        assert (await client.post(PATH, json=decision(given=[user(by_id)]))).status_code == 200
        elsewhere = {"type": "input_image", "image_url": "https://example.com/a.png"}
        refused = await client.post(PATH, json=decision(given=[user(picture(png()), elsewhere)]))
        large = decision(given=[user(picture(png(640, 640)))], mm_processor_kwargs={"max_pixels": 65_536})
        shrunk = (await client.post(PATH, json=large)).json()
    assert engine.requests[0].images[0].pixels.shape == (64, 64, 3)
    assert refused.json()["error"]["code"] == "image_url_not_allowed"
    assert refused.json()["error"]["param"] == "input.0.content.1.image_url"
    assert shrunk["usage"]["visual_tokens"] == 64
    assert shrunk["kantu"]["warnings"][0].startswith("第 1 张图片")


async def test_a_cache_key_parts_the_cache_once_more(make_gateway: Make) -> None:
    engine = ScriptedEngine()
    async with client_of(make_gateway(engine)) as client:
        for key in (None, "a", "b"):
            await client.post(PATH, json=decision(prompt_cache_key=key))
    assert len({request.tenant for request in engine.requests}) == 3
    assert len({request.line for request in engine.requests}) == 1


async def test_a_server_that_tells_no_probabilities_answers_nothing(make_gateway: Make) -> None:
    class Silent(ScriptedEngine):
        def scores(self, request: Request, choices: Sequence[str]) -> Any:
            told = super().scores(request, choices)
            return told if len(choices) == 3 else type(told)(None, told.best, told.usage, told.timings)

    async with client_of(make_gateway(Silent())) as client:
        told = (await client.post(PATH, json=decision(SHIPPED, URGENT))).json()
    assert told["answers"][0] == {"type": "refusal", "name": "发货"}
    assert told["answers"][1]["type"] == "score"


# Failures


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidRequestError("prompt_too_long", "中", "en"), 400),
        (OverloadedError("overloaded", "中", "en", retry_after_seconds=1.2), 503),
        (DeadlineExceededError("deadline_exceeded", "中", "en"), 504),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
async def test_what_the_engine_refuses_is_refused(
    make_gateway: Make, error: KantuError, status: int, at_once: bool
) -> None:
    engine = ScriptedEngine(refusal=error) if at_once else ScriptedEngine((error,))
    gateway = make_gateway(engine)
    async with client_of(gateway) as client:
        response = await client.post(PATH, json=decision(SHIPPED, STATUS))
    assert (response.status_code, response.json()["error"]["code"]) == (status, error.code)
    assert len(engine.requests) <= 1  # the other question is not asked any more
    assert (gateway.admission.requests, gateway.admission.pixels) == (0, 0)
    assert f'code="{error.code}"'.encode() in gateway.watch.metrics.text()


class Stubborn(ScriptedEngine):
    """Answers the first question and leaves the others waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.hanging = asyncio.Event()

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> ScriptedEngine:
        if self.requests:
            self.pieces = (None,)
            self.hanging.set()
        return super().submit_score(request, choices, listener)


async def test_an_engine_that_hangs_costs_a_client_its_deadline_and_no_more(make_gateway: Make) -> None:
    engine = Stubborn()
    gateway = make_gateway(engine, settings_with(request={"timeout_seconds": 2}))  # a loaded machine takes one to begin
    async with client_of(gateway) as client:
        response = await client.post(PATH, json=decision(*[SHIPPED] * 9))
    assert (response.status_code, response.json()["error"]["code"]) == (504, "deadline_exceeded")
    assert len(engine.requests) <= 5  # one alone, then four at once
    assert engine.cancelled == len(engine.requests) - 1
    assert gateway.admission.requests == 0
    assert all(0 < (request.timeout_seconds or 0) <= 2 for request in engine.requests)


async def test_a_client_that_goes_takes_its_work_with_it(make_gateway: Make) -> None:
    engine = Stubborn()
    gateway = make_gateway(engine)
    async with client_of(gateway) as client:
        asking = asyncio.create_task(client.post(PATH, json=decision(*[SHIPPED] * 9)))
        await engine.hanging.wait()
        asking.cancel()
        async with asyncio.timeout(30):
            while gateway.admission.requests:
                await asyncio.sleep(0.01)
    assert engine.cancelled == len(engine.requests) - 1


async def test_a_tenant_s_questions_wait_for_each_other_and_not_for_those_of_others(make_gateway: Make) -> None:
    engine = ScriptedEngine((None,))
    gateway = make_gateway(engine)
    _, key = gateway.keys.create("other", owner="other", limits=Limits())
    async with client_of(gateway) as client:
        flood = [asyncio.create_task(client.post(PATH, json=decision())) for _ in range(8)]
        async with asyncio.timeout(30):
            while len(engine.requests) < 4:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)
            assert len(engine.requests) == 4
            engine.pieces = ("好",)
            other = await client.post(PATH, json=decision(), headers={"Authorization": f"Bearer {key}"})
        assert other.status_code == 200
        for task in flood:
            task.cancel()


# Rights and limits


async def test_a_key_may_be_for_other_models_or_endpoints(make_gateway: Make) -> None:
    for key, code in (({"models": ["other"]}, "model_not_allowed"), ({"endpoints": ["chat"]}, "endpoint_not_allowed")):
        async with client_of(make_gateway(), **key) as client:
            response = await client.post(PATH, json=decision())
        assert (response.status_code, response.json()["error"]["code"]) == (403, code)


async def test_a_picture_counts_once_and_each_question_as_one_token(make_gateway: Make) -> None:
    limits = Limits(visual_tokens_per_minute=9, output_tokens_per_minute=5)
    given = [user(picture(png()))]  # 4 visual tokens
    async with client_of(make_gateway(), limits=limits) as client:
        assert (await client.post(PATH, json=decision(SHIPPED, STATUS, given=given))).status_code == 200
        over = await client.post(PATH, json=decision(*[SHIPPED] * 4))
        assert over.json()["error"]["code"] == "output_token_limit_exceeded"
        assert (await client.post(PATH, json=decision(SHIPPED, STATUS, given=given))).status_code == 200
        over = await client.post(PATH, json=decision(given=given))
        assert over.json()["error"]["code"] == "visual_token_limit_exceeded"


async def test_what_is_refused_by_the_engine_is_not_charged(make_gateway: Make) -> None:
    engine = ScriptedEngine(refusal=OverloadedError("overloaded", "中", "en", retry_after_seconds=1.0))
    limits = Limits(visual_tokens_per_minute=4, output_tokens_per_minute=1)
    async with client_of(make_gateway(engine), limits=limits) as client:
        for _ in range(3):
            assert (await client.post(PATH, json=decision(given=[user(picture(png()))]))).status_code == 503
        engine.refusal = None
        assert (await client.post(PATH, json=decision(given=[user(picture(png()))]))).status_code == 200


async def test_it_is_counted_under_its_own_route(make_gateway: Make) -> None:
    gateway = make_gateway()
    async with client_of(gateway) as client:
        await client.post(PATH, json=decision(given=[user(picture(png()))]))
    counted = [line for line in gateway.watch.metrics.text().decode().splitlines() if PATH in line]
    assert any(line.startswith("kantu_pictures_total{") and line.endswith(" 1.0") for line in counted)
    assert any(line.startswith("kantu_ttft_seconds_count{") and line.endswith(" 1.0") for line in counted)


async def test_a_data_url_that_is_no_picture_is_charged_nothing_and_named(make_gateway: Make) -> None:
    given = [user({"type": "input_image", "image_url": data_url(b"x")})]
    async with client_of(make_gateway(), limits=Limits(visual_tokens_per_minute=4)) as client:
        refused = await client.post(PATH, json=decision(given=given))
        assert refused.json()["error"]["param"] == "input.0.content.0.image_url"
        assert (await client.post(PATH, json=decision(given=[user(picture(png()))]))).status_code == 200
