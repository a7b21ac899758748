"""An engine in a process of its own, so that whoever asks never imports PyTorch, waits for its GIL or dies with it."""

from __future__ import annotations

from kantu.engine.process.engine import ProcessEngine
from kantu.engine.process.supervisor import ProcessSettings, State

__all__ = ["ProcessEngine", "ProcessSettings", "State"]
