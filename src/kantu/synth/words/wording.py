"""Many ways to say one thing: patterns with alternatives, and the words people put before and after a question."""

from __future__ import annotations

import random
import re

from kantu.synth.words.phrases import ASKING, phrase

_GROUP = re.compile(r"\[([^\[\]]*)\]")
_BEFORE_QUESTION = (
    *("请问", "请问一下，", "问一下，", "帮我看看", "帮忙看下", "看看", "麻烦看一下，", "你看", "我想知道", "想问下"),
    *("你好，", "根据图片，", "看图回答：", "从图上看，", "图里", "图中", "这张图里", "图片上", "告诉我", "说说"),
)
_BEFORE_REQUEST = ("请", "请你", "麻烦", "麻烦你", "帮我", "帮忙", "请帮我", "你帮我", "给我", "劳驾")
_AFTER = ("，谢谢", "，急", "，直接说", "，简短回答", "，告诉我就行", "，一句话回答", " 谢谢！", "，看不清")
_BEFORE_NOUN = ("看看", "帮我看看", "我想知道", "查一下", "告诉我", "我要看", "麻烦看下", "图里", "图上")
_VERBS = frozenset("读写列找指说念抄框标定给返圈提整抽输用以算计求数查比总概分转识解做把")
_OPENED = ("图", "请", "帮", "看", "你", "麻烦", "把", "告诉", "这", "根据", "根")


def expand(rng: random.Random, pattern: str) -> str:
    """`pattern` with one alternative of each group: "[图里|图中|]有[几|多少]个". Groups nest."""
    while _GROUP.search(pattern):
        pattern = _GROUP.sub(lambda found: rng.choice(found[1].split("|")), pattern)
    return pattern


def worded(rng: random.Random, patterns: tuple[str, ...], **slots: str) -> str:
    """A question or request after one of `patterns`, with its `{slots}` filled, some opening and some ending."""
    text = expand(rng, rng.choice(patterns))
    asks = any(word in text for word in ASKING)
    if rng.random() < 0.25 and not text.startswith(_OPENED):
        text = rng.choice(_BEFORE_QUESTION if asks else _BEFORE_REQUEST if text[0] in _VERBS else _BEFORE_NOUN) + text
    text = phrase(rng, (text,), **slots)
    return text.rstrip("？?。") + rng.choice(_AFTER) if rng.random() < 0.05 else text


def told(rng: random.Random, patterns: tuple[str, ...], **slots: str) -> str:
    """An answer after one of `patterns`."""
    return expand(rng, rng.choice(patterns)).format(**slots)
