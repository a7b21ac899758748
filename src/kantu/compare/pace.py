"""How long things are given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """In seconds.

    Attributes:
        load_seconds: for which several clients begin new requests.
        patience_seconds: of whoever asks while something fails, at least; in any case three times as long as usual.
        slow_seconds: by which a slow service is slower.
        starts_seconds: for which further processes begin, after the first one, to have several times of a start.
        recovery_seconds: after the end of a fault, until nobody waits any more for an answer as before.
    """

    load_seconds: float = 3.0
    patience_seconds: float = 5.0
    slow_seconds: float = 1.0
    starts_seconds: float = 4.0
    recovery_seconds: float = 60.0
