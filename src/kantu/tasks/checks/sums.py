"""Amounts, numbers and percentages in digits, and sums in words (壹仟贰佰叁拾肆元伍角整)."""

from __future__ import annotations

import re
from decimal import Decimal

from kantu.tasks.plain import plain
from kantu.tasks.problem import Problem

_SIGN = r"(?:人民币|RMB|CNY|USD|US\$|HK\$|[¥￥$€£])"
_UNIT = r"(?:元|圆|块|人民币|RMB|CNY|USD)"
_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_AMOUNT = re.compile(rf"(?P<a>[-+])?{_SIGN}?(?P<b>[-+])?{_SIGN}?(?P<n>{_NUMBER})(?P<w>[万亿])?{_UNIT}?(?:整|起)?", re.I)
_QUANTITY = re.compile(rf"[×xX*]?(?P<a>-)?(?P<n>{_NUMBER})(?:[A-Za-z]{{1,4}}|[\u4e00-\u9fff]{{1,4}})?\+?")
_PERCENTAGE = re.compile(rf"[-+]?{_NUMBER}[%‰]")
_MYRIADS = {"": 1, "万": 10_000, "亿": 100_000_000}

_DIGITS = {sign: value for value, signs in enumerate(
    ("零〇", "壹一", "贰貳二两", "叁叄三", "肆四", "伍五", "陆陸六", "柒七", "捌八", "玖九")
) for sign in signs}  # fmt: skip
_PLACES = {"仟": 3, "千": 3, "佰": 2, "百": 2, "拾": 1, "十": 1}
_ZERO = "零〇"
_ONE = f"[{''.join(_DIGITS)}]"
_SMALL = re.compile(rf"[{_ZERO}]?(?:(?P<jiao>{_ONE})角)?[{_ZERO}]?(?:(?P<fen>{_ONE})分)?[整正]?")


def read_amount(text: str) -> Decimal | None:
    """The value of ¥1,234.50, -¥3, 1234.5元 or 1.2万元; None for what is written in no such way."""
    found = _AMOUNT.fullmatch(plain(text).rstrip("。"))
    if found is None:
        return None
    value = Decimal(found["n"].replace(",", "")) * _MYRIADS[found["w"] or ""]
    return -value if "-" in (found["a"], found["b"]) else value


def read_quantity(text: str) -> Decimal | None:
    """The value of 3, ×3, 3件 or 2.5kg; None for what is no number with a unit."""
    found = _QUANTITY.fullmatch(plain(text))
    if found is None:
        return None
    value = Decimal(found["n"].replace(",", ""))
    return -value if found["a"] else value


def read_words(text: str) -> Decimal | None:
    """The value in yuan of a sum in words; None for what is not well-formed, such as 壹佰伍拾陆仟元."""
    words = re.sub(r"^(?:人民币|合计|大写|[()⊗⊕:¥])+", "", plain(text))
    negative = re.match(r"\(?负数?\)?", words)
    words = words[negative.end() :] if negative else words
    whole, yuan, small = re.fullmatch(r"(?:(.*?)([元圆]))?(.*)", words, re.S).groups()  # type: ignore[union-attr]
    cents = _SMALL.fullmatch(small)
    if cents is None or not (yuan or cents["jiao"] or cents["fen"]):
        return None
    value = _whole(whole) if yuan else 0
    if value is None:
        return None
    jiao, fen = (_DIGITS[cents[name]] if cents[name] else 0 for name in ("jiao", "fen"))
    total = value + Decimal(jiao * 10 + fen) / 100
    return -total if negative else total


def amount(text: str) -> Problem | None:
    """A sum of money in digits, to the cent."""
    return _money(text, decimals=2)


def unit_price(text: str) -> Problem | None:
    """A price of one, which may have more decimals than cents."""
    return _money(re.sub(r"/[^\d/]{1,4}$", "", plain(text)), decimals=15)


def quantity(text: str) -> Problem | None:
    """A number, perhaps with what is counted."""
    return None if read_quantity(text) is not None else Problem("quantity_form", f"“{text}”不是数量的写法。")


def amount_in_words(text: str) -> Problem | None:
    """A sum in words that is well-formed."""
    return None if read_words(text) is not None else Problem("amount_in_words_form", f"“{text}”不是完整的大写金额。")


def percentage(text: str) -> Problem | None:
    """A number with % or ‰."""
    return None if _PERCENTAGE.fullmatch(plain(text)) else Problem("percentage_form", f"“{text}”不是百分数的写法。")


def _money(text: str, *, decimals: int) -> Problem | None:
    read = plain(text)
    if read_amount(read) is None:
        if re.search(r"\d,\d", read) and read_amount(read.replace(",", "")) is not None:
            return Problem("amount_grouping", f"“{text}”的千分位逗号不在每三位一处，可能漏读或多读了数字。")
        return Problem("amount_form", f"“{text}”不是金额的写法。")
    fraction = re.search(r"\.(\d+)", read)
    if fraction and len(fraction[1]) > decimals and not re.search(r"[万亿]", read):
        return Problem("amount_decimals", f"“{text}”有 {len(fraction[1])} 位小数，金额最多 {decimals} 位。")
    return None


def _whole(words: str) -> int | None:
    """壹万零贰佰 as 10200."""
    found = re.fullmatch(r"(?:(.+)亿)?(?:(.+)万)?(.*)", words)
    if not words or found is None:
        return None
    total = 0
    for part, size in zip(found.groups(), (100_000_000, 10_000, 1), strict=True):
        if part:
            value = _under_myriad(part)
            if value is None or (value == 0 and size > 1):
                return None
            total += value * size
    return total


def _under_myriad(words: str) -> int | None:
    """Up to four places. A place that is left out between two others needs its 零."""
    total, last, digit, zero = 0, 4, None, False
    for sign in words:
        if sign in _PLACES:
            place = _PLACES[sign]
            if digit is None:
                if zero:
                    digit = 0  # 零拾, as on printed forms
                elif place == 1 and last == 4:
                    digit = 1  # 拾元 for 壹拾元
                else:
                    return None
            if place >= last or (last < 4 and place < last - 1 and digit and not zero):
                return None
            total, last, digit, zero = total + digit * 10**place, place, None, False
        elif sign in _ZERO and digit is None and not zero:
            zero = True
        elif sign in _DIGITS and sign not in _ZERO and digit is None and last > 0:
            digit = _DIGITS[sign]
        else:
            return None
    if digit is not None:
        if last < 4 and last > 1 and not zero:
            return None
        return total + digit
    return total if last < 4 or zero else None
