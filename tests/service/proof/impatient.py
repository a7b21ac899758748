"""`kantu`, whose batches are taken over from a runner that has been silent for 3 seconds, and not only for 30."""

from __future__ import annotations

from functools import partial

from kantu import cli
from kantu.service import gateway
from kantu.service.batches.runner import BatchRunner


def main() -> None:
    gateway.BatchRunner = partial(BatchRunner, lease_seconds=3)  # type: ignore[assignment, misc]
    cli.main()
