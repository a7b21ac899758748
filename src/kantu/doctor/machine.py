"""What this machine has, how fast it multiplies and reads memory, and which models fit at which precision."""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch

from kantu import hub
from kantu.doctor.precision import Precision
from kantu.doctor.speed import matmul_flops_per_second, vector_bytes_per_second
from kantu.errors import KantuError
from kantu.model.checkpoint import expected_shapes
from kantu.model.folder import ModelFolder
from kantu.native import kernels
from kantu.vlm import cpu_computes_bfloat16, default_dtype

# What makes a difference here, as PyTorch names it.
_CPU_FEATURES = ("avx2", "avx512_f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16", "avx_vnni")
_CONTEXT_TOKENS = 4096  # the KV cache the table reckons with
_RUNTIME_BYTES = 1_000_000_000  # PyTorch itself and activations
_PUBLISHED_KV_HEADS, _PUBLISHED_HEAD_DIM = 8, 128
# Published configurations: decoder layers, parameters of the embedding table and of the vision tower, and whether the
# output projection is tied to the table.
_PUBLISHED = {
    "qwen3-vl-2b": (28, 311_164_928, 406_957_056, True),
    "qwen3-vl-4b": (36, 388_956_160, 415_347_712, True),
    "qwen3-vl-8b": (36, 622_329_856, 576_388_336, False),
    "qwen3-vl-32b": (64, 777_912_320, 595_266_800, False),
}


@dataclass(frozen=True, slots=True)
class Cpu:
    """The processor as this process may use it. `cores` respects affinity and container limits; `kernels` tells whether
    our own are in use."""

    name: str
    cores: int
    features: tuple[str, ...]
    computes_bfloat16: bool
    kernels: str


@dataclass(frozen=True, slots=True)
class Device:
    """Somewhere a model can run: `name` is PyTorch's ("cpu", "cuda:0"), memory is what is free now."""

    name: str
    title: str
    available_bytes: int
    dtype: torch.dtype
    why: str


@dataclass(frozen=True, slots=True)
class Speed:
    """Measured on a device in its precision: a product of matrices, as in prefill, and the rate at which a product with
    one vector reads its matrix, as in decode."""

    gflops: float
    gbytes_per_second: float


@dataclass(frozen=True, slots=True)
class Size:
    """A model as far as memory is concerned.

    Attributes:
        parameters: all of them, of which `embedding` in the embedding table and `tower` in the vision tower.
        is_tied: the output projection is the embedding table; else it is as large again.
        kv_numbers: keys and values of one token.
    """

    name: str
    parameters: int
    embedding: int
    tower: int
    is_tied: bool
    kv_numbers: int

    @property
    def decoder(self) -> int:
        return self.parameters - self.tower - self.embedding * (1 if self.is_tied else 2)

    def weight_bytes(self, precision: Precision) -> int:
        """What stays in memory of the weights."""
        output = 0 if self.is_tied and not precision.output_is_extra else self.embedding * precision.output
        table = self.embedding * precision.embedding
        return round(table + output + self.decoder * precision.decoder + self.tower * precision.tower)

    def needed_bytes(self, precision: Precision) -> int:
        """Weights, KV cache of 4,096 tokens in the activations' own precision, and the runtime."""
        kv = self.kv_numbers * _CONTEXT_TOKENS * precision.embedding
        return self.weight_bytes(precision) + round(kv) + _RUNTIME_BYTES

    def tokens_per_second(self, precision: Precision, speed: Speed) -> float:
        """Decoding alone: each token reads the decoder and the output projection once."""
        read = self.decoder * precision.decoder + self.embedding * precision.output
        return speed.gbytes_per_second * 1e9 / read


