"""Linears that read their weights faster: BF16 prepacked, INT8 and INT4. Nothing is compiled at run time.

The embedding table is never quantized, and the vision tower only if our own kernels run. Where this machine has no fast
kernel, weights are widened to the activations' dtype: slow but right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kantu.errors import error
from kantu.model.native_linear import NativeLinear, fits_native
from kantu.model.qwen3vl import Qwen3VL
from kantu.model.text import TextAttention, TextMLP
from kantu.model.vision import PatchMerger, VisionMLP

Quantize = Literal["int8", "int4"]

GROUP = 32
"""Neighbouring input features that share one INT4 scale and zero."""

_INT8_MAX = 127
_MIDDLE = 128  # stands for 0 among unsigned activations
_LOW_STEPS = 254  # the low part's step is 1/254 of the high part's: half a high step either way is -127..127
_FEW_ROWS = 64  # above this widening is faster: the INT4 kernel's time grows with every 4 rows
_FITS = 2  # of scale and zero to levels: an eighth of the squared error goes; two more take another fortieth
_WIDENED_AT_ONCE = 1 << 21  # weights; 4 MiB of BF16, which malloc reuses and the CPU's cache mostly holds
_QUANTIZED_AT_ONCE = 1 << 20  # weights; the same in float32, two or three times over
_SIGN_BITS = 0x88  # flips a byte's two unsigned nibbles q into q - 8 in two's complement


class PackedLinear(nn.Module):
    """nn.Linear in BF16 with its weight in oneDNN's own layout, reordered once instead of in every call.

    Args:
        gelu: "tanh" or "none" applies this form of GELU to the sums before they are rounded; None applies none.
    """

    weight: Tensor
    bias: Tensor | None

    def __init__(self, weight: Tensor, bias: Tensor | None = None, *, gelu: str | None = None) -> None:
        super().__init__()
        self._activation: tuple[str, list[float], str] = ("none", [], "") if gelu is None else ("gelu", [], gelu)
        self.register_buffer("weight", torch.ops.mkldnn._reorder_linear_weight(weight, None), persistent=False)
        self.register_buffer("bias", bias, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        output: Tensor = torch.ops.mkldnn._linear_pointwise(x, self.weight, self.bias, *self._activation)
        return output


class Int8Linear(nn.Module):
    """x [rows, K] -> x @ w.T [rows, N], with w [N, K] as int8 and one scale per output feature; no bias.

    Takes any shape. The product is int8 x int8 with exact int32 sums; activations keep 16 bits, see `split_rows`.
    """

    weight: Tensor
    scales: Tensor
    zero_points: Tensor

    def __init__(self, weight: Tensor) -> None:
        super().__init__()
        steps, scales = quantize_rows(weight)
        self.packed = weight.device.type == "cpu" and int8_product_is_exact()
        if self.packed:
            steps = torch.ops.onednn.qlinear_prepack(steps, [2, weight.shape[1]])
        self.register_buffer("weight", steps, persistent=False)
        self.register_buffer("scales", scales, persistent=False)
        self.register_buffer("zero_points", torch.zeros_like(scales, dtype=torch.int32), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        if not self.packed:
            return F.linear(x, self.weight.to(x.dtype)) * self.scales.to(x.dtype)
        rows, scale = split_rows(x)
        high, low = _int8_product(rows, self.weight, self.scales, self.zero_points).chunk(2)
        return torch.add(high, low, alpha=1 / _LOW_STEPS).mul_(scale).to(x.dtype)


class Int4Linear(nn.Module):
    """x [rows, K] -> x @ w.T [rows, N], with w [N, K] in 4 bits, a scale and a zero for every group of 32; no bias.

    Only for shapes that `fits_int4` accepts. A few rows run on PyTorch's INT4 kernel. For many rows that kernel is
    several times slower than BF16, so the packed weights are widened a chunk at a time. Scales and zeros are BF16
    numbers stored in `dtype`, the activations' own, as the kernel requires.
    """

    packed: Tensor
    scales_and_zeros: Tensor

    def __init__(self, weight: Tensor, dtype: torch.dtype) -> None:
        super().__init__()
        packed, scales_and_zeros = [], []
        for chunk in _row_chunks(weight):
            levels, numbers = quantize_groups(chunk)
            packed.append(pack(levels.cpu()).to(weight.device))
            scales_and_zeros.append(numbers.to(dtype))
        self.has_kernel = weight.device.type == "cpu"
        self.register_buffer("packed", torch.cat(packed), persistent=False)
        self.register_buffer("scales_and_zeros", torch.cat(scales_and_zeros, dim=1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        x = x.contiguous()
        if self.has_kernel and x.shape[0] <= _FEW_ROWS:
            output: Tensor = torch.ops.aten._weight_int4pack_mm_for_cpu(x, self.packed, GROUP, self.scales_and_zeros)
            return output
        return self._widened(x)

    def _widened(self, x: Tensor) -> Tensor:
        """The same product, with the zeros applied to the sums of x over each group instead of to every weight."""
        sums = x.view(x.shape[0], -1, GROUP).sum(-1)  # [rows, K / 32]
        rows = _whole_blocks(_WIDENED_AT_ONCE, x.shape[1])
        outputs = []
        for packed, numbers in zip(
            torch.split(self.packed, rows), torch.split(self.scales_and_zeros, rows, dim=1), strict=True
        ):
            scales, zeros = numbers.unbind(-1)  # [K / 32, N of the chunk]
            outputs.append(torch.addmm(sums @ zeros, x, widen(packed, scales).t()))
        return torch.cat(outputs, dim=1)


def quantize_rows(weight: Tensor) -> tuple[Tensor, Tensor]:
    """w [N, K] -> int8 [N, K] and float32 scales [N]: symmetric; the largest weight of a row becomes 127."""
    steps = torch.empty(weight.shape, dtype=torch.int8, device=weight.device)
    scales = []
    for chunk, target in zip(_row_chunks(weight), _row_chunks(steps), strict=True):
        wide = chunk.float()
        scale = wide.abs().amax(1, keepdim=True).div_(_INT8_MAX)
        scale.clamp_(min=torch.finfo(torch.float32).tiny)  # a row of zeros
        target.copy_((wide / scale).round_())
        scales.append(scale[:, 0])
    return steps, torch.cat(scales)


def split_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """x [M, K] = scale * (high + low / 254) -> uint8 [2 * M, K], 128 more than high or low, and scale [M, 1].

    All high rows come before all low ones. The error is at most the row's largest value / 64,516. As long as a product
    is bound by reading weights, twice the rows cost nothing. A NaN or an infinity makes the scale of its row NaN, since
    the cast to uint8 would lose it.
    """
    largest = x.abs().amax(1, keepdim=True).float().nan_to_num_(nan=torch.nan, posinf=torch.nan)
    scale = largest.div_(_INT8_MAX).clamp_(min=torch.finfo(torch.float32).tiny)
    exact = x / scale
    high = exact.round()
    low = exact.sub_(high).mul_(_LOW_STEPS).round_()
    return torch.cat((high, low)).add_(_MIDDLE).to(torch.uint8), scale


@cache
def int8_product_is_exact() -> bool:
    """Whether oneDNN's int8 product exists and is exact: without VNNI it saturates sums of two products at 16 bits."""
    largest = torch.full((16, 64), _INT8_MAX, dtype=torch.int8)
    rows = torch.full((16, 64), _MIDDLE + _INT8_MAX, dtype=torch.uint8)
    try:
        packed = torch.ops.onednn.qlinear_prepack(largest, [2, 64])
        sums = _int8_product(rows, packed, torch.ones(16), torch.zeros(16, dtype=torch.int32))
    except (RuntimeError, AttributeError):  # built without oneDNN
        return False
    return bool((sums == 64 * _INT8_MAX**2).all())


