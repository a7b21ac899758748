"""A quantized linear on our own kernels."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kantu.native import kernels
from kantu.native.kernels import Bits

_MANY_ROWS = 64  # from here on AMX with widened weights is faster than VNNI


class NativeLinear(nn.Module):
    """x bf16 [rows, K] -> x @ w.T + bias [rows, N], with w [N, K] in 8 or 4 bits. Needs `fits_native`.

    Activations are rounded to int8 with one scale for every 32 of them, so that the outliers of `down_proj` do not cost
    the others their precision (llama.cpp's Q8_0).

    Args:
        gelu_tanh: apply GELU (tanh) to the sums before they are rounded.
    """

    levels: Tensor
    scales: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bits: Bits, bias: Tensor | None = None, *, gelu_tanh: bool = False) -> None:
        super().__init__()
        self.bits, self.outputs, self.gelu_tanh = bits, weight.shape[0], gelu_tanh
        levels, scales = kernels.quantize(weight, bits)
        self.register_buffer("levels", levels, persistent=False)
        self.register_buffer("scales", scales, persistent=False)
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        weights = self.bits, self.levels, self.scales, self.outputs
        if x.shape[0] < _MANY_ROWS or not kernels.has_amx():
            return kernels.linear(x, *weights, bias=self.bias, gelu_tanh=self.gelu_tanh)
        output = kernels.widened_linear(x, *weights)
        if self.bias is not None:
            output += self.bias
        return F.gelu(output, approximate="tanh") if self.gelu_tanh else output


def fits_native(weight: Tensor, dtype: torch.dtype) -> bool:
    """Whether the kernels take w [N, K] and activations of `dtype`, on this machine."""
    alike = weight.dtype == dtype == torch.bfloat16
    return alike and weight.device.type == "cpu" and kernels.is_available() and kernels.fits(weight)
