"""Attention in training: what sees what, and the same by every way of computing it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
import torch
from torch import Tensor

from kantu.training.mini.attention import PackedAttention, attend, frame_attention, padded_attention


def tensors(tokens: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    """q of four heads, k and v of two."""
    generator = torch.Generator().manual_seed(0)
    return tuple(  # type: ignore[return-value]
        torch.randn(tokens, heads, 8, generator=generator).to(dtype).requires_grad_() for heads in (4, 2, 2)
    )


@pytest.mark.parametrize("changed", [1, 2])
def test_a_question_sees_the_picture_and_itself_but_not_its_sisters(changed: int) -> None:
    segments = torch.tensor([0, 0, 1, 1, 2, 2, -1, 0, 1])
    attention = PackedAttention(segments, (7, 2), torch.float32)
    q, k, v = (tensor.detach() for tensor in tensors(9))
    before = attention.attend(0, q, k, v)
    first = torch.arange(9) < 7
    after = attention.attend(0, q, k, v + ((segments == changed) & first)[:, None, None])
    differs = (before != after).flatten(1).any(1)
    assert differs.tolist() == ((segments == changed) & first).tolist()


@pytest.mark.parametrize("lengths", [(6, 3, 4), (5, 5)])
def test_one_by_one_is_padded_attention_with_its_gradients(lengths: Sequence[int]) -> None:
    segments = torch.cat([torch.arange(length) // 2 for length in lengths])
    masks = PackedAttention(segments, lengths, torch.float32).masks

    def both(padded: bool) -> list[Tensor]:
        q, k, v = tensors(sum(lengths))
        if padded:
            swapped = (tensor.transpose(0, 1) for tensor in (q, k, v))
            output = padded_attention(*swapped, lengths, masks).transpose(0, 1)
        else:
            output = attend(q, k, v, lengths, masks)
        (output * torch.arange(output.numel()).view(output.shape)).sum().backward()  # type: ignore[no-untyped-call]
        return [output.detach(), *(tensor.grad for tensor in (q, k, v) if tensor.grad is not None)]

    for one, other in zip(both(False), both(True), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_frames_see_all_of_themselves_and_nothing_else() -> None:
    q, k, v = (tensor.detach() for tensor in tensors(6))
    before = frame_attention(q, k, v, (3, 3))
    moved = v.clone()
    moved[4] += 1
    differs = (before != frame_attention(q, k, moved, (3, 3))).flatten(1).any(1)
    assert differs.tolist() == [False] * 3 + [True] * 3


def test_frames_of_several_sizes_cannot_be_padded() -> None:
    q, k, v = (tensor.transpose(0, 1) for tensor in tensors(5))
    with pytest.raises(ValueError, match="one length"):
        padded_attention(q, k, v, (2, 3), (None, None))
