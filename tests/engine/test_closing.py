"""Whatever is chosen and wherever the limit lies, a constrained answer is whole, or was refused before it began."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kantu.engine.closing import Closing
from kantu.engine.local import LocalEngine
from kantu.engine.protocol import DeltaStream
from kantu.engine.request import Constraint, Delta, RepetitionStop
from kantu.errors import EngineError, InvalidRequestError
from kantu.hub import locate
from kantu.json_schema import with_uri_references
from tests.engine.engines import Parts, end_of, request
from tests.engine.folder_tokens import FolderTokens
from tests.engine.random_schemas import schemas

pytestmark = pytest.mark.whole

Choose = Callable[[torch.Tensor], int]


class Walker(FolderTokens):
    """Answers whose tokens are chosen without a model."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.seconds: list[float] = []

    def text(self, constraint: Constraint, max_tokens: int, choose: Choose) -> str | None:
        """A whole answer; None where the limit is too small for one."""
        try:
            text, count, _ = self.answer(constraint, max_tokens, choose)
        except InvalidRequestError as error:
            if error.code != "constraint_needs_tokens":
                raise
            return None
        assert count <= max_tokens
        return text

    def answer(self, constraint: Constraint, max_tokens: int, choose: Choose) -> tuple[str, int, bool]:
        """Text, tokens and whether the limit changed it."""
        closing = Closing.at_start(self.compiler.compile(constraint), max_tokens)
        tokens = closing.open()
        while len(tokens) < max_tokens and not closing.finished:
            scores = torch.zeros(self.vocab_size)
            closing.mask_(scores)
            started = time.thread_time()
            token = closing.settle(choose(scores))
            self.seconds.append(time.thread_time() - started)
            if token in self.end_ids:
                break
            tokens += [token, *closing.forced()]
        text = b"".join(map(self.tokenizer.token_bytes, tokens)).decode()
        return text, len(tokens), closing.shortened


@pytest.fixture(scope="module")
def mini() -> Walker:
    return Walker(locate(None))


def at_random(seed: int) -> Choose:
    generator = torch.Generator().manual_seed(seed)

    def choose(scores: torch.Tensor) -> int:
        return int((scores + torch.rand(scores.shape, generator=generator)).argmax())

    return choose


def by_length(walker: Walker, sign: int) -> Choose:
    """Always the token with the most bytes, or with the fewest: answers that run on."""
    lengths = torch.tensor([len(walker.tokenizer.token_bytes(i)) for i in range(walker.tokenizer.vocab_size)])
    lengths = torch.nn.functional.pad(lengths, (0, walker.vocab_size - len(lengths)))
    lengths[list(walker.end_ids)] = -100 * sign

    def choose(scores: torch.Tensor) -> int:
        return int((scores + sign * lengths).argmax())

    return choose


@settings(deadline=None, max_examples=150)
@given(schemas(), st.integers(1, 80), st.integers(0, 2**32))
def test_a_random_answer_fits_its_schema_at_any_limit(
    mini: Walker, schema: dict[str, Any], max_tokens: int, seed: int
) -> None:
    text = mini.text(Constraint.json_schema(schema), max_tokens, at_random(seed))
    if text is not None:
        jsonschema_rs.validate(with_uri_references(schema), json.loads(text))


@settings(deadline=None, max_examples=40)
@given(schemas(), st.sampled_from([1, -1]))
def test_an_answer_that_never_wants_to_end_ends(mini: Walker, schema: dict[str, Any], sign: int) -> None:
    text, count, _ = mini.answer(Constraint.json_schema(schema), 200, by_length(mini, sign))
    assert count <= 200
    jsonschema_rs.validate(with_uri_references(schema), json.loads(text))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 40), st.integers(0, 2**32))
def test_a_random_answer_matches_its_pattern_at_any_limit(mini: Walker, max_tokens: int, seed: int) -> None:
    pattern = r"(订单|包裹)[A-Z]{2,4}-[0-9]+(，[^，。]{1,6}){0,2}。"
    text = mini.text(Constraint("regex", pattern), max_tokens, at_random(seed))
    assert max_tokens < 10 if text is None else re.fullmatch(pattern, text)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.text('待付发货ab1, "{', min_size=1, max_size=12), min_size=2, max_size=6, unique=True),
    st.integers(1, 12),
    st.integers(0, 2**32),
)
def test_a_random_choice_is_one_of_the_choices_at_any_limit(
    mini: Walker, choices: list[str], max_tokens: int, seed: int
) -> None:
    text = mini.text(Constraint.choice(choices), max_tokens, at_random(seed))
    least = min(len(mini.tokenizer.encode(choice, allow_special=False)) for choice in choices)
    assert max_tokens < least if text is None else text in choices


