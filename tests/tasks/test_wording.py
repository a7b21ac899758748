"""An instruction's `{{variables}}` are filled in, and every other brace is told to the model as it is written."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kantu.tasks import judges, wording
from kantu.tasks.task import Task

NAMES = st.sampled_from(["text", "文字", "_x1", "self", "given", "买家问"])
PROSE = st.text(st.sampled_from("{} 甲a1:!.[]\"\n%$'\\"), min_size=1, max_size=12)


def told(text: str, /, **variables: str) -> str:
    return Task("own", "自己的", judges.states, instruction=wording.format_of(text)).instruct(**variables)


@given(st.lists(st.one_of(PROSE, NAMES.map(lambda name: f"{{{{{name}}}}}")), min_size=1, max_size=6).map("".join))
def test_what_the_model_is_told_is_the_text_with_its_variables_replaced(text: str) -> None:
    names = Task("own", "自己的", judges.states, instruction=wording.format_of(text)).variables
    values = {name: f"<{{{name}}}>" for name in names}
    expected = text
    for name in names:  # the words of the values hold no double braces
        expected = re.sub(rf"\{{\{{\s*{name}\s*\}}\}}", values[name], expected)
    assert told(text, **values) == expected


@given(PROSE.filter(lambda text: "{{" not in text))
def test_a_text_without_double_opening_braces_is_told_as_it_is(text: str) -> None:
    assert wording.stray_braces(text) is None
    assert told(text) == text


@given(st.text())
def test_an_escaped_text_stands_for_itself(text: str) -> None:
    assert wording.escaped(text).format() == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("写成 {{a}}", "写成 值"),
        ("写成 {{ a }}", "写成 值"),
        ("{{{a}}}", "{值}"),
        ('{"甲": {"乙": {{a}}}}', '{"甲": {"乙": 值}}'),
        ("{{a}}{{a}}", "值值"),
        ("{a}{{a}}", "{a}值"),
    ],
)
def test_variables_stand_in_double_braces_and_single_ones_survive(text: str, said: str) -> None:
    assert told(text, a="值") == said


def test_a_value_s_own_braces_are_not_variables() -> None:
    assert told("{{a}}", a="{{b}} {0}") == "{{b}} {0}"


@pytest.mark.parametrize("text", ["{{", "{{ques tion}}", "{{1a}}", "{{}}", "{{{{a}}}}", "{{a.b}}", "{{a!r}}", "{{甲"])
def test_double_braces_that_open_no_variable_are_found(text: str) -> None:
    assert str(wording.stray_braces(f"前 {text} 后\n下一行")).startswith("{{")


def test_notes_tell_what_fields_and_values_are() -> None:
    labels = {"状态": {"退回": "写着退"}, "种类": {"甲": "大"}}
    told = wording.notes({"单号": "条码下的数字。", "状态": "盖的章"}, labels)
    assert told == "\n单号：条码下的数字\n状态：盖的章。退回（写着退）\n种类：甲（大）"
    assert wording.notes({}, {}) == ""
