"""A process in place of the one that reads printed lines: the first pixel's red tells it what to do."""

from __future__ import annotations

import os
import signal
import socket
import sys

import numpy as np
import numpy.typing as npt

from kantu.service.printed_lines.child import answer
from kantu.solve.reader import PrintedLine

ENDS, HANGS, TELLS_TOO_MUCH = 1, 2, 3


class Reader:
    def read(self, pixels: npt.NDArray[np.uint8]) -> tuple[PrintedLine, ...]:
        height, width = pixels.shape[:2]
        if pixels[0, 0, 0] == ENDS:
            os._exit(9)
        if pixels[0, 0, 0] == HANGS:
            signal.pause()
        text = "字" * (2**20 if pixels[0, 0, 0] == TELLS_TOO_MUCH else 1)
        return (PrintedLine(f"{os.getpid()}", (0, 0, width, height), 0.5), PrintedLine(text, (0, 0, 1, 1), 1.0))


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as ours, ours.makefile("rwb") as end:
        answer(Reader(), end)
