"""Everything a request needs, put together once."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kantu import __version__
from kantu.contenders.rapidocr import check_installed
from kantu.errors import error
from kantu.service import descriptors
from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.audit.archive import Archiver
from kantu.service.audit.keeping import AnchorKeeper
from kantu.service.audit.log import AuditLog
from kantu.service.audit.opening import anchor_file, archive_folder
from kantu.service.audit.service import AuditService
from kantu.service.audit.shipping import Destination, destinations
from kantu.service.audit.writer import AuditWriter
from kantu.service.batches.record import TASKS, Endpoint
from kantu.service.batches.runner import BatchRunner
from kantu.service.batches.service import BatchService
from kantu.service.batches.work import LineAnswerer
from kantu.service.chat.schemas import ChatRequest
from kantu.service.chat.service import ChatService, read_body
from kantu.service.chat.wording import Wording
from kantu.service.chat.writer import ChatWording
from kantu.service.clock import CautiousClock, SteadyClock, elapsed_seconds
from kantu.service.database import Database
from kantu.service.decisions.service import DecisionService
from kantu.service.decoders.pool import Decoders
from kantu.service.disk.room import DiskRoom, worst_state
from kantu.service.fetch import ImageFetcher
from kantu.service.files.content import ContentStore
from kantu.service.files.quota import Quota
from kantu.service.files.service import FileService
from kantu.service.groups.service import GroupService
from kantu.service.health.readiness import Health
from kantu.service.http.addresses import Networks
from kantu.service.http.connections import Connections
from kantu.service.identity import open_identity
from kantu.service.keys.service import KeyService
from kantu.service.keys.wrong_keys import WrongKeys
from kantu.service.lifecycle import Lifecycle
from kantu.service.limits.limiter import Limiter
from kantu.service.limits.store import LimitStore
from kantu.service.mcp.service import McpService
from kantu.service.memory import LONG_ANSWERS, check_memory
from kantu.service.metered import MeteredPictures
from kantu.service.models.registry import ModelRegistry
from kantu.service.oidc.login import OidcLogin
from kantu.service.oidc.provider import Provider
from kantu.service.people.account import AccountService
from kantu.service.people.person import PERSON_IDS
from kantu.service.people.service import PeopleService
from kantu.service.pictures import Pictures
from kantu.service.printed_lines.lines import PrintedLines
from kantu.service.responses.schemas import CreateResponse
from kantu.service.responses.writer import ResponsesWording
from kantu.service.retention.keyring import KeyRing
from kantu.service.retention.service import HistoryService, Retention
from kantu.service.sessions.service import SessionService
from kantu.service.settings import (
    AuditSettings,
    RetentionSettings,
    ServerSettings,
    Settings,
    StoreSettings,
    TaskSettings,
)
from kantu.service.status.service import StatusService
from kantu.service.tasks.catalogue import TaskCatalogue
from kantu.service.tasks.service import TaskService
from kantu.service.tokenize.service import TokenizeService
from kantu.service.usage.ledger import UsageLedger
from kantu.service.usage.service import UsageService
from kantu.service.watch.traces import Tracing
from kantu.service.watch.watch import Watch

# How a line of a batch is read, by its endpoint.
_WORDINGS: Mapping[Endpoint, Callable[[dict[str, Any]], Wording]] = {
    "/v1/chat/completions": lambda body: ChatWording(read_body(ChatRequest, body)),
    "/v1/responses": lambda body: ResponsesWording(read_body(CreateResponse, body)),
}


@dataclass(frozen=True)
class Gateway:
    """One service. Routes find its parts by their types, through `service.access`."""

    settings: Settings
    lifecycle: Lifecycle
    models: ModelRegistry
    database: Database
    audit_log: AuditLog
    audit_writer: AuditWriter
    audit: AuditService
    anchors: AnchorKeeper
    archiver: Archiver
    cautious_clock: CautiousClock
    keys: KeyService
    wrong_keys: WrongKeys
    people: PeopleService
    account: AccountService
    sessions: SessionService
    oidc: OidcLogin
    groups: GroupService
    connections: Connections
    limiter: Limiter
    admission: Admission
    fetcher: ImageFetcher
    decoders: Decoders
    pictures: Pictures
    printed_lines: PrintedLines | None
    files: FileService
    chat: ChatService
    decisions: DecisionService
    tasks: TaskService
    mcp: McpService
    tokenize: TokenizeService
    batches: BatchService
    batch_runner: BatchRunner
    history: HistoryService
    ledger: UsageLedger
    usage: UsageService
    health: Health
    status: StatusService
    watch: Watch

    def close(self) -> None:
        """Stop the engines and close what is open; what runs on the event loop has ended. Blocks."""
        self.models.close()
        self.watch.close()
        self.database.close()


def build(settings: Settings, home: Path, database: Database, models: ModelRegistry, log: AuditLog) -> Gateway:
    """Put the parts together. Nothing runs yet; see `app.py`.

    Args:
        log: the audit's, over this database.

    Raises:
        InvalidRequestError: `invalid_settings`, `word_list_invalid`, `retention_key_missing`, `retention_key_file`.
        StoreError: `people_key_unusable`.
        MissingDependencyError: printed lines are to be read, and what reads them is not installed.
    """
    check_memory(settings)
    printed_lines = _printed_lines(settings.tasks)
    request, store = settings.request, settings.store
    endpoint = settings.watch.trace_endpoint
    watch = Watch(tracing=None if endpoint is None else Tracing.to_endpoint(endpoint, version=__version__))
    admission = Admission(
        requests=request.max_in_flight,
        pixels=request.max_in_flight_pixels,
        body_bytes=settings.server.max_total_body_bytes,
        answer_bytes=LONG_ANSWERS * request.max_answer_bytes,
        share=request.owner_share,
        largest_body=settings.server.max_body_bytes,
        wait_seconds=request.timeout_seconds / 2,  # so that it hears why before it hears that its time is up
    )
    redis_url = None if store.redis_url is None else store.redis_url.get_secret_value()
    steady = SteadyClock()
    cautious = CautiousClock(steady)
    limiter = Limiter(LimitStore(redis_url), steady)
    wrong_keys = WrongKeys()
    keys = KeyService(database, log, wrong=wrong_keys)
    identity = open_identity(settings.people, home, database, log, clock=steady)
    fetcher = ImageFetcher(settings.fetch)
    room = DiskRoom(home / "files", store.reserve_bytes)
    audit_writer = AuditWriter(
        database,
        log,
        when_unwritable=settings.audit.when_unwritable,
        lets_wait=room.lets_wait if database.file is not None else lambda: False,
    )
    files = FileService(
        database,
        ContentStore(home / "files", room, elapsed_seconds),
        log,
        max_bytes=store.max_file_bytes,
        quota=_quota(store, room),
        days=store.file_days,
        expiry_clock=cautious,
    )
    decoders = Decoders(request.decode_workers, request.decode_memory_bytes)
    pictures = Pictures(
        admission,
        decoders,
        files.open_bytes,
        fetcher.fetch,
        most_pixels=request.max_pixels,
    )
    labels, history = settings.content.labels, _history(settings.retention, database, log, cautious)
    ledger = UsageLedger(database, cautious)
    metered = MeteredPictures(pictures, limiter, ledger)
    chat = ChatService(request, models, metered, admission, watch, labels, history)

    tasks = TaskService(
        request,
        models,
        metered,
        admission,
        watch,
        TaskCatalogue(home / "tasks", settings.tasks.moderation_words),
        labels,
        history,
        printed_lines=printed_lines,
    )

    async def complete(actor: Actor, endpoint: Endpoint, body: dict[str, Any]) -> str:
        if endpoint.startswith(TASKS):
            return await tasks.complete(actor, endpoint.removeprefix(TASKS), body)
        return await chat.complete(actor, _WORDINGS[endpoint](body))

    async def actor_of(key_id: str) -> Actor:
        """Who has made a batch, as they are now."""
        return await (identity.sessions if PERSON_IDS.fits(key_id) else keys).actor(key_id)

    batch_runner = BatchRunner(
        database,
        files,
        LineAnswerer(actor_of, limiter.admit, complete),
        concurrency=store.batch_concurrency,
        most_lines=store.batch_lines,
        most_depth=settings.server.max_json_depth,
        most_bytes=store.max_output_bytes,
        hold=admission.line_of_batch,
        clock=cautious,
        steady=elapsed_seconds,
    )
    batches = BatchService(database, files, log, batch_runner.wake, days=store.batch_days, expiry_clock=cautious)
    lifecycle = Lifecycle()
    rooms = [room] if database.folder is None else [room, DiskRoom(database.folder, store.reserve_bytes)]
    health = Health(
        draining=lambda: lifecycle.draining,
        model_states=lambda: [model.state for model in models],
        queues_full=lambda: all(model.is_full for model in models),
        admission_full=lambda: admission.full,
        ping_database=database.ping,
        disk_state=partial(worst_state, rooms),
    )
    return Gateway(
        settings,
        lifecycle,
        models,
        database,
        log,
        audit_writer,
        AuditService(database, log, anchor_file(settings.audit, home)),
        AnchorKeeper(database, log, _destinations(settings.audit, home)),
        Archiver(database, log, archive_folder(settings.audit, home), settings.audit.keep_days),
        cautious,
        keys,
        wrong_keys,
        identity.people,
        identity.account,
        identity.sessions,
        OidcLogin(
            database,
            log,
            identity.login,
            identity.sessions,
            None if settings.oidc.issuer is None else Provider(settings.oidc),
            settings.oidc.mapping,
            time.time,
        ),
        GroupService(database, log, clock=steady),
        _connections(settings.server),
        limiter,
        admission,
        fetcher,
        decoders,
        pictures,
        printed_lines,
        files,
        chat,
        DecisionService(request, models, metered, admission, watch),
        tasks,
        McpService(tasks, models, limiter),
        TokenizeService(request, models, pictures, admission),
        batches,
        batch_runner,
        history,
        ledger,
        UsageService(database, ledger),
        health,
        StatusService(health, models, database, room, lifecycle, settings.server.max_memory_bytes),
        watch,
    )


def _destinations(settings: AuditSettings, home: Path) -> Sequence[Destination]:
    url = None if settings.anchor_url is None else settings.anchor_url.get_secret_value()
    return destinations(anchor_file(settings, home), settings.anchor_syslog, url, settings.anchor_ca_file)


def _printed_lines(settings: TaskSettings) -> PrintedLines | None:
    if not settings.read_lines:
        return None
    check_installed()
    return PrintedLines(settings.read_lines_workers, settings.read_lines_memory_bytes)


def _history(
    settings: RetentionSettings, database: Database, log: AuditLog, expiry_clock: Callable[[], float]
) -> HistoryService:
    if settings.days is not None and settings.key_file is None:
        raise error("retention_key_missing")
    keys = None if settings.key_file is None else KeyRing(settings.key_file)
    retention = None
    if settings.days is not None and keys is not None:
        retention = Retention(settings.days, keys, settings.cipher, settings.max_owner_bytes)
    return HistoryService(database, log, retention, keys, expiry_clock=expiry_clock)


def _connections(settings: ServerSettings) -> Connections:
    most = descriptors.most_connections(settings.max_connections, descriptors.limit())
    of_one = max(1, min(settings.max_connections_per_address, most // 2))  # the other half is for others
    return Connections(most, of_one, shared=Networks(settings.trusted_proxies))


def _quota(store: StoreSettings, room: DiskRoom) -> Quota:
    """What the settings leave open is a share of the disk."""
    total = room.size_bytes // 2 if store.max_total_bytes is None else store.max_total_bytes
    tenant = total // 4 if store.max_owner_bytes is None else store.max_owner_bytes
    return Quota(store.max_files, tenant, total)
