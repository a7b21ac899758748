"""Open vocabularies: written with known characters only, varied, and the same for the same seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

import pytest

from kantu.synth.words import lexicon, vocabulary

_ALPHABET = {*vocabulary.HAN, *vocabulary.PUNCTUATION, "·", *map(chr, range(0x20, 0x7F))}
_MAKERS = (
    vocabulary.word,
    vocabulary.goods_name,
    vocabulary.shop_name,
    vocabulary.person,
    vocabulary.phone,
    vocabulary.address,
    vocabulary.amount,
    vocabulary.money,
    vocabulary.date_time,
    vocabulary.code,
    vocabulary.count,
    vocabulary.choice,
    vocabulary.place,
    vocabulary.label,
    vocabulary.sentence,
)


def _some(maker: Callable[[random.Random], str], n: int = 500) -> list[str]:
    rng = random.Random(7)
    return [maker(rng) for _ in range(n)]


def test_han_is_the_first_level_of_gb2312() -> None:
    assert len(vocabulary.HAN) == len(set(vocabulary.HAN)) == 3755
    assert (vocabulary.HAN[0], vocabulary.HAN[-1]) == ("啊", "座")


def test_words_are_many_short_distinct_and_cover_many_characters() -> None:
    words = vocabulary.words()
    assert len(words) == len(set(words)) >= 1200
    assert all(2 <= len(word) <= 5 for word in words)
    assert len(set("".join(words))) >= 1500
    assert set("".join(words)) <= set(vocabulary.HAN)


def test_every_list_of_the_lexicon_is_written_with_known_characters() -> None:
    lists = [*lexicon.LABELS.values(), lexicon.GOODS_NOUNS, lexicon.SHOP_KINDS, lexicon.ACTIONS, lexicon.CHOICES]
    for items in lists:
        assert len(items) == len(set(items))
        assert set("".join(items)) <= _ALPHABET
    assert set(lexicon.LABELS) == set(vocabulary.VALUES)
    assert len({label for labels in lexicon.LABELS.values() for label in labels}) >= 250


@pytest.mark.parametrize("maker", _MAKERS, ids=lambda maker: maker.__name__)
def test_makers_write_with_known_characters_and_repeat_for_a_seed(maker: Callable[[random.Random], str]) -> None:
    texts = _some(maker)
    assert texts == _some(maker)
    assert all(text and text == text.strip() and "\n" not in text for text in texts)
    assert set("".join(texts)) <= _ALPHABET
    assert len(set(texts)) > 200


def test_goods_have_3_to_14_characters_and_some_cannot_be_guessed() -> None:
    names = _some(vocabulary.goods_name, 2000)
    known = set("".join((*lexicon.GOODS_NOUNS, *lexicon.GOODS_MATERIALS, *lexicon.GOODS_MODIFIERS)))
    assert all(2 <= len(name) <= 14 for name in names)
    surprising = sum(any(c in vocabulary.HAN and c not in known for c in name) for name in names)
    assert surprising / len(names) > 0.1


def test_amounts_are_numbers_and_money_has_signs() -> None:
    assert all(re.fullmatch(r"\d{1,3}(,\d{3})*(\.\d{1,2})?|\d+(\.\d{1,2})?", text) for text in _some(vocabulary.amount))
    assert all(float(text.replace(",", "")) > 0 for text in _some(vocabulary.amount))
    assert {text[0] for text in _some(vocabulary.money)} >= {"¥", "￥", "-", "+"}


def test_phones_never_show_a_whole_number() -> None:
    for text in _some(vocabulary.phone):
        assert "*" in text or text.startswith("尾号")
        assert not re.search(r"\d{8}", text)


def test_codes_are_long_enough_and_of_many_lengths() -> None:
    codes = _some(vocabulary.code, 1000)
    assert all(6 <= len(code) <= 20 for code in codes)
    assert len({len(code) for code in codes}) >= 12


def test_dates_come_in_many_forms() -> None:
    forms = {re.sub(r"\d+", "0", text) for text in _some(vocabulary.date_time, 2000)}
    assert {"0-0-0 0:0:0", "0/0/0 0:0", "0年0月0日 0:0", "0-0 0:0", "今天 0:0"} <= forms


def test_a_share_of_labels_is_made_up() -> None:
    known = {label for labels in lexicon.LABELS.values() for label in labels}
    made_up = sum(label not in known for label in _some(vocabulary.label, 4000)) / 4000
    assert 0.1 < made_up < 0.2


def test_pick_follows_its_weights() -> None:
    rng = random.Random(1)
    texts = [vocabulary.pick(rng, (9, lambda r: "a"), (1, lambda r: "b")) for _ in range(2000)]
    assert 0.06 < texts.count("b") / 2000 < 0.14
