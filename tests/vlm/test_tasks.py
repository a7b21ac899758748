"""Typed tasks on the embedded model: the form of results, and that what is computed together is computed once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import kantu
from kantu.errors import DeadlineExceededError, InvalidRequestError, NotFoundError
from kantu.tasks.judges import overlap
from kantu.tasks.results import OrderResult
from kantu.vlm import VLM

ORDER = Path(__file__).parents[2] / "examples" / "order.png"


@pytest.fixture(scope="module")
def vlm() -> VLM:
    return kantu.load()


def test_an_order_comes_back_typed_with_confidences_and_boxes_within_the_picture(vlm: VLM) -> None:
    result = vlm.order(ORDER, "为什么还没发货？")
    assert isinstance(result.result, OrderResult)
    assert result.fields.keys() == OrderResult.model_fields.keys()
    sentences = {"happening", "advice", "reply"}  # may be worded in many ways
    assert {path for path, found in result.fields.items() if found.confidence is None} == sentences
    boxes = [box for found in result.fields.values() for box in found.boxes]
    assert boxes
    assert all(0 <= box.x1 < box.x2 <= 400 and 0 <= box.y1 < box.y2 <= 660 for box in boxes)
    assert result.usage.cached_tokens > result.usage.visual_tokens  # the picture was read once for all that was asked


def test_boxes_are_where_the_words_stand(vlm: VLM) -> None:
    found = vlm.extract(ORDER, ["店铺", "总金额"])
    for field, printed in (("店铺", (91, 165, 173, 185)), ("总金额", (138, 349, 198, 366))):
        (box,) = found.fields[field].boxes
        assert overlap((box.x1, box.y1, box.x2, box.y2), printed) > 0.5
    assert found.usage.requests == 1  # nothing was asked for them


def test_a_result_is_the_same_every_time(vlm: VLM) -> None:
    first, again = (vlm.match(ORDER, "订单已经发货", evidence=False) for _ in range(2))
    assert first.result == again.result
    unsure = [
        {path: found.model_copy(update={"confidence": None}) for path, found in each.fields.items()}
        for each in (first, again)
    ]
    assert unsure[0] == unsure[1]
    sure = [[found.confidence or 0.0 for found in each.fields.values()] for each in (first, again)]
    assert sure[0] == pytest.approx(sure[1], rel=1e-4)  # what a cache holds was computed beside other tokens


@pytest.mark.parametrize(
    ("ask", "code", "param"),
    [
        (lambda vlm: vlm.order([]), "task_needs_picture", "images"),
        (lambda vlm: vlm.locate(ORDER, ""), "task_variables", "target"),
        (lambda vlm: vlm.ui_point(ORDER, 10_000, 120), "task_variables", "x"),
        (lambda vlm: vlm.ui_point(ORDER, 10, -5), "task_variables", "y"),
    ],
)
def test_what_is_wrong_is_said(vlm: VLM, ask: Callable[[VLM], object], code: str, param: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        ask(vlm)
    assert (refused.value.code, refused.value.param) == (code, param)


def test_a_task_runs_by_its_name(vlm: VLM) -> None:
    assert vlm.run("ask", ORDER, {"question": "现在是什么状态？"}).result == str(
        vlm.ask(ORDER, "现在是什么状态？", temperature=0)
    )
    with pytest.raises(NotFoundError):
        vlm.run("dance", ORDER)
    with pytest.raises(InvalidRequestError):
        vlm.run("match", ORDER)


def test_a_task_keeps_to_its_time(vlm: VLM) -> None:
    with pytest.raises(DeadlineExceededError):
        vlm.read(ORDER, timeout_seconds=1e-6)


def test_words_of_one_s_own_that_cannot_be_read_are_told_before_the_model_is_asked(vlm: VLM, tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        vlm.moderate(ORDER, "你好", words=tmp_path / "missing.toml")
    assert refused.value.code == "word_list_invalid"
