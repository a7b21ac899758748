"""Rotary positions."""

from __future__ import annotations

import torch
from torch import Tensor

from kantu.model.rope import inverse_frequencies, rotate, text_rotary, vision_rotary

CPU = torch.device("cpu")
THETA = 5_000_000.0
HEAD_DIM = 128
SECTION = (24, 20, 20)


def rotary(positions: Tensor, dtype: torch.dtype = torch.float32) -> tuple[Tensor, Tensor]:
    return text_rotary(positions, HEAD_DIM, THETA, SECTION, dtype)


def test_frequencies_fall_from_one_by_equal_factors() -> None:
    frequencies = inverse_frequencies(8, 10_000.0, CPU)
    torch.testing.assert_close(frequencies, torch.tensor([1.0, 0.1, 0.01, 0.001]))


def test_text_rotary_of_equal_axes_is_plain_rotary() -> None:
    index = torch.arange(50)
    angles = index[:, None] * inverse_frequencies(HEAD_DIM, THETA, CPU)
    cos, sin = rotary(index.expand(3, -1))
    torch.testing.assert_close(cos, torch.cat((angles, angles), -1).cos())
    torch.testing.assert_close(sin, torch.cat((angles, angles), -1).sin())


def test_channels_take_turns_between_the_axes_until_a_section_is_used_up() -> None:
    """T H W T H W ... for 20 rounds, then T alone: 24 + 20 + 20 channels for the published sections."""
    owners = []
    still = rotary(torch.zeros(3, 1))[1]
    for axis in range(3):
        positions = torch.zeros(3, 1)
        positions[axis] = 1.0
        owners.append((rotary(positions)[1] != still)[0])
    expected = [channel % 3 if channel < 60 else 0 for channel in range(64)] * 2
    assert torch.stack(owners).sum(0).eq(1).all()
    assert torch.stack(owners).long().argmax(0).tolist() == expected


def test_text_rotary_is_computed_in_float32_and_cast_at_the_end() -> None:
    """A BF16 position of 262,143 would be off by hundreds."""
    positions = torch.full((3, 1), 262_143)
    cos, _ = rotary(positions, torch.bfloat16)
    assert cos.dtype == torch.bfloat16
    assert torch.equal(cos, rotary(positions)[0].bfloat16())


def test_vision_rotary_gives_the_first_quarter_to_rows_and_the_second_to_columns() -> None:
    rows, columns = torch.tensor([0.0, 3.0, 0.0]), torch.tensor([0.0, 0.0, 5.0])
    cos, sin = vision_rotary(rows, columns, head_dim=16)
    assert cos.shape == sin.shape == (3, 16)
    assert torch.equal(cos[:, :8], cos[:, 8:])
    assert sin[1, :4].ne(0).all()
    assert sin[1, 4:8].eq(0).all()
    assert sin[2, :4].eq(0).all()
    assert sin[2, 4:8].ne(0).all()
    torch.testing.assert_close(sin[1, 0], torch.tensor(3.0).sin())


def test_rotation_keeps_lengths_and_position_zero_changes_nothing() -> None:
    x = torch.randn(10, 2, HEAD_DIM)
    torch.testing.assert_close(rotate(x, *rotary(torch.arange(10).expand(3, -1))).norm(dim=-1), x.norm(dim=-1))
    assert torch.equal(rotate(x, *rotary(torch.zeros(3, 10))), x)


def test_scores_depend_on_distance_only() -> None:
    q, k = torch.randn(2, 1, HEAD_DIM)

    def score(q_position: int, k_position: int) -> Tensor:
        cos, sin = rotary(torch.tensor([q_position, k_position]).expand(3, -1))
        rotated = rotate(torch.stack((q, k)), cos, sin)
        return (rotated[0] * rotated[1]).sum()

    torch.testing.assert_close(score(17, 5), score(112, 100), rtol=1e-4, atol=1e-4)
    assert not torch.isclose(score(17, 5), score(17, 6))
