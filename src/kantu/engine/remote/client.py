"""Calls chat-completions servers over httpx. Its errors and messages do not leave this module.

Every call has its own connection, never reused. Only then can another thread stop it at any moment, even while it waits
for the first token, by shutting its socket down. A handshake costs nothing compared with a prefill.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Any

from kantu.engine.remote.answer import read_events, read_retry_after, status_error
from kantu.engine.remote.wire import Upstream
from kantu.errors import KantuError, error, install_command

if TYPE_CHECKING:
    import httpx

Trace = Callable[[str, Mapping[str, Any]], None]
"""httpx's `trace` extension: called with the name and details of every event of a connection."""


@dataclass(frozen=True, slots=True)
class RemoteSettings:
    """How the servers are used.

    Attributes:
        connect_seconds: most time to connect, and to answer a probe; a cancelled request may end this late.
        read_seconds: longest silence before and between tokens, including the server's own queue and prefill.
        max_in_flight: most requests sent at once, over all upstreams.
        max_waiting: most requests that wait to be sent; more are refused.
        health_seconds: between two probes (GET /models) of every upstream.
        retry_after_seconds: pause for a server that says it is full but not for how long.
        ca_file: PEM file of the authorities trusted for https; None trusts the system's. Nothing is read from the
            environment, so that no variable sends images through a proxy.
    """

    connect_seconds: float = 3.0
    read_seconds: float = 120.0
    max_in_flight: int = 64
    max_waiting: int = 256
    health_seconds: float = 5.0
    retry_after_seconds: float = 1.0
    ca_file: str | None = None

    def __post_init__(self) -> None:
        seconds = (self.connect_seconds, self.read_seconds, self.health_seconds, self.retry_after_seconds)
        if min(seconds) <= 0 or self.max_in_flight < 1 or self.max_waiting < 0:
            raise error("invalid_remote_settings")


class TryAnotherError(Exception):
    """This upstream did not start the request; another may. `error` is for the caller if none does."""

    def __init__(self, error: KantuError) -> None:
        super().__init__(error.code)
        self.error = error


class ChatClient:
    """Calls any number of upstreams from any number of threads.

    Raises:
        MissingDependencyError: `httpx_missing`.
        InvalidRequestError: `invalid_ca_file`.
    """

    def __init__(self, settings: RemoteSettings) -> None:
        self._httpx = _import_httpx()
        self._settings = settings
        self._client = self._new_client()

    def probe(self, upstream: Upstream) -> bool:
        """Whether it answers at all; requests will report an error about key or path."""
        try:
            with self._client.stream(
                "GET",
                upstream.endpoint("models"),
                headers=_authorization(upstream),
                timeout=self._settings.connect_seconds,
            ) as response:
                return bool(response.status_code < 500)
        except self._httpx.HTTPError:
            return False

    def events(self, upstream: Upstream, body: bytes, trace: Trace) -> Generator[tuple[str, str], None, None]:
        """Send a request and yield the answer's events, see `read_events`. Closing the generator closes the connection.

        Raises:
            TryAnotherError: the upstream cannot be reached (`upstream_unreachable`), is full (`overloaded`), or is a
                proxy without a server (`upstream_failed`).
            UpstreamError: `upstream_unauthorized`, `upstream_failed`, `upstream_timeout`, `upstream_bad_answer`.
            InvalidRequestError: `upstream_refused`.
        """
        failure: Exception | None = None
        try:
            with self._client.stream(
                "POST",
                upstream.endpoint("chat/completions"),
                content=body,
                headers={"Content-Type": "application/json", **_authorization(upstream)},
                extensions={"trace": trace},
            ) as response:
                self._check_response(response)
                yield from read_events(response.iter_bytes())
        except self._httpx.HTTPError as error:
            failure = self._translate(error)
        if failure is not None:  # raised outside, as the library's error holds the headers with the key
            raise failure

    def close(self) -> None:
        """Close what is open. May be called twice."""
        self._client.close()

    def _new_client(self) -> httpx.Client:
        settings = self._settings
        try:
            context = ssl.create_default_context(cafile=settings.ca_file)
        except OSError:  # not there, or not PEM
            raise error("invalid_ca_file") from None
        client: httpx.Client = self._httpx.Client(
            verify=context,
            trust_env=False,
            # No compression: a compressed stream would be held back by the server that compresses it.
            headers={"Accept-Encoding": "identity", "Connection": "close"},
            timeout=self._httpx.Timeout(settings.read_seconds, connect=settings.connect_seconds, pool=None),
            limits=self._httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )
        return client

    def _check_response(self, response: httpx.Response) -> None:
        status = response.status_code
        if status in (429, 503):
            rest = read_retry_after(response.headers.get("Retry-After"), self._settings.retry_after_seconds)
            raise TryAnotherError(error("overloaded.upstream", retry_after_seconds=rest))
        if status in (502, 504):  # a proxy whose server is down: the request has not started
            raise TryAnotherError(error("upstream_failed.status", status=status))
        if status != 200:
            raise status_error(status)
        if not response.headers.get("Content-Type", "").startswith("text/event-stream"):
            raise error("upstream_bad_answer")

    def _translate(self, failure: httpx.HTTPError) -> Exception:
        if isinstance(failure, self._httpx.ConnectError | self._httpx.ConnectTimeout):
            return TryAnotherError(error("upstream_unreachable"))
        return error("upstream_timeout" if isinstance(failure, self._httpx.TimeoutException) else "upstream_failed")


def _authorization(upstream: Upstream) -> dict[str, str]:
    return {} if upstream.api_key is None else {"Authorization": f"Bearer {upstream.api_key}"}


def _import_httpx() -> ModuleType:
    try:
        import httpx
    except ImportError:
        raise error("httpx_missing", install=install_command("service")) from None
    return httpx
