"""The embedded model in float32 on the CPU, here or in a child. Without PyTorch until it is called."""

from __future__ import annotations

from kantu.engine.protocol import Engine


def load_embedded() -> Engine:
    import kantu

    return kantu.load(device="cpu", dtype="float32").detach()
