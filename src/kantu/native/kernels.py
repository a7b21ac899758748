"""`kernels.c` over tensors: BF16 on the CPU, without gradients. Callers ask `is_available`, `can` and `fits` first.

The library is compiled when the package is built (`hatch_build.py`), never at run time. It is loaded after PyTorch, so
that it shares PyTorch's libgomp, and with it the threads.
"""

from __future__ import annotations

import ctypes
from functools import cache
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

Bits = Literal[4, 8]

GROUP = 32
"""Neighbouring inputs that share a scale."""
LANES = 16
"""Outputs that lie side by side."""

LIBRARY = Path(__file__).with_name("libkantu.so")
_WIDENED_AT_ONCE = 1 << 20  # weights: 2 MiB in BF16, which the cache holds

_int, _long, _float, _pointer = ctypes.c_int, ctypes.c_int64, ctypes.c_float, ctypes.c_void_p
_ARGUMENTS: dict[str, tuple[type, ...]] = {
    "kantu_is_supported": (),
    "kantu_quantize8": (_pointer, _long, _long, _pointer, _pointer),
    "kantu_quantize4": (_pointer, _long, _long, _pointer, _pointer),
    "kantu_linear": (
        *(_int, _pointer, _long, _long, _long),
        *(_pointer, _pointer, _pointer, _int, _pointer, _pointer),
    ),
    "kantu_widen": (_int, _long, _long, _long, _pointer, _pointer, _pointer),
    "kantu_rms_norm": (_pointer, _pointer, _long, _long, _float, _pointer),
    "kantu_norm_rotate": (
        *(_pointer, _long, _pointer, _float, _pointer, _pointer),
        *(_long, _long, _long, _pointer),
    ),
    "kantu_rotate": (_pointer, _long, _pointer, _pointer, _long, _long, _long, _pointer),
    "kantu_silu_mul": (_pointer, _long, _long, _pointer),
    "kantu_attend": (
        *(_pointer, _pointer, _pointer, _long, _long, _long, _long, _long),
        *(_pointer, _pointer, _float, _pointer, _pointer),
    ),
    "kantu_has_bf16": (),
    "kantu_attend_many_scratch": (_long, _long),
    "kantu_attend_many": (
        *(_pointer, _long),
        *(_pointer, _long, _long),
        *(_pointer, _long, _long, _pointer),
        *(_long, _long, _long, _long, _long, _int, _float, _int, _pointer, _pointer),
    ),
}


@cache
def _library() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(LIBRARY))
    except OSError:  # not built here, or built for another platform
        return None
    for name, arguments in _ARGUMENTS.items():
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, None
    library.kantu_is_supported.restype = library.kantu_has_bf16.restype = _int
    library.kantu_attend_many_scratch.restype = _long
    return library if library.kantu_is_supported() else None


def is_available() -> bool:
    """Whether the library was built and this CPU has what it needs (x86-64 with AVX-512 VNNI)."""
    return _library() is not None


def can(x: Tensor, multiple: int = GROUP) -> bool:
    """Whether the kernels take x: BF16 on a CPU that has them, a last size that divides, no gradients."""
    return (
        x.dtype == torch.bfloat16
        and x.device.type == "cpu"
        and x.shape[-1] % multiple == 0
        and not torch.is_grad_enabled()
        and is_available()
    )


def fits(weight: Tensor) -> bool:
    """Whether w [N, K] divides into tiles."""
    return weight.shape[0] % LANES == 0 and weight.shape[1] % GROUP == 0


