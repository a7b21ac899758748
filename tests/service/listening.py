"""A gateway behind its real HTTP server, on a port of this machine, in a thread of the test's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from kantu.service.actor import Limits
from kantu.service.gateway import Gateway
from kantu.service.server import Server
from kantu.service.start import listen


@dataclass(frozen=True)
class Listening:
    """Where it listens, a key for it, and the server itself."""

    host: str
    port: int
    key: str
    server: Server
    thread: threading.Thread


@contextmanager
def listening(gateway: Gateway) -> Iterator[Listening]:
    """Serve until the block ends, as `kantu serve` does; signals are `server.handle_exit`."""
    _, key = gateway.keys.create("test", limits=Limits())
    listener = listen(gateway.settings.server)
    server = Server(gateway)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="test-server")
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the server did not start"
            time.sleep(0.01)
        host, port = listener.getsockname()[:2]
        yield Listening(host, port, key, server, thread)
    finally:
        server.should_exit = server.force_exit = True
        thread.join(30)
        assert not thread.is_alive()