def sizes() -> tuple[tuple[Size, ...], tuple[tuple[str, KantuError], ...]]:
    """Every model on this machine, by its files, then the published ones that are not; and, by name, why the models
    that cannot be read or are not supported are not among them."""
    here: list[Size] = []
    unreadable: list[tuple[str, KantuError]] = []
    for model in hub.installed():
        try:
            here.append(_installed(model))
        except KantuError as error:
            unreadable.append((model.name, error))
    names = {size.name for size in here}
    rest = [
        _published(short, parameters)
        for short, (repository, parameters) in hub.PUBLISHED.items()
        if repository not in names
    ]
    return (*here, *rest), tuple(unreadable)


def _installed(model: hub.InstalledModel) -> Size:
    config = ModelFolder.open(model.folder).config
    text = config.text
    counts = {name: math.prod(shape) for name, shape in expected_shapes(config).items()}
    return Size(
        model.name,
        parameters=sum(counts.values()),
        embedding=text.vocab_size * text.hidden_size,
        tower=sum(count for name, count in counts.items() if name.startswith("model.visual.")),
        is_tied=config.tie_word_embeddings,
        kv_numbers=2 * text.num_hidden_layers * text.num_key_value_heads * text.head_dim,
    )


def _published(short: str, parameters: int) -> Size:
    layers, embedding, tower, is_tied = _PUBLISHED[short]
    kv_numbers = 2 * layers * _PUBLISHED_KV_HEADS * _PUBLISHED_HEAD_DIM
    return Size(short, parameters, embedding, tower, is_tied, kv_numbers)


def cpu() -> Cpu:
    features = torch.cpu.get_capabilities()
    return Cpu(
        name=str(features.get("cpu_name") or features.get("architecture") or "CPU"),
        cores=usable_cores(),
        features=tuple(name for name in _CPU_FEATURES if features.get(name)),
        computes_bfloat16=cpu_computes_bfloat16(),
        kernels=_kernels(),
    )


def _kernels() -> str:
    if kernels.is_available():
        return "在用"
    if not kernels.LIBRARY.exists():
        return "没有（安装时没有可用的 C 编译器，或不是 x86-64 Linux），量化与解码会慢得多"
    return "用不上（需要 AVX-512 VNNI）"


def devices() -> tuple[Device, ...]:
    """The CPU and every CUDA device, with the precision `kantu.load` would take there."""
    target = torch.device("cpu")
    why = "CPU 有 BF16 指令" if cpu_computes_bfloat16() else "CPU 没有 BF16 指令，用 BF16 反而更慢"
    found = [Device("cpu", "CPU", available_memory_bytes(), default_dtype(target), why)]
    for index in range(torch.cuda.device_count()):
        target = torch.device("cuda", index)
        major, minor = torch.cuda.get_device_capability(target)
        why = f"计算能力 {major}.{minor}，{'不低于' if major >= 8 else '低于'} BF16 所需的 8.0"
        free, _ = torch.cuda.mem_get_info(target)
        found.append(Device(str(target), torch.cuda.get_device_name(target), free, default_dtype(target), why))
    return tuple(found)


def measure(device: Device) -> Speed:
    """Two short measurements, each about half a second."""
    target = torch.device(device.name)
    return Speed(
        matmul_flops_per_second(target, device.dtype) / 1e9, vector_bytes_per_second(target, device.dtype) / 1e9
    )


def usable_cores() -> int:
    """Cores this process may run on: its affinity, within the container's quota if there is one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota = _words(Path("/sys/fs/cgroup/cpu.max"))
    if len(quota) == 2 and quota[0].isdigit():
        cores = min(cores, max(1, int(quota[0]) // int(quota[1])))
    return cores


def available_memory_bytes() -> int:
    """Memory that can still be used without swapping, within the container's limit if there is one."""
    available = int(psutil.virtual_memory().available)
    limit, used = _words(Path("/sys/fs/cgroup/memory.max")), _words(Path("/sys/fs/cgroup/memory.current"))
    if limit and limit[0].isdigit() and used:
        available = min(available, max(0, int(limit[0]) - int(used[0])))
    return available


def _words(path: Path) -> list[str]:
    """Words of a kernel file; none where the platform does not have it."""
    return path.read_text().split() if path.is_file() else []