def quantize(weight: Tensor, bits: Bits) -> tuple[Tensor, Tensor]:
    """w bf16 [N, K] -> levels uint8 [N * K * bits / 8] and scales, float32 [N] (8) or bf16 [N / 16, K / 32, 16] (4)."""
    rows, columns = weight.shape
    weight = weight.detach().contiguous()
    levels = torch.empty(rows * columns * bits // 8, dtype=torch.uint8)
    scales = (
        torch.empty(rows, dtype=torch.float32)
        if bits == 8
        else torch.empty(rows // LANES, columns // GROUP, LANES, dtype=torch.bfloat16)
    )
    pointers = levels.data_ptr(), scales.data_ptr()
    _call(f"kantu_quantize{bits}", weight.data_ptr(), rows, columns, *pointers)
    return levels, scales


def linear(
    x: Tensor,
    bits: Bits,
    levels: Tensor,
    scales: Tensor,
    outputs: int,
    *,
    bias: Tensor | None = None,
    gelu_tanh: bool = False,
) -> Tensor:
    """x [M, K] -> x @ w.T + bias [M, N], with activations rounded to int8 in groups of 32, then GELU if asked for."""
    x = x.contiguous()
    rows, columns = x.shape
    out = torch.empty(rows, outputs, dtype=torch.bfloat16)
    scratch = torch.empty(rows * (columns + columns // 4), dtype=torch.uint8)
    _call(
        "kantu_linear",
        *(bits, x.data_ptr(), rows, columns, outputs),
        *(levels.data_ptr(), scales.data_ptr(), None if bias is None else bias.data_ptr(), gelu_tanh),
        *(scratch.data_ptr(), out.data_ptr()),
    )
    return out


def widened_linear(x: Tensor, bits: Bits, levels: Tensor, scales: Tensor, outputs: int) -> Tensor:
    """The same product with the weights widened to BF16, some at a time: faster for many rows where a CPU has AMX."""
    columns = x.shape[1]
    blocks = outputs // LANES
    step = max(1, _WIDENED_AT_ONCE // columns // LANES)
    out = torch.empty(x.shape[0], outputs, dtype=torch.bfloat16)
    for first in range(0, blocks, step):
        end = min(first + step, blocks)
        wide = torch.empty(columns, (end - first) * LANES, dtype=torch.bfloat16)
        _call("kantu_widen", bits, columns, first, end, levels.data_ptr(), scales.data_ptr(), wide.data_ptr())
        out[:, first * LANES : end * LANES] = x @ wide
    return out


def rms_norm(x: Tensor, weight: Tensor, eps: float) -> Tensor:
    """RMSNorm over the last size of x, a multiple of 16."""
    x = x.contiguous()
    out = torch.empty_like(x)
    size = x.shape[-1]
    _call("kantu_rms_norm", x.data_ptr(), weight.data_ptr(), x.numel() // size, size, eps, out.data_ptr())
    return out


def norm_rotate(x: Tensor, weight: Tensor, eps: float, cos: Tensor, sin: Tensor) -> Tensor:
    """RMSNorm of each head of x [tokens, heads, size], rotated by cos and sin [tokens, size]."""
    tokens, heads, size = x.shape
    x = _rows(x)
    out = torch.empty(tokens, heads, size, dtype=torch.bfloat16)
    tables = cos.data_ptr(), sin.data_ptr()
    shape = tokens, heads, size
    _call("kantu_norm_rotate", x.data_ptr(), x.stride(0), weight.data_ptr(), eps, *tables, *shape, out.data_ptr())
    return out


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Heads x [tokens, heads, size] rotated by cos and sin, float32 [tokens, size], and rounded once."""
    tokens, heads, size = x.shape
    x = _rows(x)
    out = torch.empty(tokens, heads, size, dtype=torch.bfloat16)
    shape = tokens, heads, size
    _call("kantu_rotate", x.data_ptr(), x.stride(0), cos.data_ptr(), sin.data_ptr(), *shape, out.data_ptr())
    return out


def silu_mul(gate_up: Tensor) -> Tensor:
    """Gate and up side by side [rows, 2 * size] -> silu(gate) * up [rows, size], size a multiple of 16."""
    gate_up = gate_up.contiguous()
    rows, size = gate_up.shape[0], gate_up.shape[1] // 2
    out = torch.empty(rows, size, dtype=torch.bfloat16)
    _call("kantu_silu_mul", gate_up.data_ptr(), rows, size, out.data_ptr())
    return out


def attend(q: Tensor, keys: Tensor, values: Tensor, slots: Tensor, ends: Tensor) -> Tensor:
    """Attention of one new token of each of several sequences.

    Args:
        q: [sequences, heads, size], size a multiple of 16.
        keys, values: contiguous [kv_heads, capacity, size].
        slots: int64, where the keys of the first sequence are, then those of the second.
        ends: int64 [sequences], where in `slots` each sequence ends.
    """
    count, heads, size = q.shape
    q = q.contiguous()
    out = torch.empty_like(q)
    scratch = torch.empty(heads * slots.shape[0], dtype=torch.float32)
    _call(
        "kantu_attend",
        *(q.data_ptr(), keys.data_ptr(), values.data_ptr()),
        *(count, heads, keys.shape[0], size, keys.shape[1]),
        *(slots.data_ptr(), ends.data_ptr(), size**-0.5, scratch.data_ptr(), out.data_ptr()),
    )
    return out


def can_attend_many(q: Tensor) -> bool:
    """Whether `attend_many` takes q, and is ahead of PyTorch's own attention, which has AMX where the CPU has it."""
    return can(q, 2) and q.shape[-1] <= 128 and _attends()


def attend_many(
    q: Tensor, keys: Tensor, values: Tensor, *, slots: Tensor | None = None, causal: bool = False
) -> Tensor:
    """Attention of tokens of one sequence, or one picture, to all of it. Powers are BF16, sums float32.

    Args:
        q: [tokens, heads, size], size even and at most 128. The heads of a token must lie in a row.
        keys, values: [kv_heads, length, size], of any strides but within a head.
        slots: int64, which of `keys` and `values` are the sequence's, in its order; all of them if None.
        causal: the tokens are the sequence's last, and see none that come after them.
    """
    tokens, heads, size = q.shape
    q = _rows(q)
    length = keys.shape[1] if slots is None else slots.shape[0]
    threads = torch.get_num_threads()
    scratch = torch.empty(threads * _call("kantu_attend_many_scratch", length, size), dtype=torch.uint8)
    out = torch.empty(tokens, heads, size, dtype=torch.bfloat16)
    _call(
        "kantu_attend_many",
        *(q.data_ptr(), q.stride(0)),
        *(keys.data_ptr(), keys.stride(0), keys.stride(1)),
        *(values.data_ptr(), values.stride(0), values.stride(1)),
        *(None if slots is None else slots.data_ptr(), tokens, length, heads, keys.shape[0], size),
        *(causal, size**-0.5, threads, scratch.data_ptr(), out.data_ptr()),
    )
    return out


@cache
def _attends() -> bool:
    library = _library()
    return library is not None and bool(library.kantu_has_bf16()) and not has_amx()


@cache
def has_amx() -> bool:
    """Whether this CPU multiplies tiles of BF16, many times faster than vectors."""
    return bool(torch.cpu.get_capabilities().get("amx_bf16"))


def _rows(x: Tensor) -> Tensor:
    """x [tokens, heads, size] with each token's heads in a row."""
    return x if x.stride()[1:] == (x.shape[2], 1) else x.contiguous()


def _call(name: str, *arguments: object) -> int:
    library = _library()
    assert library is not None  # callers ask `is_available`
    result: int = getattr(library, name)(*arguments)
    return result
