"""Attention over blocks, wherever they lie and however a batch is cut, is attention over one buffer."""

from __future__ import annotations

import itertools

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kantu.engine.paged_attention import KVStore, PagedAttention, block_bytes
from kantu.model.attention import ContiguousCache
from tests.engine.engines import CPU, Parts

TOKENS = 20
BLOCK = 4


@settings(max_examples=40, deadline=None)
@given(
    cuts=st.sets(st.integers(1, TOKENS - 1), max_size=4),
    blocks=st.permutations(range(12)),
    beside=st.integers(1, 7),
    seed=st.integers(0, 9),
)
def test_blocks_and_batching_change_nothing(
    parts: Parts, cuts: set[int], blocks: list[int], beside: int, seed: int
) -> None:
    config = parts.model.config.text
    generator = torch.Generator().manual_seed(seed)

    def tokens(count: int, heads: int) -> torch.Tensor:
        return torch.randn(count, heads, config.head_dim, generator=generator)

    q, k, v = (
        tokens(TOKENS, heads)
        for heads in (config.num_attention_heads, config.num_key_value_heads, config.num_key_value_heads)
    )
    whole = ContiguousCache(config, TOKENS, device=CPU, dtype=torch.float32).attend(0, q, k, v)
    store = KVStore(config, 12, BLOCK, device=CPU, dtype=torch.float32)
    own, other = blocks[: TOKENS // BLOCK], blocks[TOKENS // BLOCK : TOKENS // BLOCK + 2]
    edges = [0, *sorted(cuts), TOKENS]
    for start, end in itertools.pairwise(edges):
        # another sequence runs in the same batch, before ours
        segments = [store.segment(other, 0, beside), store.segment(own, start, end - start)]
        packed = [torch.cat([part[:beside], part[start:end]]) for part in (q, k, v)]
        output = PagedAttention(store, segments).attend(0, *packed)
        torch.testing.assert_close(output[beside:], whole[start:end])
        torch.testing.assert_close(output[:beside], whole[:beside])


def test_blocks_in_a_row_are_not_gathered(parts: Parts) -> None:
    store = KVStore(parts.model.config.text, 12, BLOCK, device=CPU, dtype=torch.float32)
    assert isinstance(store.segment([3, 4, 5], 8, 2).slots, slice)
    assert isinstance(store.segment([3, 5, 4], 8, 2).slots, torch.Tensor)


def test_bytes_of_a_block_are_those_of_the_buffer(parts: Parts) -> None:
    config = parts.model.config.text
    store = KVStore(config, 12, BLOCK, device=CPU, dtype=torch.float32)
    assert store.buffer.nbytes == 12 * block_bytes(config, BLOCK, torch.float32)
