"""What a task asks becomes a request, and what comes of it an answer that says how it ended."""

from __future__ import annotations

import pytest

from kantu.engine.request import Delta, End, FinishReason, RepetitionStop
from kantu.solve.asks import Choose, Generate
from kantu.solve.requests import generated, request_of
from tests.solve.scripted import TIMINGS, USAGE, picture


def test_an_answer_is_greedy_tells_probabilities_and_does_not_go_round_in_circles_for_ever() -> None:
    request = request_of(Generate("标题是什么？", 64), [picture()])
    assert (request.sampling.temperature, request.sampling.logprobs, request.sampling.max_tokens) == (0.0, 0, 64)
    assert request.sampling.repetition == RepetitionStop.endless()


def test_one_picture_of_several_can_be_asked_about() -> None:
    pictures = [picture(), picture(300, 300)]
    assert request_of(Generate("哪里？", 8, picture=1), pictures).images == (pictures[1],)
    assert request_of(Choose("哪个？", ("甲", "乙")), pictures).images == tuple(pictures)


@pytest.mark.parametrize("end", ["stop", "length", "repetition"])
def test_pieces_are_put_together_with_the_reason_of_the_end(end: FinishReason) -> None:
    found = generated([Delta("待"), Delta("发货", end=End(end, USAGE, TIMINGS))])
    assert (found.text, found.usage, found.end) == ("待发货", USAGE, end)
