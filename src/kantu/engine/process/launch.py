"""Starts a child process: a fresh interpreter, as multiprocessing's "spawn" does.

Unlike with multiprocessing, the child imports nothing of `__main__` or of the working directory, there is no helper
process, and no exit waits for the child: it ends by itself when its parent is gone.

A child gets the environment variables it computes with, and no secrets. The parent's environment holds passwords
(`KANTU_STORE_DATABASE_URL`, upstream keys, and more) that an engine does not need, and that anybody who takes over the
process could read. A variable that is not named here is not passed on.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from kantu.engine.process.channel import Channel
from kantu.engine.process.messages import Load

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

# How libgomp's threads wait for each other. By default they spin for a time slice, as if they had the cores to
# themselves. If another process takes a core, two threads share one, each operator costs a time slice, and an answer of
# 0.7 s takes 16 to 50 s. This value is libgomp's own for more threads than cores; without other load it costs 10 %.
_SPIN_COUNT = "1000"
_WAITING = ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY")


@dataclass(frozen=True, slots=True)
class Child:
    """A child, seen from its parent."""

    process: subprocess.Popen[bytes]
    channel: Channel


def launch(load: Load) -> Child:
    """Start a child and give it its first message.

    Raises:
        OSError, MemoryError, RuntimeError: no memory, process, file descriptor or thread is left.
    """
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as on_error, theirs:
        on_error.callback(ours.close)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kantu.engine.process.child", str(theirs.fileno())],
            env={**child_environment(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            process_group=0,  # a terminal's Ctrl-C reaches only the parent, which then closes the engine in order
        )
        on_error.callback(process.wait)
        on_error.callback(process.kill)
        channel = Channel(ours, "kantu-process-write")
        on_error.pop_all()
    channel.put(load)
    return Child(process, channel)


def child_environment(parent: Mapping[str, str]) -> dict[str, str]:
    """The variables for the engine's process: some of `parent`, and how its threads wait."""
    given = {name: value for name, value in parent.items() if name in _NAMES or name.startswith(_PREFIXES)}
    return given if any(name in given for name in _WAITING) else given | {"GOMP_SPINCOUNT": _SPIN_COUNT}
