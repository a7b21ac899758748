"""Visual tokens are kept by what the picture is, within a bound of bytes."""

from __future__ import annotations

import pytest
import torch

from kantu.engine.vision_cache import ImageKey, VisionCache

KEY = ImageKey("tenant", "ab" * 32, (1, 4, 20))
VISUAL = torch.ones(4, 20, 8)  # 2,560 bytes


@pytest.mark.parametrize(
    "other",
    [
        ImageKey("other", "ab" * 32, (1, 4, 20)),
        ImageKey("tenant", "ab" * 31 + "ac", (1, 4, 20)),
        ImageKey("tenant", "ab" * 32, (1, 20, 4)),
    ],
)
def test_another_tenant_picture_or_shape_is_not_found(other: ImageKey) -> None:
    cache = VisionCache(10_000)
    cache.put(KEY, VISUAL)
    assert cache.get(KEY) is VISUAL
    assert cache.get(other) is None


def test_the_least_recently_used_goes_first_and_bytes_stay_bounded() -> None:
    cache = VisionCache(2 * VISUAL.nbytes)
    keys = [ImageKey("", str(i) * 64, (1, 4, 20)) for i in range(3)]
    cache.put(keys[0], VISUAL)
    cache.put(keys[1], VISUAL)
    cache.get(keys[0])
    cache.put(keys[2], VISUAL)
    assert [key in cache for key in keys] == [True, False, True]
    cache.check()


def test_what_is_larger_than_the_cache_is_not_kept() -> None:
    cache = VisionCache(VISUAL.nbytes - 1)
    cache.put(KEY, VISUAL)
    assert KEY not in cache
    assert cache.bytes == 0
