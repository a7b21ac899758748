"""What the engine's process runs; the only place of the service that leads to PyTorch."""

from __future__ import annotations

from collections.abc import Mapping

from kantu.engine.protocol import Engine


def load_engine(folder: str, quantize: str | None, device: str | None, sizes: Mapping[str, int | None]) -> Engine:
    """Load a model and return its engine. Called in the engine's process.

    Args:
        sizes: of `kantu.EngineSettings`; None keeps the default.

    Raises:
        KantuError: as `kantu.load`.
    """
    from kantu.engine.local import EngineSettings
    from kantu.vlm import load

    given = {name: size for name, size in sizes.items() if size is not None}
    vlm = load(folder, device=device, quantize=quantize, settings=EngineSettings(**given))
    return vlm.detach()
