"""Records whose true probabilities are known, as they are drawn from them."""

from __future__ import annotations

import numpy as np

from kantu.evaluation.calibration.samples import Judged, Sample
from kantu.solve.calibration import Origin, kind_of

ORIGIN = Origin(
    suite="drawn",
    suite_version="1",
    model="toy",
    weights="0" * 64,
    precision="float32",
    date="2026-11-29",
    pictures=0,
    records=0,
    fields=0,
)


def records(
    count: int,
    task: str = "order",
    paths: tuple[str, ...] = ("status", "amount"),
    *,
    boast: float = 2.0,
    together: bool = False,
    seed: int = 0,
) -> list[Judged]:
    """Three of each picture. Fields say p where they are right with p ** boast; all at once, or each for itself."""
    rng = np.random.default_rng(seed)
    found = []
    for number in range(count):
        luck = rng.uniform(size=len(paths)) if not together else np.repeat(rng.uniform(), len(paths))
        says = np.repeat(rng.uniform(0.3, 1.0), len(paths)) if together else rng.uniform(0.3, 1.0, len(paths))
        fields = tuple(
            Sample(path, kind_of(task, path), float(p), bool(chance < p**boast))
            for path, p, chance in zip(paths, says, luck, strict=True)
        )
        key = f"{task}{seed}/{number}"
        right = all(field.right for field in fields)
        found.append(Judged(key, task, f"{task}{seed}/{number // 3}", "drawn", fields, right))
    return found
