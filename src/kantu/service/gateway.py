"""Everything a request needs, put together once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kantu import __version__
from kantu.service import descriptors
from kantu.service.admission import Admission
from kantu.service.batches.answer import LineAnswerer
from kantu.service.batches.runner import BatchRunner
from kantu.service.batches.service import BatchService
from kantu.service.chat.service import ChatService
from kantu.service.database import Database
from kantu.service.fetch import ImageFetcher
from kantu.service.files.content import ContentStore
from kantu.service.files.service import FileService
from kantu.service.health.readiness import Health
from kantu.service.http.addresses import Networks
from kantu.service.http.connections import Connections
from kantu.service.keys.service import KeyService
from kantu.service.keys.wrong_keys import WrongKeys
from kantu.service.lifecycle import Lifecycle
from kantu.service.limits.limiter import Limiter
from kantu.service.limits.store import LimitStore
from kantu.service.models.served import ServedModel
from kantu.service.pictures import Pictures
from kantu.service.settings import ServerSettings, Settings
from kantu.service.watch.traces import Tracing
from kantu.service.watch.watch import Watch


@dataclass(frozen=True)
class Gateway:
    """One service. Endpoints find it through `service.access`."""

    settings: Settings
    lifecycle: Lifecycle
    model: ServedModel
    database: Database
    keys: KeyService
    wrong_keys: WrongKeys
    connections: Connections
    limiter: Limiter
    admission: Admission
    fetcher: ImageFetcher
    pictures: Pictures
    files: FileService
    chat: ChatService
    batches: BatchService
    batch_runner: BatchRunner
    health: Health
    watch: Watch

    def close(self) -> None:
        """Stop the engine and close what is open; what runs on the event loop has ended. Blocks."""
        self.model.engine.close()
        self.watch.close()
        self.database.close()


def open_database(settings: Settings, home: Path) -> Database:
    """The database that the settings name, its tables brought up to date.

    Raises:
        StoreError: it cannot be reached or written.
        InvalidRequestError: `invalid_settings`.
    """
    url = settings.store.database_url
    database = Database.sqlite(home / "kantu.db") if url is None else Database(url.get_secret_value())
    database.upgrade()
    return database


def build(settings: Settings, home: Path, database: Database, model: ServedModel) -> Gateway:
    """Put the parts together. Nothing runs yet; see `app.py`.

    Raises:
        InvalidRequestError: `invalid_settings`.
    """
    request, store = settings.request, settings.store
    endpoint = settings.watch.trace_endpoint
    watch = Watch(tracing=None if endpoint is None else Tracing.to_endpoint(endpoint, version=__version__))
    admission = Admission(request.max_in_flight, request.max_in_flight_pixels)
    redis_url = None if store.redis_url is None else store.redis_url.get_secret_value()
    limiter = Limiter(LimitStore(redis_url))
    wrong_keys = WrongKeys()
    keys = KeyService(database, wrong=wrong_keys)
    fetcher = ImageFetcher(settings.fetch)
    files = FileService(
        database,
        ContentStore(home / "files"),
        max_bytes=store.max_file_bytes,
        max_files=store.max_files,
        days=store.file_days,
        decode_workers=request.decode_workers,
    )
    pictures = Pictures(
        model.image_config,
        admission,
        files.open_bytes,
        fetcher.fetch,
        most_pixels=request.max_pixels,
        workers=request.decode_workers,
    )
    chat = ChatService(request, model, pictures, limiter, admission, watch)
    batch_runner = BatchRunner(
        database,
        files,
        LineAnswerer(keys.caller, limiter.admit, chat.complete),
        concurrency=store.batch_concurrency,
        most_lines=store.batch_lines,
        most_depth=settings.server.max_json_depth,
    )
    batches = BatchService(database, files, batch_runner.wake, days=store.batch_days)
    lifecycle = Lifecycle()
    health = Health(
        draining=lambda: lifecycle.draining,
        model_state=lambda: model.state,
        stats=model.engine.stats,
        most_waiting=settings.model.max_waiting,
        admission_full=lambda: admission.full,
        ping_database=database.ping,
    )
    return Gateway(
        settings,
        lifecycle,
        model,
        database,
        keys,
        wrong_keys,
        _connections(settings.server),
        limiter,
        admission,
        fetcher,
        pictures,
        files,
        chat,
        batches,
        batch_runner,
        health,
        watch,
    )


def _connections(settings: ServerSettings) -> Connections:
    most = descriptors.most_connections(settings.max_connections, descriptors.limit())
    of_one = max(1, min(settings.max_connections_per_address, most // 2))  # the other half is for others
    return Connections(most, of_one, shared=Networks(settings.trusted_proxies))
