"""What the engine's process runs; the only place of the service that leads to PyTorch."""

from __future__ import annotations

from collections.abc import Mapping

from kantu.engine.protocol import Engine
from kantu.service.watch.log_file import LogFile
from kantu.service.watch.logs import configure


def load_engine(
    folder: str,
    quantize: str | None,
    device: str | None,
    sizes: Mapping[str, int | None],
    log_level: str,
    log_file: LogFile | None = None,
) -> Engine:
    """Load a model and return its engine. Called in the engine's process, which logs as the service does from here on.

    Args:
        sizes: of `kantu.EngineSettings`; None keeps the default.
        log_level: of our own loggers.
        log_file: None is standard error.

    Raises:
        KantuError: as `kantu.load`.
    """
    configure(log_level, log_file, threads=False)
    from kantu.engine.local import EngineSettings
    from kantu.vlm import load

    configure(log_level, log_file, threads=False)  # again: PyTorch has brought handlers that write messages as they are

    given = {name: size for name, size in sizes.items() if size is not None}
    vlm = load(folder, device=device, quantize=quantize, settings=EngineSettings(**given))
    return vlm.detach()