@settings(deadline=None, max_examples=30)
@given(schemas(), st.integers(0, 2**32))
def test_away_from_the_limit_nothing_changes(mini: Walker, schema: dict[str, Any], seed: int) -> None:
    constraint = Constraint.json_schema(schema)
    text, count, shortened = mini.answer(constraint, 400, at_random(seed))
    assume(not shortened)
    assert mini.answer(constraint, 2 * count + 200, at_random(seed)) == (text, count, False)
    matcher, choose, tokens = mini.compiler.compile(constraint), at_random(seed), []
    tokens += matcher.forced()
    while not matcher.finished:
        scores = torch.zeros(mini.vocab_size)
        matcher.mask_(scores)
        token = choose(scores)
        if token in mini.end_ids:
            break
        matcher.accept(token)
        tokens += [token, *matcher.forced()]
    assert b"".join(map(mini.tokenizer.token_bytes, tokens)).decode() == text


LEAST = {
    '{"a": 0}': {"type": "object", "properties": {"a": {"type": "number"}}, "required": ["a"]},
    '{"a": "", "b": []}': {
        "type": "object",
        "properties": {"a": {"type": "string"}, "x": {"type": "null"}, "b": {"type": "array"}},
        "required": ["a", "b"],
    },
    "[[1, 1], [1, 1]]": {
        "type": "array",
        "items": {"type": "array", "items": {"const": 1}, "minItems": 2},
        "minItems": 2,
    },
    "100": {"type": "integer", "minimum": 100},
    '"好"': {"enum": ["一个很长的选项", "好", "不太长的"]},
    f'"{"A" * 300}"': {"type": "string", "minLength": 300, "pattern": "^[A-Z]*$"},
}


@pytest.mark.parametrize(("text", "schema"), LEAST.items(), ids=range(len(LEAST)))
def test_with_the_tokens_that_the_error_names_the_shortest_answer_comes(
    mini: Walker, text: str, schema: dict[str, Any]
) -> None:
    constraint = Constraint.json_schema(schema)
    with pytest.raises(InvalidRequestError, match="constraint_needs_tokens") as caught:
        mini.answer(constraint, 1 if len(text) > 3 else 2, at_random(0))
    found = re.search(r"needs (\d+) tokens", caught.value.message_en)
    assert found
    least = int(found[1])
    assert least <= len(mini.tokenizer.encode(text, allow_special=False)) + 1
    answer, count, _ = mini.answer(constraint, least, by_length(mini, 1))
    assert count == least
    assert len(answer) <= len(text) + 1
    jsonschema_rs.validate(with_uri_references(schema), json.loads(answer))


@pytest.mark.parametrize("sign", [1, -1])
def test_an_answer_away_from_its_limit_is_not_cut_short(mini: Walker, sign: int) -> None:
    """What is looked for behind a token is found, however deep the answer is by then."""
    deep = '{"type": "array", "items": ' * 30 + '{"type": "integer"}' + "}" * 30
    closing = Closing.at_start(mini.compiler.compile(Constraint("json_schema", deep)), 2000)
    choose, tokens = by_length(mini, sign), closing.open()
    while len(tokens) < 300:
        scores = torch.zeros(mini.vocab_size)
        closing.mask_(scores)
        tokens += [closing.settle(choose(scores)), *closing.forced()]
    assert not closing.shortened


@pytest.mark.parametrize(
    "constraint",
    [
        Constraint("regex", r"\p{L}{500}"),
        Constraint.json_schema({"type": "string", "minLength": 500, "maxLength": 500}),
    ],
    ids=["pattern", "string"],
)
def test_a_text_of_a_fixed_length_is_written_to_its_end(mini: Walker, constraint: Constraint) -> None:
    """Each token leaves less of the ending to say, which is not among its tails where tokens differ in length."""
    text, _, shortened = mini.answer(constraint, 2000, at_random(1))
    assert not shortened
    assert len(set(text)) > 100


@pytest.fixture
def timed(mini: Walker) -> Callable[[], None]:
    """Takes a step of one answer."""
    closing = Closing.at_start(mini.compiler.compile(Constraint("regex", "[ab]{9}")), 20)

    def step() -> None:
        scores = torch.zeros(mini.vocab_size)
        closing.mask_(scores)
        closing.settle(int(scores.argmax()))

    return step


