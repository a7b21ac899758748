"""A bound on the kernels that oneDNN keeps on a CPU."""

from __future__ import annotations

import os

# A kernel for one number of rows takes about 0.65 MiB: its description in PyTorch's cache, and a copy of that and the
# code in oneDNN's, as two entries. Both caches hold 1,024 entries by default, which mixed traffic fills: 400 MiB. These
# bounds hold 128 kernels, those for a decoder's last 32 numbers of rows; making a kernel again takes 0.3 ms.
_CAPACITIES = {"LRU_CACHE_CAPACITY": "128", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256"}


def bound_kernel_caches() -> None:
    """Bound the caches that this process opens from now on. Values in the user's environment are kept.

    oneDNN reads its variable at its first use in the process, PyTorch when a thread first needs a cache.
    """
    for name, capacity in _CAPACITIES.items():
        os.environ.setdefault(name, capacity)
