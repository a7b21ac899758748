"""An answer ends at an end token, a stop string, its limit or a loop, and what its constraint forces costs no step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from kantu.engine.closing import Closing
from kantu.engine.generation import Generation, Piece, Probe
from kantu.engine.request import Constraint, RepetitionStop, SamplingParams
from kantu.engine.sampler import Sampler
from kantu.engine.stop import StopFilter
from kantu.engine.text_writer import TextWriter
from tests.engine.folder_tokens import FolderTokens


@pytest.fixture(scope="module")
def tokens(tiny_folder: Path) -> FolderTokens:
    return FolderTokens(tiny_folder)


def generation(
    tokens: FolderTokens, max_tokens: int = 50, constraint: Constraint | None = None, **sampling: Any
) -> Generation:
    params = SamplingParams(temperature=0.0, constraint=constraint, **sampling)
    sampler = Sampler(params, [], tokens.end_ids, tokens.tokenizer)
    writer = TextWriter(tokens.tokenizer, StopFilter(params.stop), params.min_tokens)
    closing = None if constraint is None else Closing.at_start(tokens.compiler.compile(constraint), max_tokens)
    return Generation(params, max_tokens, tokens.end_ids, sampler, writer, closing)


def said(tokens: FolderTokens, answer: Generation, text: str, *, end: bool = False) -> list[Piece]:
    """The pieces of an answer whose network wants to say `text`, as far as they go."""
    ids = tokens.tokenizer.encode(text, allow_special=False) + [min(tokens.end_ids)] * end
    pieces: list[Piece] = []
    for token in ids:
        pieces.append(answer.step(torch.eye(tokens.vocab_size)[token]))
        if pieces[-1].finish_reason is not None:
            break
    return pieces


def shown(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


def test_an_end_token_counts_and_is_not_shown_and_what_was_held_back_is(tokens: FolderTokens) -> None:
    answer = generation(tokens, stop=("货物",))
    pieces = said(tokens, answer, "发货", end=True)
    assert (shown(pieces), pieces[-1].finish_reason, pieces[-1].stop_string) == ("发货", "stop", None)
    assert answer.count == sum(len(piece.tokens) for piece in pieces) == len(pieces)


def test_a_stop_string_ends_it(tokens: FolderTokens) -> None:
    pieces = said(tokens, generation(tokens, stop=("，",)), "发货，再见")
    assert (shown(pieces), pieces[-1].finish_reason, pieces[-1].stop_string) == ("发货", "stop", "，")


def test_the_limit_ends_it(tokens: FolderTokens) -> None:
    answer = generation(tokens, max_tokens=2)
    pieces = said(tokens, answer, "发货，再见")
    assert [piece.finish_reason for piece in pieces] == [None, "length"]
    assert answer.count == 2


def test_a_loop_ends_it(tokens: FolderTokens) -> None:
    rule = RepetitionStop(max_pattern_size=4, min_count=3)
    pieces = said(tokens, generation(tokens, repetition=rule), "发货" * 9)
    assert shown(pieces) == "发货" * 3
    assert pieces[-1].finish_reason == "repetition"


def test_what_is_forced_comes_with_the_chosen_token_and_is_certain(tokens: FolderTokens) -> None:
    answer = generation(tokens, constraint=Constraint("regex", "xx(a|b)yy"), logprobs=0)
    assert tokens.tokenizer.decode(list(answer.opening)) == "xx"
    assert answer.count == 0
    (piece,) = said(tokens, answer, "b")
    assert (piece.text, piece.finish_reason) == ("xxbyy", "stop")
    assert answer.count == len(piece.tokens) == len(piece.logprobs)
    assert piece.tokens[: len(answer.opening)] == answer.opening
    assert [logprob.logprob == 0 for logprob in piece.logprobs].count(False) == 1


def test_a_stop_string_in_what_is_forced_ends_it_there(tokens: FolderTokens) -> None:
    answer = generation(tokens, constraint=Constraint("regex", "xx(a|b)yy"), stop=("x",), logprobs=0)
    (piece,) = said(tokens, answer, "b")
    assert (piece.text, piece.finish_reason) == ("", "stop")
    assert answer.count == len(piece.tokens) == len(piece.logprobs) <= len(answer.opening)


def test_a_probe_is_one_piece_of_no_token_with_the_log_probabilities_asked_for() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0])
    piece = Probe((), (2, 0)).step(logits)
    assert (piece.tokens, piece.text, piece.finish_reason) == ((), "", "stop")
    (reported,) = piece.logprobs
    expected = logits.log_softmax(-1).tolist()
    assert [(token, logprob) for token, _, logprob in reported.top] == [(2, expected[2]), (0, expected[0])]
