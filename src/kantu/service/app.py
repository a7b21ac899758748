"""The application: routes, middlewares, and what runs beside them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping
from functools import partial

from anyio import to_thread
from fastapi import FastAPI

from kantu import __version__
from kantu.errors import StoreError
from kantu.service import page
from kantu.service.access import provide
from kantu.service.audit.acting import event
from kantu.service.audit.endpoints import router as audit_router
from kantu.service.audit.keeping import archive_forever, keep_anchors_forever
from kantu.service.audit.middleware import AuditMiddleware
from kantu.service.batches.endpoints import router as batches_router
from kantu.service.batches.repository import counts_by_state
from kantu.service.chat.endpoints import router as chat_router
from kantu.service.database.upkeep import make_room_forever
from kantu.service.decisions.endpoints import router as decisions_router
from kantu.service.dialect import MESSAGES
from kantu.service.document import ANTHROPIC_FAILURES, DOCUMENT, FAILURES, document_router
from kantu.service.errors import install
from kantu.service.files.endpoints import router as files_router
from kantu.service.gateway import Gateway
from kantu.service.groups.endpoints import router as groups_router
from kantu.service.health.endpoints import health_router
from kantu.service.http.actor import API, ActorMiddleware
from kantu.service.http.addresses import Networks
from kantu.service.http.answer_headers import AnswerHeadersMiddleware
from kantu.service.http.body import BodyMiddleware
from kantu.service.http.cors import OtherOriginsMiddleware
from kantu.service.http.forwarded import ForwardedMiddleware
from kantu.service.http.head import HeadMiddleware
from kantu.service.http.late import LateMiddleware
from kantu.service.http.patience import DrainMiddleware, SlowReaderMiddleware
from kantu.service.http.request_id import RequestIdMiddleware
from kantu.service.keys.endpoints import router as keys_router
from kantu.service.label.reductions import reductions
from kantu.service.mcp.endpoint import ADDRESS as MCP
from kantu.service.mcp.endpoint import mcp_router
from kantu.service.messages.endpoints import router as messages_router
from kantu.service.models.endpoints import router as models_router
from kantu.service.oidc.endpoints import OPEN_TO_ALL, oidc_router
from kantu.service.people.endpoints import account_router
from kantu.service.people.endpoints import router as people_router
from kantu.service.responses.endpoints import router as responses_router
from kantu.service.retention.endpoints import router as history_router
from kantu.service.sessions.endpoints import LOGIN, login_router
from kantu.service.sessions.endpoints import router as sessions_router
from kantu.service.settings import Settings
from kantu.service.shown_settings import router as settings_router
from kantu.service.status.endpoints import router as status_router
from kantu.service.sweeper import sweep_forever
from kantu.service.tasks.endpoints import router as tasks_router
from kantu.service.tokenize.endpoints import router as tokenize_router
from kantu.service.usage.endpoints import router as usage_router
from kantu.service.usage.ledger import write_usage_forever
from kantu.service.watch.endpoints import METRICS, metrics_router
from kantu.service.watch.middleware import WatchMiddleware
from kantu.service.watch.sources import Sources

_log = logging.getLogger(__name__)

ROUTERS = (
    *(chat_router, responses_router, decisions_router, tasks_router),
    *(models_router, files_router, batches_router, tokenize_router, history_router, audit_router),
    *(login_router, oidc_router, sessions_router, account_router, people_router, groups_router),
    *(keys_router, usage_router, status_router, settings_router),
)
"""Of the API, but for those that depend on settings and for Anthropic's, whose errors look otherwise."""

_WITH_PICTURES = (
    "/v1/chat/completions",
    "/v1/decisions",
    "/v1/responses",
    "/v1/tokenize",
    MESSAGES,
    f"{MESSAGES}/count_tokens",
)
_TASKS = "/v1/tasks/"
_PLAIN_BYTES = 2**20  # of JSON that holds no pictures
_MULTIPART_BYTES = 2**16  # names and boundaries around an uploaded file
_DESCRIPTION = "图片与问题一起进，中文回答或有类型的记录出。兼容 OpenAI、Anthropic；错误代码见 docs/errors.md。"


