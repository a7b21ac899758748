"""Anchors go to files, syslog and HTTP, and can be read again from what those keep."""

from __future__ import annotations

import re
import socket
import ssl
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, StoreError
from kantu.service.audit.acting import event
from kantu.service.audit.anchors import Anchor, read_anchor, read_anchors
from kantu.service.audit.head import START, Head, Link
from kantu.service.audit.keeping import AnchorKeeper
from kantu.service.audit.lines import json_line, read_json_line, syslog_line
from kantu.service.audit.service import AuditService
from kantu.service.audit.shipping import AnchorFile, HttpAddress, Syslog, destinations
from kantu.service.audit.verify import Fault
from kantu.service.database import Database
from tests.service.audits import KEYS, LOG, disarm, entries_of, record
from tests.service.fetch.certificates import Authority

ANCHOR = Anchor.of(Head(START, Link(7, b"\x01" * 32), 1_700_000_000_123, "", "", b""), KEYS, "hmac-sm3")


@contextmanager
def taking(kind: int = socket.SOCK_STREAM, tls: ssl.SSLContext | None = None) -> Iterator[tuple[int, list[bytes]]]:
    """(port, what came): a server for one message."""
    taken: list[bytes] = []
    with socket.socket(socket.AF_INET, kind) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(30)
        if kind == socket.SOCK_STREAM:
            listener.listen()

        def take() -> None:
            if kind == socket.SOCK_DGRAM:
                taken.append(listener.recv(65_536))
                return
            connection, _ = listener.accept()
            with suppress(ssl.SSLError), connection:
                plain = connection if tls is None else tls.wrap_socket(connection, server_side=True)
                taken.append(b"".join(iter(lambda: plain.recv(65_536), b"")))
                plain.close()

        thread = threading.Thread(target=take)
        thread.start()
        yield listener.getsockname()[1], taken
        thread.join(30)


def test_an_anchor_can_be_read_wherever_it_stands_in_a_line() -> None:
    for line in (ANCHOR.line(), f"Nov 29 17:00:00 host kantu: {ANCHOR.line()}\n"):
        assert read_anchor(line) == ANCHOR
    assert ANCHOR.is_signed(KEYS)
    for line in ("", "{}", "text", '{"kantu_audit_anchor":1}', '{"kantu_audit_anchor":2}', "[1]"):
        assert read_anchor(line) is None


def test_a_file_grows_by_a_line_and_is_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "there" / "anchors.jsonl"
    for _ in range(2):
        AnchorFile(path).send(ANCHOR)
    assert list(read_anchors(path)) == [ANCHOR, ANCHOR]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(StoreError, match="audit_file_unreadable"):
        list(read_anchors(tmp_path / "nowhere"))


def test_syslog_over_udp_is_one_datagram() -> None:
    with taking(socket.SOCK_DGRAM) as (port, taken):
        Syslog(f"udp://127.0.0.1:{port}").send(ANCHOR)
    assert re.fullmatch(rb"<109>1 2023-11-14T22:13:20\.123Z \S+ kantu - audit\.anchor - \{.*\}", taken[0])
    assert read_anchor(taken[0].decode()) == ANCHOR


def test_syslog_over_tcp_says_how_long_a_message_is() -> None:
    with taking() as (port, taken):
        Syslog(f"tcp://127.0.0.1:{port}").send(ANCHOR)
    length, _, message = taken[0].partition(b" ")
    assert int(length) == len(message)
    assert read_anchor(message.decode()) == ANCHOR


def test_syslog_over_tls_trusts_only_whom_it_should(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    with taking(tls=authority.context("127.0.0.1")) as (port, taken):
        Syslog(f"tls://127.0.0.1:{port}", authority.file).send(ANCHOR)
    assert read_anchor(taken[0].decode()) == ANCHOR
    with taking(tls=authority.context("127.0.0.1")) as (port, taken), pytest.raises(ssl.SSLCertVerificationError):
        Syslog(f"tls://127.0.0.1:{port}").send(ANCHOR)
    assert not taken


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[bytes]]]:
    """(URL, bodies): a server of HTTP."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/anchors?token=secret", bodies
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_http_takes_the_json() -> None:
    with answering(204) as (url, bodies):
        address = HttpAddress(url)
        address.send(ANCHOR)
    assert read_anchor(bodies[0].decode()) == ANCHOR
    assert "secret" not in address.name


@pytest.mark.parametrize("url", ["host:514", "http://host", "udp://", "tcp://host:99999"])
def test_what_is_no_syslog_server_is_refused(url: str) -> None:
    with pytest.raises(InvalidRequestError, match="invalid_settings"):
        destinations(None, url, None)


def test_what_is_no_address_or_authority_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="invalid_settings"):
        destinations(None, None, "ftp://host")
    with pytest.raises(InvalidRequestError, match="invalid_settings"):
        destinations(None, None, "https://host", tmp_path / "nowhere")


def test_the_keeper_signs_what_is_new_and_tries_again_what_failed(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    with answering(500) as (url, bodies):
        keeper = AnchorKeeper(database, LOG, destinations(path, None, url))
        keeper.keep()
        assert not path.exists()  # nothing was recorded yet
        record(database)
        keeper.keep()
        keeper.keep()
        assert len(bodies) == keeper.failures == 2
    assert [anchor.sequence for anchor in read_anchors(path)] == [1]
    record(database)
    keeper.keep()
    assert [anchor.sequence for anchor in read_anchors(path)] == [1, 2]


def test_the_services_own_anchors_find_a_table_that_was_emptied(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "anchors.jsonl"
    record(database, *[event("create", "files")] * 3)
    AnchorKeeper(database, LOG, [AnchorFile(path)]).keep()
    disarm(database)
    with database.engine.begin() as connection:  # as fresh as the migrations made it
        connection.exec_driver_sql("DELETE FROM audit_events")
        fresh = "sequence = 0, mac = base_mac, recorded_ms = 0, algorithm = '', key_id = '', seal = base_mac"
        connection.exec_driver_sql(f"UPDATE audit_head SET {fresh}")
    assert AuditService(database, LOG, path).verify().fault == Fault("truncated", 1)
    record(database, *[event("create", "files")] * 3)  # the service goes on, on a chain of its own
    assert AuditService(database, LOG).verify().fault is None
    assert AuditService(database, LOG, path).verify().fault == Fault("edited", 3)


def test_a_wrong_end_is_not_signed(database: Database, tmp_path: Path) -> None:
    record(database)
    with database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE audit_head SET sequence = 9")
    with pytest.raises(StoreError, match="audit_chain_broken"):
        AnchorKeeper(database, LOG, [AnchorFile(tmp_path / "anchors")]).keep()


def test_lines_hold_all_of_an_entry_and_nothing_in_them_begins_another(database: Database) -> None:
    record(database, event("create", "files", 'a"\n<13>1 - - =cmd|\u2028', after={"name": "\r\n{}"}))
    (entry,) = entries_of(database)
    line = json_line(entry)
    assert read_json_line(line) == entry
    assert line.isascii()
    assert line.isprintable()
    told = syslog_line(entry, "主 机")
    assert told.isprintable()
    assert re.fullmatch(r"<109>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z - kantu - files\.create - \{.*\}", told)
    assert read_json_line("not json") is None
