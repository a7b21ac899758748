"""What the label of a value promises: its form, and its part in a sum. The table below is the whole rule.

Chinese compounds end with what they are (收货电话, 电话费), so a label means what its longest known ending means.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kantu.tasks.checks.forms import FORMS
from kantu.tasks.plain import plain
from kantu.tasks.problem import Problem

_FORMS = {
    "order_number": "订单号 订单编号 订单号码 orderno ordernumber orderid",
    "tracking_number": "快递单号 运单号 运单编号 物流单号 快递号 trackingno trackingnumber",
    "invoice_number": "发票号码 发票号 invoiceno invoicenumber",
    "invoice_code": "发票代码 invoicecode",
    "credit_code": "社会信用代码 信用代码 creditcode",
    "taxpayer_number": "税号 识别号 统一社会信用代码/纳税人识别号 纳税人识别号/统一社会信用代码 taxid taxnumber",
    "identity_number": "身份证号 身份证号码 身份证 公民身份号码",
    "bank_card": "银行卡号 银行卡",
    "phone": "电话 手机 手机号 手机号码 电话号码 热线 传真 phone mobile tel",
    "moment": "日期 时间 date time",
    "unit_price": "单价 unitprice",
    "quantity": "数量 件数 quantity qty",
    "amount": "金额 总额 总价 价格 售价 原价 到手价 实付 实付款 应付 应付款 应收 实收 合计 总计 共计 小计 税额 税款 "
    "小写 (小写) (不含税) 费 优惠 折扣金额 押金 定金 余额 找零 货款 amount total price",
    "amount_in_words": "大写 (大写) 大写金额",
    "percentage": "税率 利率 折扣率 增长率 占比 百分比 同比 环比 taxrate",
    "": "地址电话 地址、电话 开户行及账号 等候时间 等待时间 数量单位",
}
"""Form -> endings; "" stands for none."""

_PARTS = {
    "quantity": "数量 件数 quantity qty",
    "price": "单价 价格 售价 unitprice price",
    "amount": "金额 小计 amount",
    "net": "不含税金额 (不含税) 不含税合计 税前金额",
    "tax": "税额 税款 税金 税额合计 税款合计",
    "sum": "合计 合计金额 金额合计 共计",
    "total": "价税合计 小写 (小写) 总金额 总价 总额 总计 应付 应付金额 应付款 实付 实付款 实付金额 订单金额 total",
    "words": "大写 (大写) 大写金额",
    "goods": "商品总额 商品总价 商品合计 商品金额 优惠前金额",
    "shipping": "运费 邮费 配送费",
    "discount": "优惠 优惠金额 折扣金额",
    "paid": "实收 实收金额 现金收款",
    "change": "找零 找回",
    "": "退款金额 优惠后金额 开户金额",
}
"""Part in a sum -> endings."""

_HAN = re.compile(r"[\u4e00-\u9fff]")
_HAN_OF_FORM = {
    "amount": "人民币元圆块整起万亿",
    "unit_price": "人民币元圆块万亿",
    "phone": "尾号转或",
    "bank_card": "尾号",
}


def _by_ending(table: Mapping[str, str]) -> Mapping[str, str]:
    return {ending: name for name, endings in table.items() for ending in endings.split()}


_FORM_OF, _PART_OF = _by_ending(_FORMS), _by_ending(_PARTS)


def form_of(label: str) -> str | None:
    """The name of the form (see `FORMS`) that a value under this label has, or None."""
    return _meaning(label, _FORM_OF)


def part_of(label: str) -> str | None:
    """What a value under this label is in a sum: "quantity", "price", "amount", "net", "tax", "total", ..., or None."""
    return _meaning(label, _PART_OF)


def flaw(label: str, text: str) -> Problem | None:
    """What is wrong with a value under this label; nothing where it is not written as its form at all (免费, 长期)."""
    name = form_of(label)
    if name is None or not _is_written(name, text):
        return None
    return FORMS[name](text)


def _meaning(label: str, table: Mapping[str, str]) -> str | None:
    key = re.sub(r"[:.\s_]|-(?=[a-z])", "", plain(label).lower())
    for form in (key, re.sub(r"\([^)]*\)", "", key)):
        known = next((table[form[start:]] for start in range(len(form)) if form[start:] in table), None)
        if known is not None:
            return known or None
    return None


def _is_written(name: str, text: str) -> bool:
    """Whether the text tries to be of the form: 满100减20 is no amount, and no faulty one either."""
    if name == "moment":
        return True
    if name == "amount_in_words":
        return bool(re.search(r"[元圆角分]", text))
    allowed = _HAN_OF_FORM.get(name, "")
    foreign = [sign for sign in _HAN.findall(text) if sign not in allowed]
    if name == "percentage":
        return "%" in plain(text) and not foreign
    if name in ("amount", "unit_price") and re.search(r"\d\s*[~/至—-]", text):
        return False  # ¥99-199
    return bool(re.search(r"\d", text)) and not foreign
