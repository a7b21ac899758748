"""The passes between the linears give the same with our kernels, without them, and where gradients are wanted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from kantu.model import fused
from kantu.native import kernels

ANGLES = torch.rand(20, 64, generator=torch.Generator().manual_seed(1)) * 6
COS, SIN = ANGLES.cos(), ANGLES.sin()
WEIGHT = torch.rand(64, generator=torch.Generator().manual_seed(2)) + 0.5

PASSES: dict[str, Callable[[Tensor], Tensor]] = {
    "rms_norm": lambda x: fused.rms_norm(x, WEIGHT.to(x.dtype), 1e-6),
    "norm_rotate": lambda x: fused.norm_rotate(x, WEIGHT.to(x.dtype), 1e-6, COS.to(x.dtype), SIN.to(x.dtype)),
    "rotate_wide": lambda x: fused.rotate_wide(x, COS, SIN),
    "silu_mul": lambda x: fused.silu_mul(x.flatten(1)),
}


def heads(dtype: torch.dtype) -> Tensor:
    return torch.randn(20, 4, 64, generator=torch.Generator().manual_seed(0)).to(dtype)


@pytest.mark.parametrize("name", PASSES)
def test_kernels_make_no_difference(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x = heads(torch.bfloat16)
    with torch.no_grad():
        found = PASSES[name](x)
        monkeypatch.setattr(kernels, "is_available", lambda: False)
        expected = PASSES[name](x)
    assert found.dtype == expected.dtype == torch.bfloat16
    torch.testing.assert_close(found, expected, rtol=2**-6, atol=2**-8)


@pytest.mark.parametrize("name", PASSES)
def test_float32_is_nearly_exact(name: str) -> None:
    torch.testing.assert_close(PASSES[name](heads(torch.float32)), PASSES[name](heads(torch.float64)).float())


@pytest.mark.parametrize("name", PASSES)
def test_gradients_flow(name: str) -> None:
    x = heads(torch.bfloat16).requires_grad_()
    PASSES[name](x).float().square().sum().backward()
    assert x.grad is not None
    assert x.grad.abs().sum() > 0
