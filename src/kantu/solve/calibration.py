"""From the model's own probabilities to confidences. This is the identity, for models without a calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

_THRESHOLD = 0.5


@dataclass(frozen=True)
class Calibration:
    """How probable it is that a field is right.

    Attributes:
        calibrated: whether it was fitted on known truth.
        digest: of what it holds; "" where it holds nothing.
    """

    calibrated: bool = False
    digest: str = ""

    def confidence(self, kind: str, raw: float) -> float:
        """Of a field of this kind ("order.amount") with this probability."""
        return raw

    def whole(self, task: str, confidences: Mapping[str, float]) -> float:
        """Of a record whose fields have these confidences."""
        return math.prod(confidences.values())

    def threshold(self, task: str) -> float:
        """Below it, a person should look."""
        return _THRESHOLD
