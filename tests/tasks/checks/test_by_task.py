"""The check of each task that comes with Kantu, on results that are right and on such as contradict themselves."""

from __future__ import annotations

import random
import re
from typing import Any

import pytest

from kantu.synth.facts import Pair, Table
from kantu.synth.families import draw
from kantu.synth.page import Page, Question
from kantu.tasks import results
from kantu.tasks.builtin import EXTRACT, TASKS
from kantu.tasks.problem import Problem

pytestmark = pytest.mark.whole

ORDER = results.OrderResult(
    status=results.OrderStatus.UNSHIPPED,
    status_text="等待商家发货",
    order_number="260301123456",
    tracking_number=None,
    amount="¥1,234.50",
    happening="订单已付款，商家还没发货。",
    advice="请买家耐心等待。",
    reply="亲，单号260301123456的订单还没发货，付款1234.50元已收到。",
)
MATCH = results.MatchResult(verdict=results.MatchVerdict.CONFLICTS, conflict="三只猫", reasons=["图里是两只"])
MODERATE = results.ModerateResult(
    verdict=results.ModerateVerdict.VIOLATES,
    categories=[results.Category.DIVERSION],
    side=results.Side.TEXT,
    evidence=["加 微信"],
)
FINE = results.ModerateResult(verdict=results.ModerateVerdict.FINE, categories=[], side=None, evidence=[])
CHART = results.ChartResult(
    kind=results.ChartKind.BARS,
    title="销量",
    unit="件",
    header=["月份", "茶", "盐"],
    rows=[["一月", "500", "40"], ["二月", "600", "50"]],
    conclusion="茶比盐一月多460件，一月合计540件。",
)
COPY = results.CopyResult(title="云山茶", selling_points=["净含量250克"], body="好喝。", facts=["净含量：250克"])
BUTTON = results.Control(kind=results.ControlKind.BUTTON, label="付款", state=None, bbox_2d=(10, 10, 90, 40))


def found(task: str, result: Any, given: dict[str, str] | None = None) -> list[Problem]:
    return [problem for check in TASKS[task].checks for problem in check(result, given or {})]


def told(task: str, result: Any, given: dict[str, str] | None = None) -> list[tuple[str, str]]:
    return [(problem.code, problem.field) for problem in found(task, result, given)]


def changed(result: Any, **fields: Any) -> Any:
    return result.model_copy(update=fields)


@pytest.mark.parametrize(
    ("task", "result", "given"),
    [
        ("order", ORDER, {"question": "为什么还没发货？"}),
        ("match", MATCH, {"text": "家里有三只猫"}),
        ("moderate", MODERATE, {"text": "有事加微信"}),
        ("moderate", FINE, {"text": "谨防诈骗"}),
        ("problem", results.ProblemResult(transcription="36÷4+5=", steps=[], answer="14"), {}),
        ("chart", CHART, {}),
        ("copy", COPY, {}),
        ("ui", results.Controls([BUTTON, changed(BUTTON, bbox_2d=(10, 50, 90, 80))]), {}),
        ("ui_point", BUTTON, {"x": "50", "y": "20"}),
        ("extract", results.Record({"税号": "91110108551385082Q", "备注": None}), {"keys": "税号、备注"}),
    ],
)
def test_a_result_that_agrees_with_itself_is_silent(task: str, result: Any, given: dict[str, str]) -> None:
    assert told(task, result, given) == []


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"order_number": "26030"}, "order_number_length", "order_number"),
        ({"tracking_number": "SF12"}, "tracking_number_length", "tracking_number"),
        ({"amount": "¥1,23.50"}, "amount_grouping", "amount"),
        ({"happening": "订单2026030199还没发货。"}, "number_invented", "happening"),
        ({"advice": "打电话4008001234。"}, "number_invented", "advice"),
        ({"reply": "亲，订单已发货。"}, "status_claimed", "reply"),
        ({"status_text": "已签收", "reply": "", "happening": ""}, "status_differs", "status"),
    ],
)
def test_an_order_keeps_its_forms_its_numbers_and_its_status(fields: dict[str, str], code: str, field: str) -> None:
    assert (code, field) in told("order", changed(ORDER, **fields))


def test_a_number_that_the_buyer_has_named_is_not_invented() -> None:
    reply = changed(ORDER, reply="亲，尾号8899的手机会收到短信。")
    assert told("order", reply) == [("number_invented", "reply")]
    assert told("order", reply, {"question": "我手机是13800008899"}) == []


