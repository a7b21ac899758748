"""Dates and times of day, as Chinese pages write them: found in a text, and whether they exist."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date as Day

from kantu.tasks.problem import Problem

_YEARS = (1900, 2100)
_LEAP_YEAR = 2000  # a date without a year may be 29 February
_NUMERALS = "〇一二三四五六七八九"
_DATES = (
    re.compile(r"(?<!\d)(?P<y>\d{4})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?=\d{2}:|\D|$)"),
    re.compile(r"(?:(?P<y>(?<!\d)\d{4}|(?<!\d)\d{2})年)?(?<!\d)(?P<m>\d{1,2})月(?P<d>\d{1,2})[日号]"),
    re.compile(r"(?<![\d\-/.:])(?P<m>\d{1,2})[-/](?P<d>\d{1,2})(?=\d{2}:|[\s,(]|$)"),  # not 15-20天
    re.compile(r"(?<!\d)(?P<y>(?:19|20)\d{2})(?P<m>\d{2})(?P<d>\d{2})(?=\d{2}:|\D|$)"),
)
_MONTH = re.compile(r"(?<!\d)(?P<y>\d{4})(?:年|[-/.])(?P<m>\d{1,2})(?:月|(?![\d\-/.年:]))")
_TIMES = (
    re.compile(r"(?<![\d:])(?P<h>\d{1,2}):(?P<m>\d{2})(?::(?P<s>\d{2}))?(?![\d:])"),
    re.compile(r"(?<!\d)(?P<h>\d{1,2})[时点](?:(?P<m>\d{1,2})分)?(?:(?P<s>\d{1,2})秒)?"),
)
_LAME_YEAR = re.compile(r"(?<![\d\-/.])(?P<y>\d{3}|\d{5,})[-/.年]\d{1,2}[-/.月]\d{1,2}")
_LAME_TIME = re.compile(r"(?<![\d:])(?<!午)(?<!午 )\d{1,2}:(?:\d{2}:)?\d(?![\d:])")
_WORDS = re.compile(r"上午|下午|早上|晚上|凌晨|中午|傍晚|[(（]?(?:星期|周)[一二三四五六日天][)）]?|[,T、]")


def date(text: str) -> Problem | None:
    """One date that exists, perhaps with a weekday and a time of day."""
    read = _read(text)
    if problem := _impossible(read):
        return problem
    rest, count = _without(read, _DATES)
    rest, _ = _without(rest, _TIMES)
    if count == 1 and not _WORDS.sub("", rest).strip():
        return None
    return Problem("date_form", f"“{text}”不是一个日期。")


def time(text: str) -> Problem | None:
    """One time of day that exists."""
    read = _read(text)
    if problem := _impossible(read):
        return problem
    rest, count = _without(read, _TIMES)
    if count == 1 and not re.sub(r"半|整|\d{1,2}$|\s", "", _WORDS.sub("", rest)):
        return None
    return Problem("time_form", f"“{text}”不是一个时刻。")


def moment(text: str) -> Problem | None:
    """Whatever dates and times of day stand in the text exist; words such as 昨天 or 长期 are fine."""
    return _impossible(_read(text))


def _impossible(read: str) -> Problem | None:
    """The first date or time of the text that does not exist."""
    problems = [
        Problem("date_year", f"年份应有 4 位，读到 {len(found['y'])} 位：“{found.group()}”。")
        for found in _LAME_YEAR.finditer(read)
    ]
    for pattern in _DATES:
        for found in pattern.finditer(read):
            problems += _wrong_date(found.group(), found.groupdict().get("y"), int(found["m"]), int(found["d"]))
        read = pattern.sub(" ", read)
    for found in _MONTH.finditer(read):
        problems += _wrong_date(found.group(), found["y"], int(found["m"]), 1)
    for pattern in _TIMES:
        for found in pattern.finditer(read):
            problems += _wrong_time(found)
    problems += (Problem("time_digits", f"分和秒应有两位：“{found.group()}”。") for found in _LAME_TIME.finditer(read))
    return problems[0] if problems else None


def _wrong_date(written: str, year: str | None, month: int, day: int) -> Iterable[Problem]:
    if year is not None and len(year) == 4 and not _YEARS[0] <= int(year) <= _YEARS[1]:
        yield Problem("date_year", f"年份“{year}”不合常理：“{written}”。")
        return
    full = _LEAP_YEAR if year is None else int(year) + (2000 if len(year) == 2 else 0)
    try:
        Day(full, month, day)
    except ValueError:
        yield Problem("date_impossible", f"“{written}”这一天不存在。")


def _wrong_time(found: re.Match[str]) -> Iterable[Problem]:
    hour, minute, second = (int(found[name] or 0) for name in "hms")
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        yield Problem("time_impossible", f"“{found.group()}”这一时刻不存在。")


def _without(read: str, patterns: Iterable[re.Pattern[str]]) -> tuple[str, int]:
    """The text without what the patterns find, and how much they found."""
    total = 0
    for pattern in patterns:
        read, count = pattern.subn("", read)
        total += count
    return read, total


def _read(text: str) -> str:
    """Half-width, without spaces in a date, 二〇二六年十二月三日 in digits. 一号楼 is no day and stays."""
    text = re.sub(
        r"\s*([年月日号时点分秒:/.\-])\s*(?=[\d月日号]|$)", r"\1", unicodedata.normalize("NFKC", text).strip()
    )
    text = re.sub(r"(?<=\d)\s+(?=[年月日号时点分秒])", "", text)
    number = f"[{_NUMERALS}零十廿]+"
    dated = re.compile(f"(?:{number}年)?{number}月{number}[日号]")
    return dated.sub(lambda found: re.sub(number, lambda one: _value(one.group()), found.group()), text)


def _value(numerals: str) -> str:
    numerals = numerals.replace("零", "〇").replace("廿", "二十")
    if "十" not in numerals:
        return "".join(str(_NUMERALS.index(sign)) for sign in numerals)
    tens, _, ones = numerals.partition("十")
    return f"{_value(tens) if tens else '1'}{_value(ones) if ones else '0'}"
