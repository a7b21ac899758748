"""Chinese, unless a client prefers English."""

from __future__ import annotations

import pytest

from kantu.service.language import language_of


@pytest.mark.parametrize(
    "header",
    [None, "", "*", "zh", "zh-CN,en;q=0.9", "fr,de", "en;q=0", "zh;q=0.5, en;q=0.4", "zh,en", "en;q=x"],
)
def test_chinese(header: str | None) -> None:
    assert language_of(header) == "zh"


@pytest.mark.parametrize("header", ["en", "EN", "en-GB", "fr, en;q=0.1", "en,zh", "zh;q=0.4,en;q=0.5", " en ; q=0.8"])
def test_english(header: str) -> None:
    assert language_of(header) == "en"


def test_a_long_header_costs_nothing() -> None:
    assert language_of("fr," * 1_000_000 + "en") == "zh"