@pytest.mark.parametrize(
    ("task", "result", "given", "code", "field"),
    [
        ("match", MATCH, {"text": "家里有两只猫"}, "conflict_not_given", "conflict"),
        ("match", changed(MATCH, conflict=None), {"text": "猫"}, "conflict_missing", "conflict"),
        (
            "match",
            changed(MATCH, verdict=results.MatchVerdict.FITS),
            {"text": "三只猫"},
            "verdict_differs",
            "verdict",
        ),
        ("moderate", FINE, {"text": "有事加V聊"}, "word_listed", "verdict"),
        ("moderate", changed(FINE, side=results.Side.PICTURE), {}, "side_differs", "side"),
        ("moderate", changed(FINE, categories=[results.Category.FRAUD]), {}, "categories_differ", "categories"),
        ("moderate", changed(MODERATE, side=None), {"text": "加微信"}, "side_differs", "side"),
        ("moderate", changed(MODERATE, categories=[]), {"text": "加微信"}, "categories_missing", "categories"),
        ("moderate", MODERATE, {"text": "你好"}, "evidence_not_given", "evidence[0]"),
        (
            "problem",
            results.ProblemResult(transcription="36÷4+5=", steps=[], answer="13"),
            {},
            "answer_differs",
            "answer",
        ),
        ("chart", changed(CHART, rows=[["一月", "500"], *CHART.rows[1:]], conclusion=""), {}, "row_ragged", "rows[0]"),
        ("chart", changed(CHART, conclusion="共999件。"), {}, "number_unsupported", "conclusion"),
        (
            "copy",
            changed(COPY, selling_points=["净含量250克", "销量3000"]),
            {},
            "number_unsupported",
            "selling_points[1]",
        ),
        ("copy", changed(COPY, body="全国第一。"), {}, "absolute_word", "body"),
        ("ui", results.Controls([BUTTON, BUTTON]), {}, "control_repeated", "[1]"),
        ("ui", results.Controls([changed(BUTTON, bbox_2d=(10, 10, 10, 40))]), {}, "box_empty", "[0].bbox_2d"),
        ("ui_point", BUTTON, {"x": "50", "y": "200"}, "point_outside", "bbox_2d"),
        ("ui_point", changed(BUTTON, bbox_2d=(90, 10, 10, 40)), {"x": "50", "y": "20"}, "box_empty", "bbox_2d"),
        (
            "read_boxes",
            results.TextLines([results.TextLine(bbox_2d=(5, 9, 50, 9), text="字")]),
            {},
            "box_empty",
            "[0].bbox_2d",
        ),
        (
            "locate",
            results.Boxes([results.LabelledBox(bbox_2d=(5, 9, 5, 20), label="字")]),
            {},
            "box_empty",
            "[0].bbox_2d",
        ),
        ("extract", results.Record({"税号": "9111010855138508Q"}), {}, "credit_code_length", "税号"),
        (
            "extract",
            results.Record({"明细": [{"数量": 2, "单价": 5, "金额": 11}]}),
            {},
            "product_differs",
            "明细[0].金额",
        ),
        ("extract", results.Record({"人": [{"手机": "138****123"}]}), {}, "phone_length", "人[0].手机"),
    ],
)
def test_what_contradicts_itself_is_told_where(
    task: str, result: Any, given: dict[str, str], code: str, field: str
) -> None:
    assert told(task, result, given) == [(code, field)]


@pytest.mark.parametrize("task", TASKS.values(), ids=lambda task: task.name)
def test_printed_fields_are_fields_of_the_result(task: Any) -> None:
    assert set(task.printed) <= {"*"} if task is EXTRACT else set(task.printed) <= set(fields_of(task.result))
    assert bool(task.checks) == (task.result is not None)


def fields_of(result: Any) -> dict[str, Any]:
    return result.model.model_fields if result else {}


def typed_questions(page: Page) -> list[Question]:
    more = page.more(random.Random(page.seed), 30) if page.more else ()
    return [question for question in (*page.questions, *more) if TASKS[question.task].result]


@pytest.mark.parametrize("family", ["order", "product", "post", "notice", "problem", "chart", "table", "ui", "invoice"])
def test_the_truth_of_a_drawn_page_is_not_flagged(family: str) -> None:
    for seed in range(12):
        for question in typed_questions(draw(family, 70_000 + seed)):
            given = {"text": question.question.partition("文字：")[2]}
            point = re.search(r"\[(\d+), (\d+)\] 这一点", question.question)
            if point:
                given = {"x": point[1], "y": point[2]}
            result = TASKS[question.task].parse(question.answer)
            assert found(question.task, result, given) == [], question


def invoice(seed: int) -> dict[str, Any]:
    """All that a drawn paper states, as a record by its printed labels."""
    facts = draw("invoice", seed).facts
    record: dict[str, Any] = {}
    for fact in facts:
        if isinstance(fact, Pair) and fact.label:
            record.setdefault(fact.label.rstrip("：: "), fact.value)
        if isinstance(fact, Table):
            record["明细"] = [dict(zip(fact.header, row, strict=True)) for row in fact.rows]
    return record


def test_one_digit_misread_in_a_sum_that_stands_twice_is_found() -> None:
    caught = tried = 0
    for seed in range(60):
        record = invoice(71_000 + seed)
        assert found("extract", results.Record(record)) == []
        for label in ("价税合计", "价税合计（小写）", "大写金额", "价税合计（大写）"):
            digits = [index for index, sign in enumerate(record.get(label, "")) if sign in "123456789壹贰叁肆伍"]
            if digits:
                place = digits[0]
                value = record[label]
                other = ("2" if value[place] != "2" else "3") if value[place].isdigit() else "玖"
                misread = {**record, label: value[:place] + other + value[place + 1 :]}
                tried += 1
                caught += bool(found("extract", results.Record(misread)))
    assert tried >= 10
    assert caught == tried
