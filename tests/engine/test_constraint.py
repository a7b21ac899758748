"""Whatever is chosen under the mask, the answer is of the constraint's language; structure is forced, not chosen."""

from __future__ import annotations

import json
import re
import threading
from pathlib import Path
from typing import Any

import llguidance
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kantu.engine.constraint import ConstraintCompiler, Matcher
from kantu.engine.request import Constraint
from kantu.errors import CheckpointError, EngineError, InvalidRequestError
from kantu.hub import locate
from kantu.model.folder import ModelFolder
from tests.engine.folder_tokens import FolderTokens

FIELDS = ("订单编号", "数量", "实付款", "运费", "优惠", "合计")
SIX_FIELDS: dict[str, Any] = {
    "type": "object",
    "properties": {name: {"type": "string", "pattern": "^[0-9]{4}$"} for name in FIELDS},
    "required": list(FIELDS),
    "additionalProperties": False,
}
RECORD: dict[str, Any] = {
    "type": "object",
    "properties": {
        "状态": {"enum": ["待发货", "已发货", None]},
        "件数": {"type": "integer", "minimum": 1, "maximum": 20},
        "单价": {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 3},
        "备注": {"type": "string", "maxLength": 12},
        "已付": {"type": "boolean"},
    },
    "required": ["状态", "件数", "单价", "备注"],
    "additionalProperties": False,
}


class Model(FolderTokens):
    """A folder's tokens, and random answers under a constraint."""

    def allowed(self, matcher: Matcher) -> list[int]:
        scores = torch.zeros(self.vocab_size)
        matcher.mask_(scores)
        found: list[int] = (scores == 0).nonzero()[:, 0].tolist()
        return found

    def walk(
        self, constraint: Constraint, seed: int, *, fast: bool = True, steps: int = 200
    ) -> tuple[list[int], int, bool]:
        """Tokens of an answer whose every choice is random, how many were chosen, and whether it ended."""
        matcher, tokens = self.compiler.compile(constraint), []
        generator = torch.Generator().manual_seed(seed)
        for chosen in range(steps):
            if fast:
                tokens += matcher.forced()
            if matcher.finished:
                return tokens, chosen, True
            choices = self.allowed(matcher)
            token = choices[int(torch.randint(len(choices), (1,), generator=generator))]
            assert (token in self.end_ids) <= matcher.accepts_end
            if token in self.end_ids:
                return tokens, chosen, True
            matcher.accept(token)
            tokens.append(token)
        return tokens, steps, False

    def text(self, tokens: list[int]) -> str:
        return b"".join(map(self.tokenizer.token_bytes, tokens)).decode()


@pytest.fixture(scope="module")
def tiny(tiny_folder: Path) -> Model:
    return Model(tiny_folder)


@pytest.fixture(scope="module")
def mini() -> Model:
    return Model(locate(None))


@pytest.fixture(params=["tiny", "mini"])
def model(request: pytest.FixtureRequest) -> Model:
    found: Model = request.getfixturevalue(request.param)
    return found


def fits(value: Any) -> bool:
    """Whether a value is a RECORD."""
    return (
        set(RECORD["required"]) <= value.keys() <= RECORD["properties"].keys()
        and value["状态"] in RECORD["properties"]["状态"]["enum"]
        and type(value["件数"]) is int
        and 1 <= value["件数"] <= 20
        and 1 <= len(value["单价"]) <= 3
        and all(type(price) in (int, float) for price in value["单价"])
        and len(value["备注"]) <= 12
        and type(value.get("已付", True)) is bool
    )


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), fast=st.booleans())
def test_a_random_record_fits_its_schema(tiny: Model, seed: int, fast: bool) -> None:
    tokens, _, ended = tiny.walk(Constraint.json_schema(RECORD), seed, fast=fast)
    if ended:  # a random number may go on for very long
        assert fits(json.loads(tiny.text(tokens)))


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32), fast=st.booleans())
def test_a_random_answer_matches_its_pattern(mini: Model, seed: int, fast: bool) -> None:
    pattern = r"(订单|包裹)[A-Z]{2,4}-[0-9]+(，[^，。]{1,6}){0,2}。"
    tokens, _, ended = mini.walk(Constraint("regex", pattern), seed, fast=fast)
    if ended:
        assert re.fullmatch(pattern, mini.text(tokens))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.text(min_size=1, max_size=8), min_size=2, max_size=6, unique=True), st.integers(0, 2**32))
def test_a_random_choice_is_one_of_the_choices(tiny: Model, choices: list[str], seed: int) -> None:
    tokens, _, ended = tiny.walk(Constraint.choice(choices), seed)
    assert ended
    assert tiny.text(tokens) in choices


AWKWARD = [
    "是",
    "是的",
    'a"b\\c',
    "一\n二\r\t",
    "e\u0301",
    "\u212b",
    "(x|y)*",
    "[^a]",
    "  ",
    "\x00",
    "😀👍",
    "/a/",
    "#&~-",
]


@pytest.mark.parametrize("choice", [*AWKWARD, "<|im_end|>", "x<|endoftext|>y", "<think>"])
def test_every_choice_can_be_said_whatever_it_spells(model: Model, choice: str) -> None:
    matcher = model.compiler.compile(Constraint.choice([choice, choice + "?"]))
    for token in model.tokenizer._encode_plain(choice):
        if token not in model.allowed(matcher):  # its normal form is another text
            assert choice in ("e\u0301", "\u212b")
            return
        matcher.accept(token)
    assert matcher.accepts_end
    assert not matcher.finished
    ends = [token for token in model.allowed(matcher) if token in model.end_ids]
    assert ends == sorted(model.end_ids)


