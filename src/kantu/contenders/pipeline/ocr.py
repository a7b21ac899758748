"""Stage 2: printed lines with their boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from queue import LifoQueue

from kantu.contenders.pipeline.parts import Lines, Prepared
from kantu.solve.reader import Reader


class Ocr:
    """Reads with one of several readers, each of which reads one picture at a time; who finds none free waits."""

    def __init__(self, readers: Sequence[Reader]) -> None:
        self._free: LifoQueue[Reader] = LifoQueue()
        for reader in readers:
            self._free.put(reader)

    def __call__(self, prepared: Prepared) -> Lines:
        reader = self._free.get()
        try:
            lines = reader.read(prepared.pixels)
        finally:
            self._free.put(reader)
        return tuple(replace(line, text=line.text.strip()) for line in lines if line.text.strip())
