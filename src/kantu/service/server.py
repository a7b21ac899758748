"""The server: accepting, loading, reading tasks again, draining."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import socket
import sys
import threading
from functools import partial
from types import FrameType
from typing import Literal

import uvicorn
from anyio import to_thread
from starlette.types import ASGIApp

from kantu.engine.process import ProcessEngine
from kantu.errors import KantuError, OverloadedError, StoreError
from kantu.service.app import create_app
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent
from kantu.service.gateway import Gateway
from kantu.service.home import RELOAD
from kantu.service.http.acceptor import Acceptor
from kantu.service.http.connection import ImpatientProtocol
from kantu.service.http.connections import Connections, Held
from kantu.service.models.served import ServedModel
from kantu.service.operations import create_operations_app
from kantu.service.settings import ServerSettings

_log = logging.getLogger(__name__)

_KEEP_ALIVE_SECONDS = 75  # longer than most proxies keep theirs, so that they never write into a closing connection
_MOST_OPERATIONS = 64  # connections to the port of metrics and probes
_CLOSE_SECONDS = 5  # for connections, once everything is answered


def _config(app: ASGIApp, settings: ServerSettings, *, lifespan: Literal["on", "off"]) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=ImpatientProtocol,
        ws="none",
        lifespan=lifespan,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_CLOSE_SECONDS,
        ssl_certfile=settings.tls_certificate,
        ssl_keyfile=settings.tls_key,
    )


class Server(uvicorn.Server):
    """uvicorn stops listening when it is told to stop; here new requests still hear why they are refused.

    Its first socket serves the API and the page, its second one, where there is one, metrics and probes.

    Attributes:
        failure: why a model could not be loaded, which ends the server.
    """

    def __init__(self, gateway: Gateway) -> None:
        settings = gateway.settings.server
        super().__init__(_config(create_app(gateway), settings, lifespan="on"))
        self._operations = _config(create_operations_app(gateway), settings, lifespan="off")
        self._gateway = gateway
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: KantuError | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup([])  # accepting is ours
        self._accept(sockets or [])
        settings = self._gateway.settings.server
        scheme = "https" if self.config.is_ssl else "http"
        host, port = sockets[0].getsockname()[:2] if sockets else (settings.host, settings.port)
        shown = f"[{host}]" if ":" in host else host
        print(f"看图正在监听 {scheme}://{shown}:{port}", file=sys.stderr, flush=True)
        for other in (sockets or [])[1:]:
            print(f"指标在 {scheme}://{shown}:{other.getsockname()[1]}/metrics", file=sys.stderr, flush=True)
        self._tasks += [asyncio.create_task(self._load(model)) for model in self._gateway.models]
        self._tasks.append(asyncio.create_task(self._start_decoders()))
        self._tasks.append(asyncio.create_task(self._start_printed_lines()))

    def _accept(self, sockets: list[socket.socket]) -> None:
        self._operations.load()
        served = [
            (self.config, self._gateway.connections),
            (self._operations, Connections(_MOST_OPERATIONS, _MOST_OPERATIONS)),
        ]
        self.servers = [
            Acceptor(listener, connections, partial(self._protocol, config), config.ssl)  # type: ignore[misc]
            for listener, (config, connections) in zip(sockets, served, strict=False)
        ]

    def _protocol(self, config: uvicorn.Config, held: Held) -> ImpatientProtocol:
        protocol = ImpatientProtocol(config, self.server_state, self.lifespan.state, self._loop)
        protocol.held = held
        return protocol

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        lifecycle = self._gateway.lifecycle
        if lifecycle.draining:
            self.should_exit = self.force_exit = True
            return
        lifecycle.draining = True
        loop = self._loop
        loop.call_soon_threadsafe(lambda: self._tasks.append(loop.create_task(self._drain())))

    def reload_tasks(self) -> None:
        """Begin to read the operator's tasks again. On the event loop."""
        self._tasks.append(self._loop.create_task(self._reload()))

    async def _reload(self) -> None:
        """Recorded before it happens: what cannot be recorded is not done."""
        tasks = self._gateway.tasks
        try:
            await self._record(event("reload", "tasks", before={"tasks": sorted(tasks.tasks)}))
            if not await tasks.reload():
                await self._record(event("reload", "tasks", result="failed"))
        except StoreError as failure:
            _log.error("a reload was not recorded", extra={"code": failure.code})

    async def _record(self, event: AuditEvent) -> None:
        gateway = self._gateway
        await gateway.database.run(lambda session: gateway.audit_log.record(session, event))

    async def _serve(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        if threading.current_thread() is threading.main_thread():  # others hear of no signals
            self._loop.add_signal_handler(RELOAD, self.reload_tasks)
        await super()._serve(sockets)

    async def _drain(self) -> None:
        seconds = self._gateway.settings.server.drain_seconds
        _log.info("draining", extra={"seconds": seconds})
        end = self._loop.time() + seconds
        try:
            async with asyncio.timeout(seconds):
                await self._gateway.lifecycle.drained()
            left = max(0.0, end - self._loop.time())
        except TimeoutError:  # which may come a tick of the clock early
            _log.warning("draining took too long")
            left = 0.0
        # what is left of the time is for connections to close; whoever is still being answered then is told so
        self.config.timeout_graceful_shutdown = min(_CLOSE_SECONDS, math.ceil(left))
        self.should_exit = True

    async def _start_decoders(self) -> None:
        with contextlib.suppress(OverloadedError):  # it has been logged, and the first picture tries again
            await self._gateway.decoders.start()

    async def _start_printed_lines(self) -> None:
        if self._gateway.printed_lines is not None:
            with contextlib.suppress(OverloadedError):  # as above
                await self._gateway.printed_lines.start()

    async def _load(self, model: ServedModel) -> None:
        """Say when a model is there; stop where it never will be."""
        engine = model.engine
        if not isinstance(engine, ProcessEngine):
            return
        try:
            while not await to_thread.run_sync(engine.wait_ready, 1.0):
                pass
        except KantuError as error:
            self.failure = error
            self.should_exit = True
            return
        print(f"模型 {model.name} 已就绪", file=sys.stderr, flush=True)
