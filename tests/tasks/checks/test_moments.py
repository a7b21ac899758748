"""Dates and times of day exist, however they are written."""

from __future__ import annotations

from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.tasks.checks import moments

WRITTEN = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y 年 %m 月 %d 日", "%Y%m%d", "%m-%d", "%m月%d日")
CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H时%M分", "%H:%M:%S")


@pytest.mark.parametrize("text", ["2026-2-3 1:05", "2026年2月3日（周二）12:30", "二〇二六年十二月三十一日", "2月29日"])
def test_a_date_is_read_however_it_is_written(text: str) -> None:
    assert moments.date(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30", "date_impossible"),
        ("2026年2月29日", "date_impossible"),
        ("二〇二六年二月三十日", "date_impossible"),
        ("2026/13/01 10:00", "date_impossible"),
        ("2026.4.31", "date_impossible"),
        ("20260431", "date_impossible"),
        ("02-30", "date_impossible"),
        ("2026年13月", "date_impossible"),
        ("2026-02-28至2026-02-30", "date_impossible"),
        ("206-02-03", "date_year"),
        ("20026年2月3日", "date_year"),
        ("1026-02-03", "date_year"),
        ("2026-02-03 25:00", "time_impossible"),
        ("12:60", "time_impossible"),
        ("24:01", "time_impossible"),
        ("2026-02-03 12:3", "time_digits"),
    ],
)
def test_what_does_not_exist_is_told(text: str, code: str) -> None:
    problem = moments.moment(text)
    assert problem is not None
    assert problem.code == code


@pytest.mark.parametrize(
    "text", ["昨天 12:30", "长期", "10:00-22:00", "15-20天", "3.15", "2025.12-2026.3", "24:00", "周三", "", "12点半"]
)
def test_other_words_for_a_time_are_no_fault(text: str) -> None:
    assert moments.moment(text) is None


@pytest.mark.parametrize("text", ["长期", "2026-02", "2026-02-03至2026-02-04", "10:00", "订单"])
def test_a_date_is_one_whole_day(text: str) -> None:
    problem = moments.date(text)
    assert problem is not None
    assert problem.code == "date_form"


@pytest.mark.parametrize(
    ("text", "fine"), [("下午3点20分", True), ("08:05:59", True), ("3点半", True), ("早上", False)]
)
def test_a_time_is_one_time_of_day(text: str, fine: bool) -> None:
    assert (moments.time(text) is None) == fine


@given(st.datetimes(datetime(1950, 1, 1), datetime(2099, 12, 31)), st.sampled_from(WRITTEN), st.sampled_from(CLOCKS))
def test_whatever_exists_passes(moment: datetime, day: str, clock: str) -> None:
    assert moments.moment(moment.strftime(day + clock)) is None
    assert moments.date(moment.strftime(day + clock)) is None
