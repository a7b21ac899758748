"""Starts `kantu` as often as a test wants it: importing the service takes seconds, and is done once.

One process has imported it (`python -m tests.service.warm`) and forks. What it forks is a process as `kantu` is: with
its own environment, folder, output and arguments, and with the end that the interpreter comes to.
"""

from __future__ import annotations

import atexit
import importlib
import io
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import psutil

ROOT = Path(__file__).parents[2]
_POLL_SECONDS = 0.02
_MOST_BYTES = 2**20


class Started:
    """A process that was started; what `subprocess.Popen` says of its own.

    Attributes:
        pid: its number.
        returncode: as `subprocess.Popen.returncode`; None while nobody has asked, or it runs.
    """

    def __init__(self, told: socket.socket) -> None:
        """`told` says the number of the process, and how it ended."""
        self._told = told
        self._lock = threading.Lock()
        self.pid = self._number()
        self.returncode: int | None = None
        told.setblocking(False)

    def poll(self) -> int | None:
        with self._lock:
            if self.returncode is None:
                try:
                    self.returncode = self._number()
                except BlockingIOError:
                    return None
                self._told.close()
        return self.returncode

    def wait(self, timeout: float = 180) -> int:
        """Its exit status. Raises subprocess.TimeoutExpired."""
        end = time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("kantu", timeout)
            time.sleep(_POLL_SECONDS)
        return status

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def end(self, timeout: float = 30) -> None:
        """At once, with all that it has started: how a service stops is for tests of their own."""
        family: list[psutil.Process] = []
        with suppress(psutil.NoSuchProcess):  # it may end meanwhile
            process = psutil.Process(self.pid)
            family = [*process.children(recursive=True), process] if self.poll() is None else []
        for one in family:
            with suppress(psutil.NoSuchProcess):
                one.kill()
        end = time.monotonic() + timeout
        while not all(map(_is_over, family)):
            assert time.monotonic() < end, "it cannot be killed"
            time.sleep(_POLL_SECONDS)
        self.wait(timeout)

    def _number(self) -> int:
        received = self._told.recv(16)
        assert received, "the process that starts others has ended"
        return int(received)


def _is_over(process: psutil.Process) -> bool:
    """Gone, or only waiting for somebody to ask how it ended."""
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def bare_environment() -> dict[str, str]:
    """This process' environment without settings of Kantu and what pytest adds."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("KANTU_", "PYTEST_"))}


def start(
    *arguments: str,
    cwd: Path,
    environment: Mapping[str, str],
    output: BinaryIO | int,
    errors: BinaryIO | int | None = None,
    module: str = "kantu.cli",
) -> Started:
    """`kantu` with these arguments.

    Args:
        output: where its standard output goes, and its errors where nothing else is told.
        module: whose `main` is called. It is imported before the process is forked.
    """
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    asked = {"arguments": arguments, "cwd": str(cwd), "environment": dict(environment), "module": module}
    standard = [each if isinstance(each, int) else each.fileno() for each in (output, errors or output)]
    with theirs:
        _starter().ask(json.dumps(asked).encode(), theirs.fileno(), *standard)
    return Started(ours)


def run(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """What a command of `kantu` says, once it has ended."""
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        started = start(*arguments, cwd=Path.cwd(), environment=environment, output=output, errors=errors)
        status = started.wait()
        said = [file.seek(0) or file.read().decode() for file in (output, errors)]
    return subprocess.CompletedProcess(arguments, status, *said)


class _Starter:
    """The process that forks, seen from the tests."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        paths = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.service.warm", str(theirs.fileno())],
                env={**bare_environment(), "PYTHONPATH": paths},
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        self._lock = threading.Lock()

    def ask(self, request: bytes, *descriptors: int) -> None:
        with self._lock:
            socket.send_fds(self._control, [request], list(descriptors))

    def close(self) -> None:
        self._control.close()
        self._process.wait()


@cache
def _starter() -> _Starter:
    """One for all tests of this process."""
    starter = _Starter()
    atexit.register(starter.close)
    return starter


# --- in the process that forks


def _serve(control: socket.socket) -> None:
    """Fork as often as it is asked, until nobody is left who could ask."""
    import kantu.cli
    import kantu.service.server
    import kantu.service.start  # noqa: F401  # what `kantu serve` imports

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those in between
    while True:
        request, descriptors, *_ = socket.recv_fds(control, _MOST_BYTES, 3)
        if not request:
            return
        asked = json.loads(request)
        importlib.import_module(asked["module"])
        told, *standard = descriptors
        if os.fork() == 0:
            control.close()
            _between(asked, socket.socket(fileno=told), standard)
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _between(asked: dict[str, Any], told: socket.socket, standard: list[int]) -> None:
    """Waits for the process and tells how it ended; the process itself comes back from here when it ends."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    pid = os.fork()
    if pid == 0:
        told.close()
        _become(standard, **asked)
        return
    told.send(str(pid).encode())
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    try:
        told.send(str(status).encode())
    finally:
        os._exit(0)


def _become(standard: list[int], arguments: list[str], cwd: str, environment: dict[str, str], module: str) -> None:
    for place, (name, descriptor) in enumerate(zip(("stdout", "stderr"), standard, strict=True), 1):
        os.dup2(descriptor, place)
        os.close(descriptor)
        before = getattr(sys, name)  # which knows what stood there, a file for instance, and may seek
        buffer = io.BufferedWriter(io.FileIO(place, "w", closefd=False))
        fresh = io.TextIOWrapper(buffer, before.encoding, before.errors, line_buffering=name == "stderr")
        setattr(sys, name, fresh)
        setattr(sys, f"__{name}__", fresh)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [str(Path(sys.executable).with_name("kantu")), *arguments]
    sys.exit(sys.modules[module].main())


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
