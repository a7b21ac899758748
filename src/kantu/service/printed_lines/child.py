"""The process that reads printed lines: pictures come over a socket, and their lines go back over it.

It ends with its parent, or when a picture fails: whoever waits finds the socket closed.
"""

from __future__ import annotations

import json
import resource
import signal
import socket
import struct
import sys
from dataclasses import astuple
from io import BufferedRWPair

import numpy as np

from kantu.contenders.rapidocr import RapidOCRReader
from kantu.service.decoders import sandbox
from kantu.solve.reader import Reader

PICTURE = struct.Struct("<II")  # height and width; RGB pixels follow
ANSWER = struct.Struct("<I")  # bytes of JSON that follow: a list of [text, box, sureness]
READY = b"R"  # said once


def answer(reader: Reader, end: BufferedRWPair) -> None:
    """Read one picture after the other until there are no more."""
    end.write(READY)
    end.flush()
    while len(header := end.read(PICTURE.size)) == PICTURE.size:
        height, width = PICTURE.unpack(header)
        pixels = np.frombuffer(_exactly(end, height * width * 3), dtype=np.uint8).reshape(height, width, 3)
        lines = json.dumps([astuple(line) for line in reader.read(pixels)], ensure_ascii=False).encode()
        end.write(ANSWER.pack(len(lines)) + lines)
        end.flush()


def _exactly(end: BufferedRWPair, size: int) -> bytes:
    data = end.read(size)
    if len(data) < size:
        raise EOFError
    return data


def main() -> None:
    """Entry. Arguments: the socket's descriptor, the parent's process id, and the bytes of address space to take."""
    descriptor, parent, memory_bytes = map(int, sys.argv[1:])
    for number in (signal.SIGINT, signal.SIGTERM):  # the parent decides when it is over
        signal.signal(number, signal.SIG_IGN)
    sandbox.end_with_parent(sandbox.libc(), parent)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # it would hold a picture
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    reader = RapidOCRReader()
    with socket.socket(fileno=descriptor) as ours, ours.makefile("rwb") as end:
        answer(reader, end)


if __name__ == "__main__":
    main()
