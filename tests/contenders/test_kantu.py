"""Our own engine can be asked like anybody else."""

from __future__ import annotations

import kantu
from kantu.contenders.contender import AskOptions
from kantu.contenders.kantu import Kantu


def test_it_answers_and_tells_what_that_cost() -> None:
    contender = Kantu(kantu.load())
    reply = contender.ask(["examples/order.png"], "这个订单现在是什么状态？", AskOptions(max_tokens=8, temperature=0.0))
    assert reply.text
    assert 0 < reply.ttft_seconds <= reply.total_seconds
    assert 1 < reply.completion_tokens <= 8
    assert reply.visual_tokens > 100
    assert 0 < reply.tpot_seconds < reply.total_seconds
    contender.close()