def create_app(gateway: Gateway) -> FastAPI:
    """The ASGI application over `gateway`, which it closes when it stops."""
    settings = gateway.settings.server
    app = FastAPI(
        title="看图 Kantu",
        version=__version__,
        description=_DESCRIPTION,
        openapi_url=None,  # `document_router`, which may ask for a key
        docs_url=None,  # its scripts come from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # it would answer with an address made of the Host header
        lifespan=partial(_lifespan, gateway),
        # ours is in watch/; FastAPI's would put bodies and exceptions into spans
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    provide(app, vars(gateway).values())
    install(app)
    for router in ROUTERS:
        app.include_router(router, responses=FAILURES)
    app.include_router(messages_router, responses=ANTHROPIC_FAILURES)
    if settings.mcp:
        app.include_router(mcp_router(settings.cors_origins))
    app.include_router(health_router(lambda request: gateway.health))
    watch = gateway.settings.watch
    if watch.metrics_port is None:
        responses = {} if watch.metrics_public else FAILURES
        app.include_router(metrics_router(gateway.watch, public=watch.metrics_public), responses=responses)
    if settings.docs:
        app.include_router(document_router(app.openapi, public=settings.docs_public))
    page.install(app, gateway.settings)
    app.add_middleware(HeadMiddleware)  # the last one added is the outermost
    app.add_middleware(
        BodyMiddleware,
        admission=gateway.admission,
        max_bytes=lambda path: (
            settings.max_body_bytes if path in _WITH_PICTURES or path.startswith(_TASKS) else _PLAIN_BYTES
        ),
        max_upload_bytes=gateway.settings.store.max_file_bytes + _MULTIPART_BYTES,
        seconds=settings.body_seconds,
        depth=settings.max_json_depth,
    )
    app.add_middleware(DrainMiddleware, lifecycle=gateway.lifecycle)
    guarded = _guarded(gateway.settings)
    app.add_middleware(AuditMiddleware, writer=gateway.audit_writer, guarded=guarded)
    app.add_middleware(
        ActorMiddleware,
        authenticate=gateway.keys.authenticate,
        session=gateway.sessions.authenticate,
        guarded=guarded,
        open_to_all=[("POST", LOGIN), *OPEN_TO_ALL],
    )
    app.add_middleware(LateMiddleware, seconds=gateway.settings.request.timeout_seconds)
    app.add_middleware(SlowReaderMiddleware, seconds=settings.send_seconds)
    app.add_middleware(WatchMiddleware, watch=gateway.watch, log_clients=watch.log_clients)
    app.add_middleware(RequestIdMiddleware)
    if settings.cors_origins:
        app.add_middleware(OtherOriginsMiddleware, origins=settings.cors_origins)
    app.add_middleware(AnswerHeadersMiddleware)
    app.add_middleware(ForwardedMiddleware, trusted=Networks(settings.trusted_proxies))
    return app


def _guarded(settings: Settings) -> list[str]:
    """How the addresses begin that need a key."""
    closed = {
        METRICS: not settings.watch.metrics_public,
        DOCUMENT: not settings.server.docs_public,
        MCP: settings.server.mcp,
    }
    return [API, *(address for address, is_closed in closed.items() if is_closed)]


@contextlib.asynccontextmanager
async def _lifespan(gateway: Gateway, _: FastAPI) -> AsyncIterator[None]:
    gateway.watch.attach(_sources(gateway))
    await _record_start(gateway)
    gateway.audit_writer.start()
    tasks = [
        asyncio.create_task(keep_anchors_forever(gateway.anchors, gateway.settings.audit.anchor_seconds)),
        asyncio.create_task(archive_forever(gateway.archiver, gateway.cautious_clock)),
        asyncio.create_task(sweep_forever("files", gateway.files.sweep)),
        asyncio.create_task(sweep_forever("batches", gateway.batches.sweep)),
        asyncio.create_task(sweep_forever("kept exchanges", gateway.history.sweep)),
        asyncio.create_task(sweep_forever("sessions", gateway.sessions.sweep)),
        asyncio.create_task(write_usage_forever(gateway.ledger)),
        asyncio.create_task(gateway.batch_runner.run()),
        asyncio.create_task(make_room_forever(gateway.database.make_room)),
        asyncio.create_task(gateway.mcp.run()),
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await gateway.fetcher.aclose()
        await gateway.decoders.aclose()
        if gateway.printed_lines is not None:
            await gateway.printed_lines.aclose()
        await gateway.limiter.close()
        await to_thread.run_sync(partial(_end_usage, gateway))
        await to_thread.run_sync(partial(_end_audit, gateway))
        await to_thread.run_sync(gateway.close)


async def _record_start(gateway: Gateway) -> None:
    """A start that cannot be recorded is none, unless the settings say that requests come first; with it, what has
    less than a whole label from now on."""
    settings = gateway.settings
    # Pydantic writes no secrets.
    started = event("start", "service", after={"version": __version__, "settings": settings.model_dump(mode="json")})
    events = [started, *reductions(settings.content.labels)]
    try:
        await gateway.database.run(lambda session: gateway.audit_log.record_all(session, events), urgent=True)
    except StoreError as failure:
        if settings.audit.when_unwritable == "refuse":
            raise
        _log.error("the start was not recorded", extra={"code": failure.code})


def _end_usage(gateway: Gateway) -> None:
    try:
        gateway.ledger.write()
    except StoreError as failure:
        _log.error("the last usage was not written", extra={"code": failure.code})


def _end_audit(gateway: Gateway) -> None:
    """Write what is left, that the service stops, and how far the chain reaches."""
    gateway.audit_writer.close()
    try:
        gateway.database.urgently(lambda session: gateway.audit_log.record(session, event("stop", "service")))
        gateway.anchors.keep()
    except StoreError as failure:
        _log.error("the end was not recorded", extra={"code": failure.code})


def _sources(gateway: Gateway) -> Sources:
    return Sources(
        models={model.name: model.engine.stats for model in gateway.models},
        ready=gateway.health.accepts,
        in_flight_requests=lambda: gateway.lifecycle.in_flight,
        body_bytes=lambda: gateway.admission.body_bytes,
        max_memory_bytes=lambda: gateway.settings.server.max_memory_bytes,
        in_flight_pixels=lambda: gateway.admission.pixels,
        limit_store_errors=lambda: gateway.limiter.store.errors,
        wrong_keys=lambda: gateway.wrong_keys.total,
        connections=lambda: gateway.connections.count,
        connections_refused=lambda: gateway.connections.refused,
        batches=lambda: _batches(gateway),
    )


def _batches(gateway: Gateway) -> Mapping[str, int]:
    with gateway.database.session(read_only=True) as session:
        return counts_by_state(session)
