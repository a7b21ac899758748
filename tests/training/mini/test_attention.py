"""Attention in training: what sees what, and the same by every way of computing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.training.mini import attention
from kantu.training.mini.attention import PackedAttention, Piece, attend, frame_attention, padded_attention


def tensors(tokens: int, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor, Tensor]:
    """q of four heads, k and v of two."""
    generator = torch.Generator().manual_seed(0)
    return tuple(  # type: ignore[return-value]
        torch.randn(tokens, heads, 8, generator=generator).to(dtype).requires_grad_() for heads in (4, 2, 2)
    )


@pytest.mark.parametrize("changed", [1, 2])
def test_a_question_sees_the_picture_and_itself_but_not_its_sisters(changed: int) -> None:
    segments = torch.tensor([0, 0, 1, 1, 2, 2, -1, 0, 1])
    packed = PackedAttention(segments, (7, 2), torch.float32)
    q, k, v = (tensor.detach() for tensor in tensors(9))
    before = packed.attend(0, q, k, v)
    first = torch.arange(9) < 7
    after = packed.attend(0, q, k, v + ((segments == changed) & first)[:, None, None])
    differs = (before != after).flatten(1).any(1)
    assert differs.tolist() == ((segments == changed) & first).tolist()


@pytest.mark.parametrize("room", [1, 4, 100])
@pytest.mark.parametrize("lengths", [(9, 3, 4), (5, 5)])
def test_pieces_of_any_size_give_what_one_mask_over_the_whole_sequence_gives(
    lengths: Sequence[int], room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attention, "_PIECE_TOKENS", room)
    segments = torch.cat([torch.arange(length) // 2 for length in lengths])
    sequences = torch.repeat_interleave(torch.tensor(lengths))
    same = sequences[:, None] == sequences[None, :]
    visible = (same & ((segments[None, :] == 0) | (segments[None, :] == segments[:, None]))).tril()
    pieces = PackedAttention(segments, lengths, torch.float32).pieces

    def dense(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (x.transpose(0, 1) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=visible, enable_gqa=True).transpose(0, 1)

    def with_gradients(way: Callable[[Tensor, Tensor, Tensor], Tensor]) -> list[Tensor]:
        q, k, v = tensors(sum(lengths))
        output = way(q, k, v)
        (output * torch.arange(output.numel()).view(output.shape)).sum().backward()  # type: ignore[no-untyped-call]
        return [output.detach(), *(tensor.grad for tensor in (q, k, v) if tensor.grad is not None)]

    expected = with_gradients(dense)
    for way in (attend, padded_attention):
        for one, other in zip(with_gradients(lambda *qkv, way=way: way(*qkv, pieces)), expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


def test_a_long_question_is_a_piece_of_its_own_and_short_ones_share() -> None:
    segments = torch.tensor([0] * 40 + [1] * 300 + [2] * 100 + [3] * 100 + [4] * 100 + [-1] * 20)
    pieces = PackedAttention(segments, (len(segments),), torch.float32).pieces
    assert [(piece.start, piece.end, piece.shared) for piece in pieces] == [
        *((0, 40, 0), (40, 340, 40), (340, 540, 40), (540, 660, 40)),
    ]


def test_frames_see_all_of_themselves_and_nothing_else() -> None:
    q, k, v = (tensor.detach() for tensor in tensors(6))
    before = frame_attention(q, k, v, (3, 3))
    moved = v.clone()
    moved[4] += 1
    differs = (before != frame_attention(q, k, moved, (3, 3))).flatten(1).any(1)
    assert differs.tolist() == [False] * 3 + [True] * 3


def test_frames_of_several_sizes_cannot_be_padded() -> None:
    with pytest.raises(ValueError, match="one length"):
        padded_attention(*tensors(5), (Piece(0, 2), Piece(2, 5)))
