"""Forms of codes: how long they are, which characters they have, and their check digits. A `*` hides a character."""

from __future__ import annotations

import re
from datetime import date

from kantu.tasks.plain import plain
from kantu.tasks.problem import Problem

CREDIT_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""The characters of a 统一社会信用代码 (GB 32100-2015), each at its value: no I, O, S, V, Z."""

_CREDIT_LENGTH = 18
_OLD_TAXPAYER_LENGTHS = (15, 20)  # before 2015, and sole traders by their identity number
_IDENTITY_LENGTH, _OLD_IDENTITY_LENGTH = 18, 15
_IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_IDENTITY_CHECKS = "10X98765432"
_MOBILE = re.compile(r"1[3-9*][\d*]{9}")
_FIXED = re.compile(r"(?:0\d{2,3}-?)?[\d*]{7,8}(?:(?:-|转)\d{1,6})?|[48]00-?[\d*]{3,4}-?[\d*]{3,4}|1\d{2}|[19]\d{4,7}")


def order_number(text: str) -> Problem | None:
    """6 to 32 letters and digits, perhaps with hyphens; not letters alone."""
    return _code(text, "order_number", "订单号", least=6, most=32)


def tracking_number(text: str) -> Problem | None:
    """8 to 30 letters and digits, perhaps with hyphens; not letters alone."""
    return _code(text, "tracking_number", "快递单号", least=8, most=30)


def invoice_number(text: str) -> Problem | None:
    """8 digits, or the 20 of a fully digital invoice."""
    return _digits(text, "invoice_number", "发票号码", (8, 20))


def invoice_code(text: str) -> Problem | None:
    """10 or 12 digits."""
    return _digits(text, "invoice_code", "发票代码", (10, 12))


def credit_code(text: str) -> Problem | None:
    """A 统一社会信用代码: 18 characters of its alphabet, a region, the check character of GB 32100-2015."""
    code, name = plain(text).upper(), "统一社会信用代码"
    strange = _strange(code, CREDIT_SIGNS + "*")
    if strange:
        return Problem(
            "credit_code_characters", f"{name}不使用“{strange}”这样的字符（I、O、S、V、Z 也不用）：“{text}”。"
        )
    if len(code) != _CREDIT_LENGTH:
        return _wrong_length("credit_code", name, text, len(code), "18")
    if not re.fullmatch(r"[\d*]{6}", code[2:8]):
        return Problem("credit_code_region", f"{name}的第 3 至 8 位应是数字，读到“{code[2:8]}”。")
    if "*" in code:
        return None
    total = sum(CREDIT_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:-1]))
    return _wrong_check("credit_code", name, code, CREDIT_SIGNS[-total % 31])


def taxpayer_number(text: str) -> Problem | None:
    """A 纳税人识别号: a credit code; a person's identity number; or 15 or 20 characters, which have no check digit."""
    code = plain(text).upper()
    if len(code) in _OLD_TAXPAYER_LENGTHS and re.fullmatch(r"\d{6}[0-9A-Z*]+", code):
        return None
    if re.fullmatch(r"\d{17}[\dX]", code) and identity_number(text) is None:
        return None
    return credit_code(text)


def identity_number(text: str) -> Problem | None:
    """An identity card's number: 18 characters with a date and the check digit of GB 11643, or the old 15."""
    code, name = plain(text).upper(), "身份证号"
    if not re.fullmatch(r"[\d*]*[\dX*]", code):
        return Problem("identity_number_characters", f"{name}应是数字，最后一位可以是 X：“{text}”。")
    if len(code) not in (_IDENTITY_LENGTH, _OLD_IDENTITY_LENGTH):
        return _wrong_length("identity_number", name, text, len(code), "18")
    born = code[6:14] if len(code) == _IDENTITY_LENGTH else f"19{code[6:12]}"
    if "*" not in born and not _is_day(born):
        return Problem("identity_number_date", f"{name}里的出生日期“{born}”不存在。")
    if "*" in code or len(code) == _OLD_IDENTITY_LENGTH:
        return None
    total = sum(int(sign) * weight for sign, weight in zip(code, _IDENTITY_WEIGHTS, strict=False))
    return _wrong_check("identity_number", name, code, _IDENTITY_CHECKS[total % 11])


