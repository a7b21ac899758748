"""The environment of the engine's process: what it computes with, and no secrets.

The parent's environment holds passwords (`KANTU_STORE_DATABASE_URL`, upstream keys, whatever else an operator set) that
an engine has no use for, and that anybody who gets hold of the process could read. What is not named here is not given.
"""

from __future__ import annotations

from collections.abc import Mapping

_NAMES = frozenset(
    {
        "CC",  # torch.compile's compilers
        "CXX",
        "HOME",
        "KANTU_HOME",
        "KANTU_HUB",
        "KANTU_HUB_ENDPOINT",
        "LANG",
        "LANGUAGE",
        "LD_LIBRARY_PATH",
        "LD_PRELOAD",  # another malloc, or Intel's OpenMP
        "LOGNAME",
        "PATH",
        "SSL_CERT_DIR",
        "SSL_CERT_FILE",
        "TMPDIR",
        "TZ",
        "USER",  # PyTorch names its cache folder after it
        "XDG_CACHE_HOME",
    }
)
_PREFIXES = (
    "CUBLAS",  # CUBLAS_WORKSPACE_CONFIG, CUBLASLT_...
    "CUDA_",
    "CUDNN_",
    "DNNL_",
    "GLIBC_TUNABLES",
    "GOMP_",
    "HIP_",
    "HSA_",
    "KMP_",
    "LC_",
    "LRU_CACHE_CAPACITY",  # oneDNN's through PyTorch
    "MALLOC_",
    "MKL_",
    "NCCL_",
    "NVIDIA_",
    "OMP_",
    "ONEDNN_",
    "OPENBLAS_",
    "PYTHON",
    "PYTORCH_",
    "RAYON_",  # the tokenizer's threads
    "RUST_BACKTRACE",
    "TOKENIZERS_",
    "TORCH",  # TORCH_..., TORCHINDUCTOR_...
    "TRITON_",
)


# How libgomp's threads wait for each other. By default they spin for a time slice, as if the cores were theirs alone.
# Where another process takes one of them, two threads come to share a core, each operator costs a slice, and an answer
# of 0.7 s takes 16 to 50. This is what libgomp itself takes where it has more threads than cores; alone it costs 10 %.
_SPIN_COUNT = "1000"
_WAITING = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


def child_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """The variables that the engine's process gets: some of `parent`, and how its threads wait."""
    given = {name: value for name, value in parent.items() if name in _NAMES or name.startswith(_PREFIXES)}
    return given if any(name in given for name in _WAITING) else given | {"GOMP_SPINCOUNT": _SPIN_COUNT}
