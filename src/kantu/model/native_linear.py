"""A quantized linear on our own kernels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from kantu.native import kernels
from kantu.native.kernels import Bits

_MANY_ROWS = 64  # from which AMX, fed with widened weights, is ahead of VNNI


class NativeLinear(nn.Module):
    """x bf16 [rows, K] -> x @ w.T [rows, N], with w [N, K] in 8 or 4 bits; no bias. For what `fits_native`.

    Activations are rounded to int8 with a scale for every 32 of them, which keeps the outliers of `down_proj` from
    costing the others their precision (the Q8_0 of llama.cpp).
    """

    levels: Tensor
    scales: Tensor

    def __init__(self, weight: Tensor, bits: Bits) -> None:
        super().__init__()
        self.bits, self.outputs = bits, weight.shape[0]
        levels, scales = kernels.quantize(weight, bits)
        self.register_buffer("levels", levels, persistent=False)
        self.register_buffer("scales", scales, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        multiply = kernels.widened_linear if x.shape[0] >= _MANY_ROWS and kernels.has_amx() else kernels.linear
        return multiply(x, self.bits, self.levels, self.scales, self.outputs)


def fits_native(weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether the kernels take w [N, K] and activations of `dtype`, on this machine."""
    alike = weight.dtype == dtype == torch.bfloat16
    return alike and weight.device.type == "cpu" and kernels.is_available() and kernels.fits(weight)
