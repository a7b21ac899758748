"""Packed segments and the contiguous cache."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from kantu.model.attention import ContiguousCache, segment_attention
from kantu.model.config import TextConfig
from kantu.model.folder import ModelFolder

TOKENS, LAYERS, HEADS, KV_HEADS, HEAD_DIM = 12, 3, 4, 2, 32
CPU = torch.device("cpu")


@pytest.fixture
def config(tiny_folder: Path) -> TextConfig:
    text = ModelFolder.open(tiny_folder).config.text
    assert (text.num_hidden_layers, text.num_attention_heads, text.num_key_value_heads) == (LAYERS, HEADS, KV_HEADS)
    return text


@pytest.fixture
def cache(config: TextConfig) -> ContiguousCache:
    return ContiguousCache(config, TOKENS, device=CPU, dtype=torch.float32)


@pytest.fixture
def qkv() -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = ((TOKENS, HEADS, HEAD_DIM), (TOKENS, KV_HEADS, HEAD_DIM), (TOKENS, KV_HEADS, HEAD_DIM))
    q, k, v = (torch.randn(shape, generator=generator) for shape in shapes)
    return q, k, v


def by_hand(q: Tensor, k: Tensor, v: Tensor, visible: Tensor) -> Tensor:
    """softmax(q k / sqrt(d)) v, spelled out; `visible` is bool [queries, keys]."""
    group = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(group, dim=1), v.repeat_interleave(group, dim=1)
    scores = torch.einsum("qhd,khd->hqk", q, k) / q.shape[-1] ** 0.5
    return torch.einsum("hqk,khd->qhd", scores.masked_fill(~visible, -torch.inf).softmax(-1), v)


def causal(tokens: int) -> Tensor:
    return torch.ones(tokens, tokens, dtype=torch.bool).tril()


@pytest.mark.parametrize("lengths", [[12], [4, 4, 4], [1, 7, 4], [6, 6]])
def test_a_segment_sees_all_of_itself_and_nothing_else(lengths: list[int]) -> None:
    q, k, v = torch.randn(3, TOKENS, HEADS, HEAD_DIM)
    owner = torch.arange(len(lengths)).repeat_interleave(torch.tensor(lengths))
    expected = by_hand(q, k, v, owner[:, None] == owner[None, :])
    torch.testing.assert_close(segment_attention(q, k, v, lengths), expected)


class TestContiguousCache:
    def test_prefill_is_causal_attention(self, cache: ContiguousCache, qkv: tuple[Tensor, Tensor, Tensor]) -> None:
        torch.testing.assert_close(cache.attend(0, *qkv), by_hand(*qkv, causal(TOKENS)))

    @pytest.mark.parametrize("cuts", [[1] * TOKENS, [5, 7], [1, 10, 1], [4, 4, 4]])
    def test_any_chunks_give_the_same(
        self, cache: ContiguousCache, qkv: tuple[Tensor, Tensor, Tensor], cuts: list[int]
    ) -> None:
        pieces = zip(*(x.split(cuts) for x in qkv), strict=True)
        output = torch.cat([cache.attend(0, *piece) for piece in pieces])
        torch.testing.assert_close(output, by_hand(*qkv, causal(TOKENS)))

    def test_layers_are_apart(self, cache: ContiguousCache, qkv: tuple[Tensor, Tensor, Tensor]) -> None:
        q, k, v = qkv
        cache.attend(0, q, k, v)
        torch.testing.assert_close(cache.attend(1, q, 2 * k, -v), by_hand(q, 2 * k, -v, causal(TOKENS)))

    def test_length_counts_what_every_layer_remembers(
        self, cache: ContiguousCache, qkv: tuple[Tensor, Tensor, Tensor]
    ) -> None:
        assert (cache.length, cache.capacity) == (0, TOKENS)
        for layer in range(LAYERS):
            assert cache.length == 0
            cache.attend(layer, *qkv)
        assert cache.length == TOKENS

    def test_truncating_forgets_the_end(self, cache: ContiguousCache, qkv: tuple[Tensor, Tensor, Tensor]) -> None:
        q, k, v = qkv
        for layer in range(LAYERS):
            cache.attend(layer, q, k, v)
        cache.truncate(8)
        assert cache.length == 8
        k, v = torch.cat((k[:8], -k[8:])), torch.cat((v[:8], 3 * v[8:]))
        again = cache.attend(0, q[8:], k[8:], v[8:])
        torch.testing.assert_close(again, by_hand(q, k, v, causal(TOKENS))[8:])

    def test_truncating_beyond_the_end_does_nothing(
        self, cache: ContiguousCache, qkv: tuple[Tensor, Tensor, Tensor]
    ) -> None:
        for layer in range(LAYERS):
            cache.attend(layer, *(x[:5] for x in qkv))
        cache.truncate(9)
        assert cache.length == 5

    def test_more_tokens_than_its_capacity_are_refused_and_change_nothing(
        self, cache: ContiguousCache, qkv: tuple[Tensor, Tensor, Tensor]
    ) -> None:
        for layer in range(LAYERS):
            cache.attend(layer, *(x[:8] for x in qkv))
        with pytest.raises(ValueError, match="12 tokens cannot hold 20"):
            cache.attend(0, *qkv)
        assert cache.length == 8
