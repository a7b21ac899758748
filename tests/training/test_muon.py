"""Muon: the steps that PyTorch's own takes, in the precision of the device."""

from __future__ import annotations

import torch

from kantu.training.muon import Muon, orthogonal


def matrices() -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(shape, generator=generator) for shape in ((24, 8), (8, 24), (24, 8))]


def test_singular_values_come_near_one_whatever_the_shape() -> None:
    for matrix in matrices():
        values = torch.linalg.svdvals(orthogonal(matrix[None], torch.float32)[0])
        assert values.min() > 0.6
        assert values.max() < 1.3


def test_it_takes_the_steps_of_torch() -> None:
    """PyTorch iterates in bfloat16, hence the tolerance: a twentieth of a step."""
    ours, theirs = matrices(), matrices()
    pair = (
        Muon(ours, weight_decay=0.05),
        torch.optim.Muon(theirs, lr=1.0, weight_decay=0.05, momentum=0.95, adjust_lr_fn="match_rms_adamw"),
    )
    generator = torch.Generator().manual_seed(4)
    for _ in range(3):
        for one, other in zip(ours, theirs, strict=True):
            one.grad = torch.randn(one.shape, generator=generator)
            other.grad = one.grad.clone()
        for optimizer in pair:
            optimizer.param_groups[0]["lr"] = 0.1
            optimizer.step()
    moved = max((one - start).abs().max() for one, start in zip(ours, matrices(), strict=True))
    for one, other in zip(ours, theirs, strict=True):
        assert (one - other).abs().max() < moved / 20


def test_a_matrix_without_a_gradient_stays() -> None:
    used, unused, _ = matrices()
    used.grad = torch.ones_like(used)
    before = unused.clone()
    optimizer = Muon([used, unused], weight_decay=0.05)
    optimizer.step()
    assert torch.equal(unused, before)
    assert list(optimizer.state) == [used]
