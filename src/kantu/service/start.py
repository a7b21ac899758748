"""`kantu serve`: one process for HTTP, one beside it for the engine."""

from __future__ import annotations

import contextlib
import signal
import socket
from ipaddress import ip_address

from kantu.errors import InvalidRequestError, error
from kantu.hub import home
from kantu.service import descriptors
from kantu.service.audit.failures import failures_recorded
from kantu.service.audit.opening import open_audit_log
from kantu.service.home import RELOAD, only_service, prepare_home
from kantu.service.identity import passwords_of
from kantu.service.keys.first_key import ensure_first_key
from kantu.service.models.registry import open_models
from kantu.service.open_database import open_database
from kantu.service.people.first_administrator import ensure_first_administrator
from kantu.service.settings import ServerSettings, Settings, WatchSettings
from kantu.service.tls import check_certificate
from kantu.service.watch.log_file import LogFile
from kantu.service.watch.logs import configure

_BACKLOG = 2048


def serve(settings: Settings) -> None:
    """Serve until told to stop. SIGTERM or SIGINT drains, a second one stops at once.

    Raises:
        KantuError: the service cannot start (settings, store, model, port), or its model cannot be loaded.
    """
    log_file = _log_file(settings.watch)
    restore_logs = configure(settings.watch.log_level, log_file)
    signal.signal(RELOAD, signal.SIG_IGN)  # until there are tasks to read again
    try:
        descriptors.tell(settings.server.max_connections, descriptors.raise_limit())
        folder = home()
        prepare_home(folder)
        with contextlib.ExitStack() as at_end:
            listeners = [at_end.enter_context(listener) for listener in listen_all(settings)]
            at_end.enter_context(only_service(folder, limits_are_shared=settings.store.redis_url is not None))
            database = open_database(settings, folder)
            at_end.callback(database.close)
            log = open_audit_log(settings.audit, folder, database)
            at_end.enter_context(failures_recorded(database, log, "start", "service"))
            ensure_first_key(database, folder, log)
            one_time_seconds = settings.people.one_time_hours * 3600
            ensure_first_administrator(
                database, folder, log, passwords_of(settings.people), one_time_seconds=one_time_seconds
            )
            models = open_models(settings.models, settings.watch.log_level, log_file)
            # Engines load in their processes by now; what follows takes as long to import as they to import PyTorch.
            from kantu.service.gateway import build
            from kantu.service.server import Server

            gateway = build(settings, folder, database, models, log)
            server = Server(gateway)
            server.run(sockets=listeners)
            if server.failure is not None:
                raise server.failure
    finally:
        restore_logs()


def listen_all(settings: Settings) -> list[socket.socket]:
    """The socket of the service, and that of `watch.metrics_port` where there is one. Raises as `listen`."""
    listeners = [listen(settings.server)]
    if settings.watch.metrics_port is not None:
        try:
            listeners.append(listen(settings.server, settings.watch.metrics_port, "watch.metrics_port"))
        except InvalidRequestError:
            listeners[0].close()
            raise
    return listeners


def listen(settings: ServerSettings, port: int | None = None, param: str = "server.port") -> socket.socket:
    """The socket to serve on.

    Args:
        port: in place of `server.port`, which was given as `param`.

    Raises:
        InvalidRequestError: `invalid_settings`, `insecure_listen`, `cannot_listen`.
    """
    check_certificate(settings.tls_certificate, settings.tls_key)
    secure = settings.tls_certificate is not None
    if not (secure or settings.allow_insecure or _is_loopback(settings.host)):
        raise error("insecure_listen")
    if port is None:
        port = settings.port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
        listener.listen(_BACKLOG)  # at once: only then does a second service on this port fail here
    except OSError:
        listener.close()
        raise error("cannot_listen", host=settings.host, port=port, param=param) from None
    return listener


def _log_file(watch: WatchSettings) -> LogFile | None:
    return None if watch.log_file is None else LogFile(watch.log_file, watch.log_file_bytes, watch.log_files)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"  # any other name may lead anywhere, even one that begins with 127.
