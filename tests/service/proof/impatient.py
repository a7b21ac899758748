"""`kantu`, whose batches are taken over from a runner that has been silent for 3 seconds, and not only for 30."""

from __future__ import annotations

from functools import partial

from kantu.cli import main
from kantu.service import gateway
from kantu.service.batches.runner import BatchRunner

if __name__ == "__main__":
    gateway.BatchRunner = partial(BatchRunner, lease_seconds=3)  # type: ignore[assignment, misc]
    main()
