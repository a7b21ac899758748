"""An engine in its own process, so that its callers never import PyTorch, wait for its GIL or die with it."""

from __future__ import annotations

from kantu.engine.process.engine import ProcessEngine
from kantu.engine.process.supervisor import ProcessSettings, State

__all__ = ["ProcessEngine", "ProcessSettings", "State"]
