"""Which of the parent's environment variables its child is given: what it computes with, and no secrets.

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


def child_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """The variables of `parent` that the engine's process gets."""
    return {name: value for name, value in parent.items() if name in _NAMES or name.startswith(_PREFIXES)}
