"""Attention in training: what sees what, and the same by every way of computing it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from kantu.training.mini import pieces
from kantu.training.mini.attention import PackedAttention, frame_attention
from kantu.training.mini.one_by_one import OneByOne
from kantu.training.mini.padded import Padded
from kantu.training.mini.pieces import Piece, of_frames, of_sequences

CPU = torch.device("cpu")


def both_ways(cut: Sequence[Piece], segments: Tensor | None) -> tuple[OneByOne | Padded, ...]:
    """The ways of a CPU and of a GPU."""
    return OneByOne(cut, segments, torch.float32), Padded(cut, segments, torch.float32, CPU)


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
    monkeypatch.setattr(pieces, "_PIECE_TOKENS", room)
    segments = torch.cat([torch.arange(length) // 2 for length in lengths])
    sequences = torch.repeat_interleave(torch.tensor(lengths))
    same = sequences[:, None] == sequences[None, :]
    visible = (same & ((segments[None, :] == 0) | (segments[None, :] == segments[:, None]))).tril()

    def dense(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (x.transpose(0, 1) for x in (q, k, v))
        return F.scaled_dot_product_attention(q, k, v, attn_mask=visible, enable_gqa=True).transpose(0, 1)

    def with_gradients(way: Callable[[Tensor, Tensor, Tensor], Tensor]) -> list[Tensor]:
        q, k, v = tensors(sum(lengths))
        output = way(q, k, v)
        (output * torch.arange(output.numel()).view(output.shape)).sum().backward()  # type: ignore[no-untyped-call]
        return [output.detach(), *(tensor.grad for tensor in (q, k, v) if tensor.grad is not None)]

    expected = with_gradients(dense)
    for way in both_ways(of_sequences(segments, lengths), segments):
        for one, other in zip(with_gradients(way.attend), expected, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("room", [1, 4])
def test_both_ways_tell_what_share_of_its_attention_a_token_pays_to_another(
    room: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pieces, "_PIECE_TOKENS", room)
    segments = torch.tensor([0, 0, 0, 1, 1, 2, 2, 2, 3, 0, 0, 1])
    q, k, _ = (tensor.detach()[:, 0] for tensor in tensors(len(segments)))
    pairs = torch.tensor([(1, 0), (4, 2), (4, 4), (5, 0), (7, 6), (8, 1), (10, 9), (11, 10)]).T
    seen = [
        (0, 1),
        (0, 1, 2, 3, 4),
        (0, 1, 2, 3, 4),
        (0, 1, 2, 5),
        (0, 1, 2, 5, 6, 7),
        (0, 1, 2, 8),
        (9, 10),
        (9, 10, 11),
    ]
    expected = [
        torch.softmax(q[token] @ k[list(keys)].T * 8**-0.5, -1)[keys.index(target)]
        for (token, target), keys in zip(pairs.T.tolist(), seen, strict=True)
    ]
    for way in both_ways(of_sequences(segments, (9, 3)), segments):
        torch.testing.assert_close(way.paid(q, k, pairs), torch.stack(expected))


def test_a_long_question_is_a_piece_of_its_own_and_short_ones_share() -> None:
    segments = torch.tensor([0] * 40 + [1] * 300 + [2] * 100 + [3] * 100 + [4] * 100 + [-1] * 20)
    cut = of_sequences(segments, (len(segments),))
    assert [(piece.start, piece.end, piece.shared) for piece in cut] == [
        *((0, 40, 0), (40, 340, 40), (340, 540, 40), (540, 660, 40)),
    ]


def test_frames_see_all_of_themselves_and_nothing_else() -> None:
    q, k, v = (tensor.detach() for tensor in tensors(6))
    before = frame_attention(q, k, v, (3, 3))
    moved = v.clone()
    moved[4] += 1
    differs = (before != frame_attention(q, k, moved, (3, 3))).flatten(1).any(1)
    assert differs.tolist() == [False] * 3 + [True] * 3


@pytest.mark.parametrize("lengths", [(3, 3), (2, 4)])
def test_frames_are_seen_alike_both_ways(lengths: Sequence[int]) -> None:
    q, k, v = (tensor.detach() for tensor in tensors(6))
    one, other = (way.attend(q, k, v) for way in both_ways(of_frames(lengths), None))
    torch.testing.assert_close(one, other)
