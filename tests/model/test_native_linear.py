"""`NativeLinear` is a linear of the weights it keeps, for any number of rows."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from kantu.model.native_linear import NativeLinear, fits_native
from kantu.native import kernels
from kantu.native.kernels import Bits

pytestmark = pytest.mark.skipif(not kernels.is_available(), reason="no compiled kernels, or a CPU they are not for")


def noise(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0)).bfloat16()


@pytest.mark.parametrize("bits", [4, 8])
class TestNativeLinear:
    @pytest.mark.parametrize("rows", [1, 63, 64, 100])
    @pytest.mark.parametrize("gelu", [False, True])
    def test_with_amx_and_without_it_agrees(
        self, bits: Bits, rows: int, gelu: bool, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        linear, x = NativeLinear(noise(96, 128), bits, noise(96), gelu_tanh=gelu), noise(rows, 128)
        found = []
        for amx in (False, True):
            monkeypatch.setattr(kernels, "has_amx", lambda amx=amx: amx)
            found.append(linear(x).float())
        assert (found[0] - found[1]).norm() < 0.01 * found[0].norm()
        assert torch.equal(found[0], found[1]) == (rows < 64)

    def test_its_weights_take_the_bits_they_should(self, bits: Bits) -> None:
        weight = noise(256, 1024)
        taken = sum(buffer.nbytes for buffer in NativeLinear(weight, bits).buffers())
        assert taken == pytest.approx(weight.numel() * {4: 4.5, 8: 8}[bits] / 8, rel=0.01)

    def test_no_rows_give_no_rows(self, bits: Bits) -> None:
        assert NativeLinear(noise(96, 64), bits)(torch.empty(0, 64, dtype=torch.bfloat16)).shape == (0, 96)


@pytest.mark.parametrize(
    ("weight", "dtype", "fits"),
    [
        (noise(16, 32), torch.bfloat16, True),
        (noise(16, 32), torch.float32, False),
        (noise(16, 32).float(), torch.float32, False),
        (noise(24, 32), torch.bfloat16, False),
        (noise(16, 48), torch.bfloat16, False),
    ],
)
def test_only_whole_tiles_in_bf16_fit(weight: Tensor, dtype: torch.dtype, fits: bool) -> None:
    assert fits_native(weight, dtype) is fits
