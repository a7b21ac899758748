"""Months that have had their time leave the table for files, which can be verified by themselves and put back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.audit import repository
from kantu.service.audit.acting import event
from kantu.service.audit.anchors import Anchor, read_anchor
from kantu.service.audit.event import Entry
from kantu.service.audit.head import Head, Link
from kantu.service.audit.keys import AuditKeys
from kantu.service.audit.lines import json_line, read_json_line
from kantu.service.audit.log import AuditLog
from kantu.service.audit.verify import Verdict, verify
from kantu.service.database import Database

_DAY_MS = 86_400_000
_AT_ONCE = 1000


@dataclass(frozen=True, slots=True)
class Archive:
    """A file of entries that follow each other, all of one month (UTC), and an anchor that ends it."""

    path: Path
    first: int
    last: int


class Archiver:
    """Moves entries between the table and a folder. Blocks.

    Args:
        keep_days: how long entries stay in the table at least.
    """

    def __init__(self, database: Database, log: AuditLog, folder: Path, keep_days: int) -> None:
        self._database, self._log, self._folder, self._keep_ms = database, log, folder, keep_days * _DAY_MS

    def archive(self, now: float) -> list[Archive]:
        """Write every month whose last entry is old enough to a file, then take it out of the table.

        Killed on the way, it leaves the entries in the table, in the file, or in both, never in neither.

        Args:
            now: seconds since 1970; only what is old by a clock that nobody can set ahead goes.

        Raises:
            StoreError: `audit_chain_broken`: nothing is taken out of a chain that is not whole; `store_unavailable`.
        """
        before_ms = int(now * 1000) - self._keep_ms
        written: list[Archive] = []
        while (archive := self._archive_one(before_ms)) is not None:
            written.append(archive)
        return written

    def restore(self, path: Path) -> Archive:
        """Put a file's entries back in front of those in the table, to be searched like them.

        Raises:
            StoreError: `audit_file_unreadable`, `audit_archive_broken`; `audit_archive_not_next`: the newest file comes
                back first.
        """
        verdict = verify_archive(path, self._log.keys)
        if verdict.fault is not None:
            raise error("audit_archive_broken", path=path, sequence=verdict.fault.sequence)
        archive = Archive(path, verdict.first, verdict.last)
        base = _start_of(path)

        def work(session: Session) -> None:
            head = repository.read_head(session, lock=True)
            self._log.check(head)
            if head.base != _end_of(path).link:
                raise error("audit_archive_not_next", path=path)
            entries = _entries_of(path)
            while some := [entry for entry, _ in zip(entries, range(_AT_ONCE), strict=False)]:
                repository.append(session, some)
            repository.write_head(session, self._log.seal(replace(head, base=base)))
            self._log.record(session, event("restore", "audit", path.name, after=_range(archive)))

        self._database.urgently(work)
        return archive

    def _archive_one(self, before_ms: int) -> Archive | None:
        with self._database.session(read_only=True) as session:
            head = repository.read_head(session)
            self._log.check(head)
            archive, anchor = self._write_file(session, head, before_ms)
        if archive is None or anchor is None:
            return None
        if verify_archive(archive.path, self._log.keys).fault is not None:
            raise error("audit_chain_broken")

        def work(session: Session) -> None:
            now_head = repository.read_head(session, lock=True)
            self._log.check(now_head)
            if now_head.base != head.base:  # another process was first
                return
            repository.write_head(session, self._log.seal(replace(now_head, base=anchor.link)))
            repository.delete_archived(session, anchor.link)
            self._log.record(session, event("archive", "audit", archive.path.name, after=_range(archive)))

        self._database.urgently(work)
        return archive

    def _write_file(self, session: Session, head: Head, before_ms: int) -> tuple[Archive | None, Anchor | None]:
        """The next month's file, if all of the month is old enough."""
        months = groupby(repository.stream(session, after=head.base.sequence), key=lambda entry: _month(entry))
        month, entries = next(months, ("", iter(())))
        draft = self._folder / f".{month}.draft"
        first = last = None
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                for entry in entries:
                    if entry.recorded_ms >= before_ms:
                        return None, None
                    first, last = first or entry, entry
                    file.write(json_line(entry) + "\n")
                if first is None or last is None or next(months, None) is None:  # the month may not be over
                    return None, None
                end = Head(head.base, Link(last.sequence, last.mac), last.recorded_ms, "", "", b"")
                anchor = Anchor.of(end, self._log.keys, self._log.algorithm)
                file.write(anchor.line() + "\n")
                file.flush()
                os.fsync(file.fileno())
            path = self._folder / f"{month}-{first.sequence:012}.jsonl"
            draft.replace(path)
            return Archive(path, first.sequence, last.sequence), anchor
        except OSError:
            pass
        finally:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        raise error("audit_file_unwritable", path=self._folder)


def verify_archive(path: Path, keys: AuditKeys) -> Verdict:
    """Check a file by itself: that its entries follow each other, and that none is missing at its end.

    Raises:
        StoreError: `audit_file_unreadable`.
    """
    end = _end_of(path)
    return verify(lambda: _entries_of(path), keys, start=_start_of(path), end=end.link, anchors=[end])


def _start_of(path: Path) -> Link:
    for entry in _entries_of(path):
        return Link(entry.sequence - 1, entry.previous)
    raise error("audit_file_unreadable", path=path)


def _end_of(path: Path) -> Anchor:
    """The last line. An archive without it has lost its end."""
    anchor = None
    for line in _lines_of(path):
        anchor = read_anchor(line)
    if anchor is None:
        raise error("audit_file_unreadable", path=path)
    return anchor


def _entries_of(path: Path) -> Iterator[Entry]:
    for line in _lines_of(path):
        if read_anchor(line) is not None:
            continue
        entry = read_json_line(line)
        if entry is None:
            raise error("audit_file_unreadable", path=path)
        yield entry


def _lines_of(path: Path) -> Iterator[str]:
    try:
        with path.open(encoding="ascii") as file:
            yield from file
        return
    except (OSError, UnicodeDecodeError):
        pass
    raise error("audit_file_unreadable", path=path)


def _month(entry: Entry) -> str:
    return datetime.fromtimestamp(entry.recorded_ms / 1000, UTC).strftime("%Y-%m")


def _range(archive: Archive) -> dict[str, int]:
    return {"first": archive.first, "last": archive.last}
