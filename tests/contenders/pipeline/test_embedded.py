"""The pipeline with the text model of this package: from a screen to an answer in words."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from kantu.cli import app

pytestmark = pytest.mark.whole


@pytest.mark.parametrize(("question", "answer"), [("为什么这个还没发货？", "待商家发货"), ("实付款多少", "347.80")])
def test_what_is_printed_comes_back_in_the_answer(question: str, answer: str) -> None:
    result = CliRunner().invoke(app, ["pipeline", "ask", "examples/order.png", question])
    assert result.exception is None
    assert answer in result.stdout
    assert result.stdout.strip() != question
