"""The mean of weights follows the masters, starts anew where a state has none, and leaves them as they were."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kantu.training.mean import WeightMean


def masters(value: float) -> dict[str, Tensor]:
    return {"a": torch.full((2, 3), value), "b": torch.full((4,), -value)}


def test_it_soon_forgets_where_it_began() -> None:
    weights = masters(100.0)
    mean = WeightMean(weights)
    for name, value in masters(1.0).items():
        weights[name].copy_(value)
    for _ in range(40):
        mean.update()
    assert mean.means["a"][0, 0] == pytest.approx(1.0, abs=1e-3)


def test_noise_around_a_value_averages_out() -> None:
    generator = torch.Generator().manual_seed(1)
    weights = masters(0.0)
    mean = WeightMean(weights)
    for _ in range(2_000):
        for name, value in masters(5.0).items():
            weights[name].copy_(value + torch.randn(value.shape, generator=generator))
        mean.update()
    assert (mean.means["a"] - 5.0).abs().max() < 0.15
    assert (weights["a"] - 5.0).abs().max() > 0.3


def test_it_goes_on_from_its_state() -> None:
    weights = masters(1.0)
    first = WeightMean(weights)
    for _ in range(3):
        weights["a"].add_(1.0)
        first.update()
    second = WeightMean(masters(0.0))
    second.load_state_dict(first.state_dict())
    assert second.steps == 3
    assert torch.equal(second.means["a"], first.means["a"])


def test_a_state_without_a_mean_begins_it_at_the_masters() -> None:
    weights = masters(1.0)
    mean = WeightMean(weights)
    mean.update()
    weights["a"].fill_(7.0)
    mean.load_state_dict({})
    assert mean.steps == 0
    assert torch.equal(mean.means["a"], weights["a"])


def test_written_into_the_network_it_gives_way_to_the_masters_again() -> None:
    weights = masters(1.0)
    mean = WeightMean(weights)
    weights["a"].fill_(3.0)
    live = {name: master.bfloat16() for name, master in weights.items()}
    with mean.written_into(live):
        assert live["a"][0, 0] == 1.0
    assert live["a"][0, 0] == 3.0