def _int8_product(rows: Tensor, packed: Tensor, scales: Tensor, zero_points: Tensor) -> Tensor:
    """uint8 [M, K] - 128 x packed int8 [N, K] -> float32 [M, N], scaled by scales [N].

    Activations are unsigned because VNNI multiplies unsigned by signed. For signed ones oneDNN uses AMX, but on a CPU
    without AMX it falls back to a plain loop (one row of 2048 x 4096 takes 180 ms instead of 0.1).
    """
    output: Tensor = torch.ops.onednn.qlinear_pointwise(
        rows, 1.0, _MIDDLE, packed, scales, zero_points, None, 1.0, 0, torch.float32, "none", [], ""
    )
    return output


def fits_int4(weight: Tensor) -> bool:
    """Whether w [N, K] divides into whole groups and whole blocks of the packed layout."""
    return weight.shape[1] % GROUP == 0 and weight.shape[0] % packed_block() == 0


def quantize_groups(weight: Tensor) -> tuple[Tensor, Tensor]:
    """w [N, K] = (level - 8) * scale + zero -> levels int32 [N, K] of 0..15, and scales and zeros, bf16 [K / 32, N, 2].

    Asymmetric: at first a group's smallest weight becomes level 0, its largest level 15. Then scale and zero are fitted
    to the levels by least squares, and the levels chosen again; whatever errs least is kept. Levels are chosen for the
    scales and zeros as rounded to BF16.
    """
    groups = weight.float().view(weight.shape[0], -1, GROUP)
    low, high = groups.amin(2, keepdim=True), groups.amax(2, keepdim=True)
    scale = ((high - low) / 15).clamp_(min=torch.finfo(torch.float32).tiny).bfloat16()
    zero = (low + 8 * scale).bfloat16()
    steps = _steps(groups, scale, zero)
    error = _error(groups, steps, scale, zero)
    for _ in range(_FITS):
        fitted = _fit(groups, steps, scale)
        chosen = _steps(groups, *fitted)
        found = _error(groups, chosen, *fitted)
        better = found < error
        steps, scale, zero, error = (
            torch.where(better, new, old)
            for new, old in zip((chosen, *fitted, found), (steps, scale, zero, error), strict=True)
        )
    return steps.add_(8).flatten(1).int(), torch.cat((scale, zero), dim=2).transpose(0, 1).contiguous()


