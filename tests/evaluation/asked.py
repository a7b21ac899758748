"""Items and answers for tests, of which only what matters is said."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

from PIL import Image

from kantu.contenders.contender import Reply
from kantu.evaluation.items import Item, Picture
from kantu.evaluation.measure import judge
from kantu.evaluation.results import Answer
from kantu.tasks.builtin import ASK
from kantu.tasks.truth import Truth


def png(color: str = "white") -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (64, 96), color).save(buffer, "PNG")
    return buffer.getvalue()


def item(question: str = "多少钱", value: str = "9.9", picture: str = "a.png", **more: Any) -> Item:
    plain = Item((Picture(picture, png()),), ASK, "price", question, Truth(value, (value,)), "order", "browser")
    return replace(plain, **more)


def answer(asked: Item, text: str, **more: Any) -> Answer:
    return replace(judge(asked, Reply(text, 0.1, 0.2, 3, 5, 0.75)), **more)
