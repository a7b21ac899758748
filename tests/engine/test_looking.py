"""Where the reading head looks: the same wherever keys lie, and told only where it is asked for."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from kantu.engine.looking import Looking, Shown, Watch
from kantu.engine.paged_attention import KVStore, PagedAttention
from kantu.engine.protocol import DeltaStream
from kantu.engine.request import Look, TokenLogprob
from kantu.model.config import AttentionHead
from tests.engine.engines import CPU, Parts, picture, request, run

TOKENS, BLOCK = 20, 4
PICTURE = Shown(start=3, rows=2, columns=4)
HEAD = AttentionHead(layer=1, number=1)


def looks(parts: Parts, blocks: list[int], layer: int) -> list[Look]:
    """Of the last token, where the eleventh has been made like it."""
    config = parts.model.config.text
    generator = torch.Generator().manual_seed(3)
    heads, groups = config.num_attention_heads, config.num_key_value_heads
    q, k, v = (torch.randn(TOKENS, n, config.head_dim, generator=generator) for n in (heads, groups, groups))
    k[9, HEAD.number * groups // heads] = 9 * q[-1, HEAD.number]
    store = KVStore(config, 12, BLOCK, device=CPU, dtype=torch.float32)
    segment = store.segment(blocks, 0, TOKENS)
    watch = Watch(HEAD, [Looking(TOKENS - 1, segment.slots, [PICTURE])])
    PagedAttention(store, [segment], watch).attend(layer, q, k, v)
    return list(watch.looks.values())


@pytest.mark.parametrize("blocks", [[0, 1, 2, 3, 4], [7, 2, 11, 0, 5]])
def test_it_is_the_visual_token_that_most_attention_is_paid_to(parts: Parts, blocks: list[int]) -> None:
    (look,) = looks(parts, blocks, HEAD.layer)
    assert (look.picture, look.row, look.column) == (0, 1, 2)
    assert (look.rows, look.columns) == (PICTURE.rows, PICTURE.columns)
    assert 0.9 < look.share <= 1


def test_other_layers_are_not_watched(parts: Parts) -> None:
    assert looks(parts, [0, 1, 2, 3, 4], 0) == []


@pytest.fixture
def reading(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> Parts:
    """A model of which one head is said to read."""
    monkeypatch.setattr(parts.model, "config", replace(parts.model.config, reading_head=HEAD))
    return parts


def told(parts: Parts, pictures: int) -> list[TokenLogprob]:
    shown = [picture(parts, 96, 64, seed) for seed in range(pictures)]
    with parts.engine() as engine:
        deltas = run(engine, request(shown, max_tokens=6, min_tokens=6, temperature=0.0, logprobs=0))
    return [token for delta in deltas for token in delta.logprobs]


def test_each_chosen_token_tells_where_the_model_looked(reading: Parts) -> None:
    tokens = told(reading, 2)
    assert len(tokens) == 6
    for token in tokens:
        assert token.look is not None
        assert token.look.picture in (0, 1)
        assert 0 <= token.look.row < token.look.rows
        assert 0 <= token.look.column < token.look.columns
        assert 0 < token.look.share < 1


def test_it_is_the_same_beside_other_requests(reading: Parts) -> None:
    alone = [token.look for token in told(reading, 1)]
    shown = [picture(reading, 96, 64, 0)]
    asked = request(shown, max_tokens=6, min_tokens=6, temperature=0.0, logprobs=0)
    with reading.engine(step_tokens=16) as engine:
        streams = [DeltaStream(engine, each) for each in (request(text="别的", max_tokens=9), asked)]
        together = [token.look for delta in list(streams[1]) for token in delta.logprobs]
        list(streams[0])
    assert [(look.row, look.column) for look in together if look] == [(look.row, look.column) for look in alone if look]


def test_without_pictures_there_is_nothing_to_tell(reading: Parts) -> None:
    assert {token.look for token in told(reading, 0)} == {None}


def test_a_model_without_such_a_head_tells_nothing(parts: Parts) -> None:
    assert {token.look for token in told(parts, 1)} == {None}
