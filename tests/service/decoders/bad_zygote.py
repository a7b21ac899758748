"""A zygote whose processes misbehave. It is told how by the picture's data."""

from __future__ import annotations

import ctypes
import os
import socket
import threading
from pathlib import Path

from kantu.service.decoders import sandbox, wire, zygote
from kantu.service.decoders.wire import Verdict


def open_a_file_to_write() -> None:
    Path("/tmp/kantu-decoder-was-here").write_text("x")


def open_a_file_to_read() -> None:
    Path("/etc/passwd").read_bytes()


def make_a_socket() -> None:
    socket.socket()


def start_a_process() -> None:
    os.fork()


def execute() -> None:
    os.execv("/bin/true", ["/bin/true"])


def start_a_thread() -> None:
    threading.Thread(target=print).start()


def kill_the_parent() -> None:
    os.kill(os.getppid(), 9)


def trace_the_parent() -> None:
    ctypes.CDLL(None).ptrace(16, os.getppid(), 0, 0)


def map_code() -> None:
    ctypes.CDLL(None).mmap(0, 4096, 7, 0x22, -1, 0)


def raise_the_limits() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (9, 9))


def compute_for_ever() -> None:
    while True:
        pass


def take_all_memory() -> None:
    held = []
    while True:
        held.append(bytes(2**24))


def wait_for_ever() -> None:
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()


def crash() -> None:
    ctypes.string_at(0)


CRIMES = {
    crime.__name__: crime
    for crime in (
        open_a_file_to_write,
        open_a_file_to_read,
        make_a_socket,
        start_a_process,
        execute,
        start_a_thread,
        kill_the_parent,
        trace_the_parent,
        map_code,
        raise_the_limits,
        compute_for_ever,
        take_all_memory,
        wait_for_ever,
        crash,
    )
}


def decode_one(end: socket.socket) -> None:
    """Do what the data says; "say" is followed by what to send."""
    task = wire.decode(lambda size: zygote._read(end, size))
    what, _, rest = task.picture.data.partition(b" ")
    if what == b"say":
        end.sendall(rest)
    elif what == b"environment":
        found = repr(dict(os.environ)).encode()
        end.sendall(bytes([Verdict.DONE]) + found.ljust(task.answer_bytes))
    else:
        try:
            CRIMES[what.decode()]()
        except MemoryError:
            end.sendall(bytes([Verdict.TOO_COSTLY]))
        else:
            end.sendall(bytes([Verdict.DONE]) + bytes(task.answer_bytes))


if __name__ == "__main__":
    zygote.decode_one = decode_one
    sandbox.CPU_SECONDS = 1
    zygote.main()
