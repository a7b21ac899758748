"""Each question becomes a prompt that begins with the shared input, and the labels that its answer is one of."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.processing.conversation import Turn
from kantu.service.decisions.prompts import Ask, Asks, read_asks
from kantu.service.decisions.schemas import DecisionRequest
from kantu.service.settings import RequestSettings
from tests.service.decisions.bodies import SHIPPED, STATUS, URGENT, decision, picture, text, user
from tests.service.gateways import png


def asks(*questions: dict[str, Any], given: Any) -> Asks:
    body = DecisionRequest.model_validate(decision(*questions, given=given))
    return read_asks(body, RequestSettings())


def asked(question: dict[str, Any], given: Any = "甲") -> Ask:
    (only,) = asks(question, given=given).asks
    return only


def said(question: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """What the user says last, and the labels."""
    ask = asked(question)
    content = ask.turns[-1].content
    assert isinstance(content, str)
    return content.removeprefix("甲\n"), ask.choices


def test_a_question_stands_behind_the_picture_in_the_same_message() -> None:
    found = asks(SHIPPED, STATUS, given=[user(picture(png()))])
    assert [ask.turns for ask in found.asks] == [
        (Turn("user", (None, "发货了吗？", "\n选项：是、否")),),
        (Turn("user", (None, "什么状态？", "\n选项：待付款、待发货")),),
    ]
    assert [ask.pictures for ask in found.asks] == [(0,), (0,)]
    assert [image.path for image in found.images] == ["input.0.content.0.image_url"]


@pytest.mark.parametrize(
    ("question", "words", "labels"),
    [
        (SHIPPED, "发货了吗？\n选项：是、否", ("是", "否")),
        (STATUS, "什么状态？\n选项：待付款、待发货", ("待付款", "待发货")),
        (URGENT, "有多着急？\n选项：不急、有点急、很急", ("不急", "有点急", "很急")),
        ({"type": "predicate", "instructions": "It was shipped."}, "It was shipped.\nOptions: yes, no", ("yes", "no")),
        ({"type": "predicate", "instructions": "1 + 1 = 2"}, "1 + 1 = 2\n选项：是、否", ("是", "否")),
        (
            {**STATUS, "instructions": "Status?", "choices": [{"value": "paid"}, {"value": "sent"}]},
            "Status?\nOptions: paid, sent",
            ("paid", "sent"),
        ),
        (
            {**URGENT, "levels": [{"label": "低", "description": "可以等"}, {"label": "高"}]},
            "有多着急？\n选项：\n低：可以等\n高",
            ("低", "高"),
        ),
        (
            {**STATUS, "choices": [{"value": True}, {"value": False}]},
            "什么状态？\n选项：是、否",
            ("是", "否"),
        ),
        (
            {**STATUS, "choices": [{"value": True}, {"value": "是"}, {"value": "是（布尔值）"}]},
            "什么状态？\n选项：是（布尔值）（布尔值）、是、是（布尔值）",
            ("是（布尔值）（布尔值）", "是", "是（布尔值）"),
        ),
    ],
)
def test_the_labels_are_named_at_the_end_in_the_language_of_the_question(
    question: dict[str, Any], words: str, labels: tuple[str, ...]
) -> None:
    assert said(question) == (words, labels)


def test_json_is_read_as_text() -> None:
    parts = [text("对得上吗？"), {"type": "input_json", "data": {"单号": ["甲", 1.5, None]}}]
    words, _ = said({"type": "predicate", "instructions": parts})
    assert words == '对得上吗？\n{"单号":["甲",1.5,null]}\n选项：是、否'


def test_a_conversation_keeps_its_roles_and_the_question_follows_it() -> None:
    given = [
        {"role": "developer", "content": "你是客服。"},
        {"type": "message", "role": "user", "content": [picture(png()), text("看看"), text("这个")]},
        {"role": "assistant", "content": [{"type": "output_text", "text": "好"}, {"type": "refusal", "refusal": "不"}]},
    ]
    ask = asked(SHIPPED, given)
    assert ask.turns == (
        Turn("system", "你是客服。"),
        Turn("user", (None, "看看", "\n这个")),
        Turn("assistant", "好不"),
        Turn("user", "发货了吗？\n选项：是、否"),
    )
    assert ask.pictures == (0,)


def test_a_question_may_show_pictures_that_the_others_do_not_see() -> None:
    own = {"type": "predicate", "instructions": [text("和这张一样吗？"), picture(png(), detail="low")]}
    found = asks(own, SHIPPED, given=[user(text("先看"), picture(png())), user(picture(png()))])
    assert [ask.pictures for ask in found.asks] == [(0, 1, 2), (0, 1)]
    assert found.asks[0].turns[-1] == Turn("user", (None, "和这张一样吗？", None, "\n选项：是、否"))
    assert found.images[2].path == "questions.0.instructions.1.image_url"
    assert found.images[2].detail == "low"