def _steps(groups: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """The nearest of -8..7 for each weight."""
    return ((groups - zero) / scale).round_().clamp_(-8, 7)


def _error(groups: Tensor, steps: Tensor, scale: Tensor, zero: Tensor) -> Tensor:
    """The squared error of each group, [N, K / 32, 1]."""
    return (steps * scale).add_(zero).sub_(groups).square_().sum(2, keepdim=True)


def _fit(groups: Tensor, steps: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """The scale and zero with which these levels err least; where all are the same, `scale` stays."""
    middle, mean = steps.mean(2, keepdim=True), groups.mean(2, keepdim=True)
    apart = steps - middle
    slope = (apart * groups).sum(2, keepdim=True) / apart.square().sum(2, keepdim=True)
    scale = torch.where(slope > 0, slope.bfloat16(), scale)  # a NaN is not above 0
    return scale, torch.addcmul(mean, scale.float(), middle, value=-1).bfloat16()


def pack(levels: Tensor) -> Tensor:
    """Levels int32 [N, K] of 0..15 -> uint8 [N, K / 2] in the layout of this CPU's kernel."""
    packed: Tensor = torch.ops.aten._convert_weight_to_int4pack_for_cpu(levels, 1)
    return packed


def unpack(packed: Tensor, block: int) -> Tensor:
    """Inverse of `pack` for a layout of `block` rows: uint8 [N, K / 2] -> levels uint8 [N, K]."""
    columns = _columns(packed, block)
    return torch.stack((columns & 0x0F, columns >> 4), dim=1).reshape(packed.shape[0], -1)


def widen(packed: Tensor, scales: Tensor) -> Tensor:
    """uint8 [N, K / 2] and scales [K / 32, N] -> (level - 8) * scale [N, K] in the scales' dtype, rounded to it.

    Works on bytes as long as possible: half of a byte, shifted to the upper end, is 16 * (level - 8) as int8.
    """
    block = packed_block()
    columns = _columns(packed, block).bitwise_xor_(_SIGN_BITS)
    wide = torch.empty(columns.shape[0], 2, *columns.shape[1:], dtype=scales.dtype, device=packed.device)
    wide[:, 0].copy_((columns << 4).view(torch.int8))
    wide[:, 1].copy_((columns & 0xF0).view(torch.int8))
    wide.view(packed.shape[0], -1, GROUP).mul_((scales.t() / 16).unsqueeze(-1))
    return wide.view(packed.shape[0], -1)


@cache
def packed_block() -> int:
    """Rows in a block of this CPU's packed layout, found by packing known values.

    AVX-512 has blocks of 64 rows, AVX2 of 32: [N / block, K, block / 2] bytes, whose low halves are the first half of
    a block's rows and high halves the second (aten/src/ATen/native/cpu/int4mm_kernel.cpp).

    Raises InvalidRequestError if the layout is another one, as without AVX2.
    """
    levels = torch.randint(0, 16, (128, GROUP), dtype=torch.int32, generator=torch.Generator().manual_seed(0))
    for block in (64, 32):
        if torch.equal(unpack(pack(levels), block).int(), levels):
            return block
    raise error("quantize_not_supported.cpu")


def _columns(packed: Tensor, block: int) -> Tensor:
    """A copy of packed bytes with neighbours along K side by side, [N / block, block / 2, K]."""
    return packed.view(-1, 2 * packed.shape[1], block // 2).transpose(1, 2).contiguous()


def _whole_blocks(weights: int, columns: int) -> int:
    """About how many rows hold this many weights: whole blocks in any layout, at least one."""
    return max(1, weights // columns // 64) * 64


def _row_chunks(weight: Tensor) -> Iterator[Tensor]:
    yield from torch.split(weight, _whole_blocks(_QUANTIZED_AT_ONCE, weight.shape[1]))


def can_prepack(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether `PackedLinear` gains anything: oneDNN on a CPU that computes in BF16."""
    if device.type != "cpu" or dtype != torch.bfloat16:
        return False
    if not torch.backends.mkldnn.is_available():  # type: ignore[no-untyped-call]
        return False
    abilities = torch.cpu.get_capabilities()
    computes = abilities.get("avx512_bf16") or abilities.get("amx_bf16")
    return bool(computes and torch.ops.mkldnn._is_mkldnn_bf16_supported())


def quantized(weight: Tensor, quantize: Quantize, dtype: torch.dtype) -> NativeLinear | Int8Linear | Int4Linear:
    """A linear of `weight`, on our own kernels if they support it.

    Otherwise, under "int4", a shape that PyTorch's packed layout does not take becomes INT8.
    """
    if fits_native(weight, dtype):
        return NativeLinear(weight, 4 if quantize == "int4" else 8)
    if quantize == "int4" and fits_int4(weight):
        return Int4Linear(weight, dtype)
    return Int8Linear(weight)


def weight_bytes(model: nn.Module) -> int:
    """Bytes of all weights, in any form; a weight used twice counts once."""
    return sum(tensor.nbytes for tensors in (model.parameters(), model.buffers()) for tensor in tensors)


@dataclass(frozen=True)
class _Join:
    """Linears of `parent` that become one module, and the tensors that are still missing."""

    parent: nn.Module
    sources: tuple[str, ...]
    target: str
    make: Callable[[Tensor, Tensor | None], nn.Module]
    missing: set[str]

    def close(self) -> None:
        linears = [getattr(self.parent, source) for source in self.sources]
        for source in self.sources:
            delattr(self.parent, source)
        weights = [linear.weight for linear in linears]
        weight = weights[0] if len(weights) == 1 else torch.cat(weights)
        setattr(self.parent, self.target, self.make(weight, linears[0].bias))  # joined linears have no bias


class Preparation:
    """Packs the linears of a model that is being loaded, each as soon as its weights have arrived.

    A decoder layer's q, k and v become one linear, and so do gate and up: fewer, larger products.

    Raises:
        InvalidRequestError: `quantize` is unknown, or this dtype or CPU does not support it.
    """

    def __init__(
        self, model: Qwen3VL, *, device: torch.device, dtype: torch.dtype, quantize: Quantize | None, prepack: bool
    ) -> None:
        _check(quantize, dtype)
        self._model = model
        self._prepack = prepack and can_prepack(device, dtype)
        self._quantize = quantize
        self._dtype = dtype
        self._joins: dict[str, _Join] = {}
        if self._prepack:
            self._plan_vision()
        if self._prepack or quantize:
            self._plan_decoder()

    @property
    def is_needed(self) -> bool:
        return bool(self._joins)

    def keeps(self, name: str) -> bool:
        """Whether the model keeps the values of the parameter `name` unchanged."""
        return name not in self._joins or name.endswith(".bias")

    def arrived(self, name: str) -> None:
        """Call it when the parameter `name` has its values."""
        join = self._joins.get(name)
        if join is not None:
            join.missing.discard(name)
            if not join.missing:
                join.close()

    def finish(self) -> None:
        """Pack the output projection. If it is the embedding table, that is kept too, to look rows up."""
        model = self._model
        if not self.is_needed:
            return
        weight = model.output_weight
        if self._quantize:
            model.output_projection = quantized(weight, "int8", self._dtype)
        elif not model.config.tie_word_embeddings:  # a tied one would be stored twice, for a few percent
            model.output_projection = PackedLinear(weight)
        if not model.config.tie_word_embeddings:
            del model.lm_head

    def _plan_vision(self) -> None:
        for path, module in self._model.visual.named_modules(prefix="visual"):
            if not isinstance(module, nn.Linear) or path == "visual.patch_embed.proj":  # its dtype is read elsewhere
                continue
            parent, _, name = path.rpartition(".")
            owner = self._model.get_submodule(parent)
            before_gelu = owner if name == "linear_fc1" and isinstance(owner, VisionMLP | PatchMerger) else None
            self._plan(parent, (name,), name, partial(_tower_linear, self._quantize, self._dtype, before_gelu))

    def _plan_decoder(self) -> None:
        make = partial(_without_bias, self._quantize, self._dtype)
        for path, module in self._model.language_model.named_modules(prefix="language_model"):
            if isinstance(module, TextAttention):
                self._plan(path, ("q_proj", "k_proj", "v_proj"), "qkv_proj", make)
                self._plan(path, ("o_proj",), "o_proj", make)
            elif isinstance(module, TextMLP):
                self._plan(path, ("gate_proj", "up_proj"), "gate_up_proj", make)
                self._plan(path, ("down_proj",), "down_proj", make)

    def _plan(
        self, path: str, sources: tuple[str, ...], target: str, make: Callable[[Tensor, Tensor | None], nn.Module]
    ) -> None:
        parent = self._model.get_submodule(path)
        names = {
            f"{path}.{source}.{name}"
            for source in sources
            for name, _ in parent.get_submodule(source).named_parameters()
        }
        join = _Join(parent, sources, target, make, names)
        self._joins |= dict.fromkeys(names, join)


def _tower_linear(
    quantize: Quantize | None,
    dtype: torch.dtype,
    before_gelu: VisionMLP | PatchMerger | None,
    weight: Tensor,
    bias: Tensor | None,
) -> nn.Module:
    """A linear of the vision tower, with the activation after it if the linear can apply it.

    With quantized weights it is INT8 on our own kernels. Otherwise it stays BF16, as many rows gain nothing.
    """
    native = quantize is not None and fits_native(weight, dtype)
    gelu: str | None = None
    if before_gelu is not None:
        assert isinstance(before_gelu.act, nn.GELU)
        if not native or before_gelu.act.approximate == "tanh":
            gelu, before_gelu.act = before_gelu.act.approximate, nn.Identity()
    return NativeLinear(weight, 8, bias, gelu_tanh=gelu == "tanh") if native else PackedLinear(weight, bias, gelu=gelu)


def _without_bias(quantize: Quantize | None, dtype: torch.dtype, weight: Tensor, bias: Tensor | None) -> nn.Module:
    """A decoder's linear; none has a bias."""
    return PackedLinear(weight) if quantize is None else quantized(weight, quantize, dtype)


def _check(quantize: str | None, dtype: torch.dtype) -> None:
    if quantize not in (None, "int8", "int4"):
        raise error("quantize_not_supported", quantize=quantize)
    if quantize and dtype not in (torch.bfloat16, torch.float32):
        raise error("quantize_not_supported.dtype")
    if quantize == "int4":
        packed_block()