def test_an_answer_that_takes_too_much_of_the_thread_ends(
    timed: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    timed()
    monkeypatch.setattr("kantu.engine.closing._MOST_SECONDS", 0.0)
    with pytest.raises(EngineError, match="constraint_failed"):
        timed()


def test_one_long_call_ends_nothing(timed: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """The garbage collector may have run in it."""
    ticks = iter((0.0, 9.0, *range(10, 99)))
    monkeypatch.setattr("kantu.engine.closing._MOST_SECONDS", 1.5)
    monkeypatch.setattr("kantu.engine.closing.time.thread_time", lambda: float(next(ticks)))
    for _ in range(5):
        timed()


def test_a_step_costs_little(mini: Walker) -> None:
    item = {"type": "object", "properties": {"名": {"type": "string"}, "数": {"type": "integer"}}, "required": ["名"]}
    schema = {"type": "object", "properties": {"列": {"type": "array", "items": item}}, "required": ["列"]}
    mini.seconds = []
    for seed in range(4):
        mini.answer(Constraint.json_schema(schema), 300, at_random(seed))
    assert sum(mini.seconds) / len(mini.seconds) < 0.002  # of a processor; it takes 0.0001


# --- with an engine


SCHEMA = {
    "type": "object",
    "properties": {"状态": {"type": "string"}, "金额": {"type": "number"}, "列": {"type": "array"}},
    "required": ["状态", "金额"],
}


def answers(engine: LocalEngine, **sampling: Any) -> dict[int, list[Delta]]:
    found: dict[int, list[Delta]] = {}
    for delta in DeltaStream(engine, request(**sampling)):
        found.setdefault(delta.index, []).append(delta)
    return found


@pytest.mark.parametrize("max_tokens", [60, 61, 75, 120])
@pytest.mark.parametrize("temperature", [0, 1.5])
def test_every_answer_of_a_request_is_whole_at_the_limit(
    engine: LocalEngine, max_tokens: int, temperature: float
) -> None:
    asked = {"max_tokens": max_tokens, "temperature": temperature, "seed": 3, "n": 3, "logprobs": 0}
    for deltas in answers(engine, constraint=Constraint.json_schema(SCHEMA), **asked).values():
        jsonschema_rs.validate(SCHEMA, json.loads("".join(delta.text for delta in deltas)))
        usage = end_of(deltas).usage
        assert usage.completion_tokens <= max_tokens
        assert sum(len(delta.logprobs) for delta in deltas) == usage.completion_tokens
        assert end_of(deltas).finish_reason in ("length", "stop")


def test_an_answer_that_the_limit_shortened_says_so(engine: LocalEngine) -> None:
    constraint = Constraint("regex", "a{5,2000}")
    short = answers(engine, constraint=constraint, max_tokens=20, temperature=0)[0]
    assert end_of(short).finish_reason == "length"
    exact = answers(engine, constraint=Constraint("regex", "(ab|cd){4}"), max_tokens=8, temperature=0)[0]
    assert end_of(exact).finish_reason == "stop"


def test_what_cannot_fit_is_refused_before_it_is_generated(engine: LocalEngine) -> None:
    with pytest.raises(InvalidRequestError, match="constraint_needs_tokens") as caught:
        answers(engine, constraint=Constraint.json_schema(SCHEMA), max_tokens=5)
    assert caught.value.param == "max_tokens"


def test_the_room_that_the_context_leaves_is_a_limit_too(parts: Parts) -> None:
    with parts.engine(kv_bytes=2**19) as small:
        room = small.context_tokens
        for deltas in answers(
            small, constraint=Constraint("regex", "a{20,9000}"), temperature=0, text="长" * (room // 4)
        ).values():
            assert re.fullmatch("a{20,9000}", "".join(delta.text for delta in deltas))


def test_a_loop_ends_whole(engine: LocalEngine) -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "^x*$"}}, "required": ["a"]}
    rule = RepetitionStop(max_pattern_size=2, min_count=6)
    deltas = answers(engine, constraint=Constraint.json_schema(schema), max_tokens=200, repetition=rule, logprobs=0)[0]
    text = "".join(delta.text for delta in deltas)
    assert re.fullmatch(r'\{"a": "x*"\}', text)
    if end_of(deltas).finish_reason == "repetition":
        assert "xxxxxx" in text