@pytest.mark.parametrize("choice", ["<|im_end|>", "x<|im_start|>y", "e\u0301", "\u212b", "<think>"])
def test_forced_text_is_the_text_itself(model: Model, choice: str) -> None:
    tokens, chosen, ended = model.walk(Constraint("regex", re.escape(choice)), 0)
    assert (model.text(tokens), chosen, ended) == (choice, 0, True)
    assert not set(tokens) & set(model.tokenizer.added_tokens.values())


@pytest.mark.parametrize("constraint", [Constraint.json_schema({"type": "string"}), Constraint("regex", "(?s).*")])
def test_no_added_token_but_the_end_and_no_row_without_a_token_can_come(model: Model, constraint: Constraint) -> None:
    matcher = model.compiler.compile(constraint)
    names = set(model.tokenizer.added_tokens.values())
    for _ in range(3):
        allowed = set(model.allowed(matcher))
        assert not allowed & (names - model.end_ids)
        assert max(allowed) < model.tokenizer.vocab_size
        assert bool(allowed & model.end_ids) == matcher.accepts_end
        matcher.accept(max(allowed - model.end_ids))


@pytest.mark.parametrize("seed", range(5))
def test_of_a_record_only_what_is_not_structure_is_chosen(model: Model, seed: int) -> None:
    tokens, chosen, ended = model.walk(Constraint.json_schema(SIX_FIELDS), seed)
    assert ended
    assert chosen == 6 * 4
    assert len(tokens) > 2 * chosen or model.tokenizer.vocab_size < 2000
    record = json.loads(model.text(tokens))
    assert model.text(tokens) == json.dumps(record, ensure_ascii=False)  # as the models write it
    assert list(record) == list(FIELDS)


def test_a_json_object_is_any_and_nothing_else(mini: Model) -> None:
    for seed in range(5):
        tokens, _, ended = mini.walk(Constraint("json_object"), seed)
        assert mini.text(tokens[:1]).startswith("{")
        assert not ended or isinstance(json.loads(mini.text(tokens)), dict)


def test_behind_the_last_token_only_the_end_is_allowed_and_accepted(model: Model) -> None:
    matcher = model.compiler.compile(Constraint.choice(["甲", "乙"]))
    tokens: list[int] = []
    while not matcher.finished:
        tokens.append(next(i for i in model.allowed(matcher) if i not in model.end_ids))
        matcher.accept(tokens[-1])
        tokens += matcher.forced()
    assert model.text(tokens) in "甲乙"
    assert matcher.accepts_end
    assert matcher.forced() == []
    assert model.allowed(matcher) == sorted(model.end_ids)
    matcher.accept(min(model.end_ids))


def test_a_copy_goes_its_own_way(tiny: Model) -> None:
    one = tiny.compiler.compile(Constraint("regex", "ab|ac"))
    first = one.forced()
    other = one.copy()
    one.accept(tiny.tokenizer.token_id("b"))
    assert one.finished
    assert not other.finished
    other.accept(tiny.tokenizer.token_id("c"))
    assert tiny.text(first) == "a"


def test_a_token_that_does_not_fit_fails_the_answer_for_good(tiny: Model) -> None:
    matcher = tiny.compiler.compile(Constraint("regex", "[0-9]{4}"))
    for action in (lambda: matcher.accept(tiny.tokenizer.token_id("a")), lambda: tiny.allowed(matcher), matcher.forced):
        with pytest.raises(EngineError, match="constraint_failed"):
            action()
    assert not matcher.finished


def test_an_answer_whose_next_step_costs_too_much_fails(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.engine.constraint._LIMITS", llguidance.LLParserLimits(step_lexer_fuel=3_000))
    monkeypatch.setattr("kantu.engine.constraint._PROBED_TOKENS", 1)
    with pytest.raises(EngineError, match="constraint_failed") as caught:
        tiny.walk(Constraint("regex", r"x[a-z](\w{1,100} ?){1,100}"), 0)
    assert "lexer" not in f"{caught.value.message}{caught.value.message_en}"


def test_what_costs_too_much_soon_is_refused(tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.engine.constraint._LIMITS", llguidance.LLParserLimits(step_lexer_fuel=3_000))
    with pytest.raises(InvalidRequestError, match="constraint_not_supported"):
        tiny.compiler.compile(Constraint("regex", r"x[a-z](\w{1,100} ?){1,100}"))


def test_scores_of_another_vocabulary_are_a_mistake_of_ours(tiny: Model) -> None:
    with pytest.raises(ValueError, match="vocabulary"):
        tiny.compiler.compile(Constraint("json_object")).mask_(torch.zeros(tiny.vocab_size + 1))


def test_threads_share_one_tokenizer(tiny_folder: Path, tiny: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    reads: list[str] = []
    text = ModelFolder.text
    monkeypatch.setattr(ModelFolder, "text", lambda folder, name: reads.append(name) or text(folder, name))
    compiler = ConstraintCompiler(ModelFolder.open(tiny_folder), tiny.vocab_size, tiny.end_ids)
    assert not reads  # not before it is needed
    found: list[Matcher] = []
    threads = [
        threading.Thread(target=lambda: found.append(compiler.compile(Constraint("json_object")))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(reads) == 1


def test_a_damaged_tokenizer_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{}", "utf-8")
    with pytest.raises(CheckpointError, match="invalid_tokenizer"):
        ConstraintCompiler(ModelFolder.open(tmp_path), 100, {1}).compile(Constraint("json_object"))