def bank_card(text: str) -> Problem | None:
    """A bank card's number: 12 to 19 digits, the last by Luhn's rule; 尾号1234 tells its end only."""
    code, name = plain(text).replace("-", ""), "银行卡号"
    if re.fullmatch(r"尾号\d{4}", code):
        return None
    if strange := _strange(code, "0123456789*"):
        return Problem("bank_card_characters", f"{name}应全是数字，读到“{strange}”：“{text}”。")
    if not 12 <= len(code) <= 19:
        return _wrong_length("bank_card", name, text, len(code), "12 至 19")
    if "*" in code:
        return None
    doubled = [int(sign) * (2 - index % 2) for index, sign in enumerate(reversed(code[:-1]))]
    return _wrong_check("bank_card", name, code, str(-sum(number // 10 + number % 10 for number in doubled) % 10))


def phone(text: str) -> Problem | None:
    """Telephone numbers: mobile ones have 11 places, masked ones (138****1234) too; fixed, 400 and short ones."""
    for part in re.split(r"[/、,;]|或", plain(text)):
        problem = _one_phone(part)
        if problem:
            return problem
    return None


def _one_phone(text: str) -> Problem | None:
    number = re.sub(r"^\(?\+?(?:86|0086)\)?-?(?=1)", "", text).replace("(", "").replace(")", "-")
    if re.fullmatch(r"尾号\d{4}", number):
        return None
    if strange := _strange(number, "0123456789*-转"):
        return Problem("phone_characters", f"电话号码里有“{strange}”：“{text}”。")
    bare = number.replace("-", "")
    if _MOBILE.fullmatch(bare) or _FIXED.fullmatch(number):
        return None
    if re.match(r"1[3-9]", bare):
        return _wrong_length("phone", "手机号", text, len(bare), "11")
    return Problem("phone_form", f"“{text}”不是手机、固定电话或服务电话的写法（读到 {len(bare)} 位）。")


def _code(text: str, code: str, name: str, *, least: int, most: int) -> Problem | None:
    found = plain(text)
    kept = found.replace("-", "").replace("_", "")
    if not re.fullmatch(r"[0-9A-Za-z*]*", kept):
        strange = "".join(dict.fromkeys(re.sub(r"[0-9A-Za-z*]", "", kept)))
        return Problem(f"{code}_characters", f"{name}应由数字和字母组成，读到“{strange}”：“{text}”。")
    if not least <= len(kept) <= most:
        return _wrong_length(code, name, text, len(kept), f"{least} 至 {most}")
    if not re.search(r"[\d*]", kept):
        return Problem(f"{code}_characters", f"{name}里没有数字：“{text}”。")
    return None


def _digits(text: str, code: str, name: str, lengths: tuple[int, ...]) -> Problem | None:
    found = re.sub(r"^NO[.:]?", "", plain(text).upper())
    if strange := _strange(found, "0123456789*"):
        return Problem(f"{code}_characters", f"{name}应全是数字，读到“{strange}”：“{text}”。")
    if len(found) not in lengths:
        return _wrong_length(code, name, text, len(found), " 或 ".join(map(str, lengths)))
    return None


def _strange(text: str, signs: str) -> str:
    """Characters of the text that are not among `signs`, each once."""
    return "".join(dict.fromkeys(sign for sign in text if sign not in signs))


def _wrong_length(code: str, name: str, text: str, length: int, expected: str) -> Problem:
    return Problem(f"{code}_length", f"{name}应有 {expected} 位，读到 {length} 位：“{text}”。")


def _wrong_check(code: str, name: str, read: str, expected: str) -> Problem | None:
    if read[-1] == expected:
        return None
    return Problem(
        f"{code}_check", f"{name}的校验位应为“{expected}”，读到“{read[-1]}”：“{read}”里至少有一位读错或印错。"
    )


def _is_day(digits: str) -> bool:
    try:
        date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        return False
    return True
