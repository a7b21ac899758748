"""Starts a child process: a fresh interpreter, as multiprocessing's "spawn" does.

Unlike multiprocessing's, it imports nothing of `__main__` or of the working directory, needs no helper process, and
nobody's exit waits for it: a child ends by itself when its parent is gone.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from dataclasses import dataclass

from kantu.engine.process.channel import Channel
from kantu.engine.process.environment import child_environment
from kantu.engine.process.messages import Load


@dataclass(frozen=True, slots=True)
class Child:
    """A child, seen from its parent."""

    process: subprocess.Popen[bytes]
    channel: Channel


def launch(load: Load) -> Child:
    """Start a child and give it its first message.

    Raises:
        OSError, MemoryError, RuntimeError: no memory, process, file descriptor or thread is left.
    """
    ours, theirs = socket.socketpair()
    with contextlib.ExitStack() as on_error, theirs:
        on_error.callback(ours.close)
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "kantu.engine.process.child", str(theirs.fileno())],
            env={**child_environment(os.environ), "PYTHONPATH": os.pathsep.join(sys.path)},
            pass_fds=(theirs.fileno(),),
            stdin=subprocess.DEVNULL,
            process_group=0,  # a terminal's Ctrl-C is for the parent, which then closes the engine in order
        )
        on_error.callback(process.wait)
        on_error.callback(process.kill)
        channel = Channel(ours, "kantu-process-write")
        on_error.pop_all()
    channel.put(load)
    return Child(process, channel)
