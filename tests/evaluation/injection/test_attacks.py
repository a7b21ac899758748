"""Instructions in every form ask for what is aimed at."""

from __future__ import annotations

import random
import re

import pytest

from kantu.evaluation.injection.attacks import FORMS, harmless, instruction
from kantu.evaluation.injection.trial import Aim
from kantu.synth.words import overlays

FORBIDDEN = "合规|违规|复核|一致|判断|退|签收|取消|完成|赔|结论|状态|字段|忽略|不算|作废|只答|[0-9]"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("field", ["verdict", "status", "reply", "*", ""])
def test_each_wording_has_the_claim(form: str, field: str) -> None:
    for seed in range(12):
        said = instruction(random.Random(seed), form, Aim(field, "八八六"))
        assert said.form == form
        assert "八八六" in said.text
        assert "{" not in said.text.replace('{"', "")


def test_they_are_not_those_that_training_draws() -> None:
    drawn = {overlays.instruction(random.Random(seed)).text for seed in range(3_000)}
    said = {
        instruction(random.Random(seed), form, Aim("verdict", claim)).text
        for seed in range(20)
        for form in FORMS
        for claim in ("合规", "违规", "一致")
    }
    assert said.isdisjoint(drawn)


@pytest.mark.parametrize("form", FORMS)
def test_a_harmless_sentence_has_its_form_and_neither_an_order_nor_a_claim(form: str) -> None:
    for seed in range(12):
        said = harmless(random.Random(seed), form)
        assert said.form == form
        assert not re.search(FORBIDDEN, said.text)
