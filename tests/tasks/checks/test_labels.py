"""What the label of a value promises."""

from __future__ import annotations

import pytest

from kantu.tasks.checks.forms import FORMS
from kantu.tasks.checks.labels import flaw, form_of, part_of


@pytest.mark.parametrize(
    ("label", "form", "part"),
    [
        ("统一社会信用代码/纳税人识别号", "taxpayer_number", None),
        ("统一社会信用代码", "credit_code", None),
        ("购买方税号：", "taxpayer_number", None),
        ("收货电话", "phone", None),
        ("电话费", "amount", None),
        ("手机型号", None, None),
        ("地址、电话", None, None),
        ("下单 时间", "moment", None),
        ("价税合计（大写）", "amount_in_words", "words"),
        ("价税合计（小写）", "amount", "total"),
        ("价税合计大写", "amount_in_words", "words"),
        ("合计金额（不含税）", "amount", "net"),
        ("金额（元）", "amount", "amount"),
        ("商品总额", "amount", "goods"),
        ("退款金额", "amount", None),
        ("单价", "unit_price", "price"),
        ("Order No.", "order_number", None),
        ("order_number", "order_number", None),
        ("tax-rate", "percentage", None),
        ("备注", None, None),
    ],
)
def test_a_label_means_what_its_longest_ending_means(label: str, form: str | None, part: str | None) -> None:
    assert form_of(label) == form
    assert part_of(label) == part
    assert form is None or form in FORMS


@pytest.mark.parametrize(
    ("label", "text", "code"),
    [
        ("税号", "9111010855138508Q", "credit_code_length"),
        ("开票日期", "2026年02月30日", "date_impossible"),
        ("联系手机", "138****123", "phone_length"),
        ("实付款", "¥1O.00", "amount_form"),
        ("数量", "3..5", "quantity_form"),
        ("大写", "壹佰伍元", "amount_in_words_form"),
        ("税率", "13%%", "percentage_form"),
    ],
)
def test_a_value_that_fails_its_labels_form_is_told(label: str, text: str, code: str) -> None:
    problem = flaw(label, text)
    assert problem is not None
    assert problem.code == code


@pytest.mark.parametrize(
    ("label", "text"),
    [
        ("运费", "包邮"),
        ("优惠", "满100减20"),
        ("价格", "¥99-199"),
        ("价税合计", "壹佰元整 ¥100.00"),
        ("税率", "免税"),
        ("有效日期", "长期"),
        ("订单号", "见上图"),
        ("税号", ""),
    ],
)
def test_what_is_not_written_as_that_form_at_all_is_no_fault(label: str, text: str) -> None:
    assert flaw(label, text) is None
