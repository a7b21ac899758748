"""In which precisions a device runs our models, on whose kernels, and what a weight then takes."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from kantu.errors import InvalidRequestError
from kantu.model.quantize import GROUP, int8_product_is_exact, packed_block
from kantu.native import kernels


@dataclass(frozen=True, slots=True)
class Precision:
    """A precision on a device. Sizes are bytes a weight, scales included.

    Attributes:
        name: as people write it: "BF16".
        why: on what it runs, or why it does not, in Chinese.
        is_supported: whether `kantu.load` takes it here.
        is_fast: whether a product reads the weights as they are kept; else they are widened first.
        embedding, decoder, output, tower: the embedding table, the decoder's linears, the output projection, and the
            vision tower.
        output_is_extra: the output projection is kept beside an embedding table that it is tied to.
    """

    name: str
    why: str
    is_supported: bool
    is_fast: bool
    embedding: float
    decoder: float
    output: float
    tower: float
    output_is_extra: bool


def precisions(device_type: str, dtype: torch.dtype, why: str) -> tuple[Precision, ...]:
    """The device's own precision (`dtype`, taken because of `why`), INT8 and INT4, as `kantu.load` would choose."""
    wide = dtype.itemsize
    native = device_type == "cpu" and dtype == torch.bfloat16 and kernels.is_available()
    tower = 1 if native else wide
    packed4 = 1 / 2 + (2 if native else 2 * wide) / GROUP  # our kernels keep a scale, PyTorch's a scale and a zero
    name = {torch.float32: "FP32", torch.bfloat16: "BF16"}[dtype]
    fast8, why8 = _int8(device_type, native)
    supported4, fast4, why4 = _int4(device_type, native)
    return (
        Precision(name, why, True, True, wide, wide, wide, wide, False),
        Precision("INT8", why8, True, fast8, wide, 1, 1, tower, True),
        Precision("INT4", why4, supported4, fast4, wide, packed4, 1, tower, True),
    )


def _int8(device_type: str, native: bool) -> tuple[bool, str]:
    if native:
        return True, "看图的 CPU 内核"
    if device_type == "cpu" and int8_product_is_exact():
        return True, "PyTorch 的 INT8 内核，比看图的内核慢"
    return False, "先展开再算：省内存，不会更快"


def _int4(device_type: str, native: bool) -> tuple[bool, bool, str]:
    try:
        packed_block()
    except InvalidRequestError as error:
        return False, False, error.message
    if native:
        return True, True, "看图的 CPU 内核"
    if device_type == "cpu":
        return True, True, "PyTorch 的 INT4 内核，读图和长问题时先展开再算"
    return True, False, "先展开再算：省显存，不会更快"
