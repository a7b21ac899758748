"""What is seen of the service from outside: metrics, logs, traces. Never what was asked or answered."""

from __future__ import annotations

from kantu.service.watch.middleware import WatchMiddleware
from kantu.service.watch.sources import Sources
from kantu.service.watch.watch import RequestWatch, Watch

__all__ = ["RequestWatch", "Sources", "Watch", "WatchMiddleware"]
