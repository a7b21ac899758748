"""The acceptance in one line: the embedded model reads 待商家发货 from the pixels of an order screenshot."""

from __future__ import annotations

from pathlib import Path

import kantu

ORDER = Path(__file__).parents[1] / "examples" / "order.png"


def test_the_embedded_model_answers_why_the_order_was_not_sent() -> None:
    answer = kantu.load().ask(ORDER, "为什么这个还没发货？")
    assert "待商家发货" in answer.text
    assert answer.finish_reason == "stop"


def test_the_answer_comes_from_the_pixels() -> None:
    from PIL import Image

    with Image.open(ORDER) as order:
        blank = Image.new("RGB", order.size, "white")
    assert "待商家发货" not in kantu.load().ask(blank, "为什么这个还没发货？").text
