"""One request of the remote engine, which any thread can stop at any moment."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kantu.engine.protocol import Listener
from kantu.engine.remote.wire import Upstream
from kantu.engine.request import Delta, Request
from kantu.errors import KantuError, error


class Job:
    """A request on its way; also its caller's handle.

    Attributes:
        sent_at, deadline: by `time.monotonic()`; without a deadline it is infinite.
        error: why it must stop; set once.
    """

    def __init__(
        self,
        request: Request,
        listener: Listener,
        upstreams: Sequence[Upstream],
        wake: Callable[[], None],
        count_listener_error: Callable[[], None],
    ) -> None:
        self.request = request
        self.upstreams = upstreams
        self.sent_at = time.monotonic()
        self.deadline = self.sent_at + (float("inf") if request.timeout_seconds is None else request.timeout_seconds)
        self.error: KantuError | None = None
        self._listener: Listener | None = listener
        self._wake = wake
        self._count_listener_error = count_listener_error
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def cancel(self) -> None:
        """Stop it; see `Handle.cancel`."""
        self.stop(error("cancelled"))
        self._wake()

    def stop(self, error: KantuError) -> None:
        """Make it end with `error`, unless it was stopped before. Wakes its thread from any read or write."""
        with self._lock:
            if self.error is None:
                self.error = error
            self._shut()

    def check(self) -> None:
        """Raise `error` if the request was stopped."""
        if self.error is not None:
            raise self.error

    def deliver(self, item: Delta | KantuError) -> None:
        """Call the listener. If it raises, its request is stopped and it is not called again."""
        if self._listener is None:
            return
        try:
            self._listener(item)
        except Exception:  # an error of the caller, of any kind
            self._listener = None
            self._count_listener_error()
            self.stop(error("cancelled"))

    def take_socket(self, event: str, info: Mapping[str, Any]) -> None:
        """httpx's `trace` extension (python-httpx.org/advanced/extensions): learn the connection's socket."""
        if event.endswith((".connect_tcp.complete", ".start_tls.complete")):
            with self._lock:
                self._socket = info["return_value"].get_extra_info("socket")
                if self.error is not None:
                    self._shut()

    def release_socket(self) -> None:
        """Forget the socket of a closed connection."""
        with self._lock:
            self._socket = None

    def _shut(self) -> None:
        if self._socket is not None:
            with contextlib.suppress(OSError):  # closed by now
                # Not SSLSocket's own method, which removes the TLS layer while another thread reads through it.
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
