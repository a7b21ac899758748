"""A bound on the kernels that oneDNN keeps on a CPU."""

from __future__ import annotations

import os

# For one number of rows a kernel takes about 0.65 MiB: its description in the cache of PyTorch, a copy of it and its
# code in that of oneDNN, as two entries. Both hold 1,024 entries by default, which mixed traffic fills: 400 MiB. These
# hold 128 kernels, those of the last 32 numbers of rows of a decoder; making one anew takes 0.3 ms.
_CAPACITIES = {"LRU_CACHE_CAPACITY": "128", "ONEDNN_PRIMITIVE_CACHE_CAPACITY": "256"}


def bound_kernel_caches() -> None:
    """Make the caches that this process opens from now on small; what the user's environment says stays.

    oneDNN reads its variable when it is first used in the process, PyTorch its own when a thread first needs a cache.
    """
    for name, capacity in _CAPACITIES.items():
        os.environ.setdefault(name, capacity)
