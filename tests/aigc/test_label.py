"""GB 45438-2025: what a label says, and which content has one."""

from __future__ import annotations

import json

import pytest

from kantu.aigc import SENTENCE, LabelPolicy
from kantu.aigc.label import check_sentence, read_modes
from kantu.errors import InvalidRequestError


def test_the_object_has_the_fields_of_the_standard_and_no_others() -> None:
    label = LabelPolicy(producer="某某科技", propagator="某某平台").label("chat", "42")
    assert label is not None
    assert label.AIGC is not None
    assert json.loads(label.AIGC.to_json()) == {
        "Label": "1",
        "ContentProducer": "某某科技",
        "ProduceID": "42",
        "ReservedCode1": "",
        "ContentPropagator": "某某平台",
        "PropagateID": "42",
        "ReservedCode2": "",
    }


def test_without_a_propagator_there_is_no_number_of_its_own() -> None:
    label = LabelPolicy().label("chat", "42")
    assert label is not None
    assert label.AIGC is not None
    assert (label.AIGC.ContentPropagator, label.AIGC.PropagateID) == ("", "")


def test_a_header_is_ascii_whatever_the_producer_is_called() -> None:
    label = LabelPolicy(producer="某某科技\r\nSet-Cookie: a=b").label("chat", "42")
    assert label is not None
    assert label.AIGC is not None
    header = label.AIGC.to_header()
    assert header.isascii()
    assert not any(byte < 32 for byte in header)
    assert json.loads(header) == label.AIGC.model_dump()


@pytest.mark.parametrize(
    ("mode", "sentence", "has_object"),
    [("both", SENTENCE, True), ("explicit", SENTENCE, False), ("metadata", None, True)],
)
def test_a_mode_says_which_of_both_there_is(mode: str, sentence: str | None, has_object: bool) -> None:
    label = LabelPolicy.from_environment({"KANTU_CONTENT_LABEL": mode}).label("copy", "42")
    assert label is not None
    assert label.sentence == sentence
    assert (label.AIGC is not None) == has_object


def test_off_is_no_label_at_all() -> None:
    assert LabelPolicy("off").label("copy", "42") is None


def test_a_task_can_have_a_mode_of_its_own() -> None:
    policy = LabelPolicy("both", read_modes(["read=off", " chart=metadata "]))
    modes = [policy.mode_of(kind) for kind in ("read", "chart", "copy", "chat")]
    assert modes == ["off", "metadata", "both", "both"]


def test_whatever_is_less_than_both_is_a_reduction() -> None:
    assert LabelPolicy().reductions == {}
    assert LabelPolicy("metadata", read_modes(["copy=both", "read=off"])).reductions == {"": "metadata", "read": "off"}


@pytest.mark.parametrize("text", ["read", "=off", "read=none", "read="])
def test_what_is_no_mode_of_a_task_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not (a mode|task=mode)"):
        read_modes([text])


def test_a_task_has_one_mode() -> None:
    with pytest.raises(ValueError, match="not task=mode"):
        read_modes(["read=off", "read=both"])


@pytest.mark.parametrize("sentence", [SENTENCE, "人工智能合成", "AI生成"])
def test_a_sentence_names_the_technique_and_what_it_does(sentence: str) -> None:
    assert check_sentence(sentence) == sentence


@pytest.mark.parametrize("sentence", ["内容由机器生成", "AI 助手", ""])
def test_a_sentence_that_does_not_is_refused(sentence: str) -> None:
    with pytest.raises(ValueError, match="AI"):
        check_sentence(sentence)


def test_the_environment_sets_what_it_sets_for_the_gateway() -> None:
    policy = LabelPolicy.from_environment(
        {
            "KANTU_CONTENT_LABEL": "explicit",
            "KANTU_CONTENT_LABEL_BY_TASK": "read=off,order=both",
            "KANTU_CONTENT_LABEL_SENTENCE": "人工智能生成",
            "KANTU_CONTENT_PRODUCER": "甲",
            "KANTU_CONTENT_PROPAGATOR": "乙",
        }
    )
    assert policy == LabelPolicy("explicit", {"read": "off", "order": "both"}, "人工智能生成", "甲", "乙")
    assert LabelPolicy.from_environment({}) == LabelPolicy()


@pytest.mark.parametrize(
    "variables",
    [
        {"KANTU_CONTENT_LABEL": "none"},
        {"KANTU_CONTENT_LABEL_BY_TASK": "read"},
        {"KANTU_CONTENT_LABEL_SENTENCE": "你好"},
    ],
)
def test_a_wrong_variable_is_refused(variables: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError, match="KANTU_CONTENT_LABEL"):
        LabelPolicy.from_environment(variables)
