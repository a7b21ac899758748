"""What an auditor can do: search, verify, export. Each leaves an event before anything is shown."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from kantu.errors import StoreError
from kantu.service.audit import repository
from kantu.service.audit.acting import event
from kantu.service.audit.anchors import Anchor, read_anchors
from kantu.service.audit.archive import verify_archive
from kantu.service.audit.event import AuditEvent, Entry
from kantu.service.audit.head import START, Head, Link, is_sealed
from kantu.service.audit.lines import Format, json_line, syslog_line
from kantu.service.audit.log import AuditLog
from kantu.service.audit.repository import Search
from kantu.service.audit.verify import Fault, Verdict, verify
from kantu.service.database import Database

_log = logging.getLogger(__name__)

_PAGE = 1000
_BROKEN = ("audit_chain_broken", "audit_key_wrong")


class AuditService:
    """Over the table, and over files of archived months. Blocks; used from any thread.

    A chain that is broken can be read all the same, which then goes into the service's log instead: whoever
    investigates must see it.

    Args:
        anchors: the file of anchors that the service itself keeps; None keeps none.
    """

    def __init__(self, database: Database, log: AuditLog, anchors: Path | None = None) -> None:
        self._database, self._audit_log, self._anchors = database, log, anchors
        self._verifying = threading.Lock()

    def search(self, search: Search, *, limit: int = 100, before: int | None = None) -> list[Entry]:
        """The newest entries that are wanted, the newest first.

        Args:
            before: only entries older than the one of this number.
        """
        self._record(event("read", "audit", after=_wanted(search)))
        with self._database.session(read_only=True) as session:
            return repository.find(session, search, limit=limit, before=before)

    def export(self, search: Search, form: Format) -> Iterator[str]:
        """The lines of all entries that are wanted, the oldest first, many at a time. Recorded when this returns."""
        self._record(event("export", "audit", after=_wanted(search) | {"format": form}))
        return self._pages(search, form)

    def verify(self, anchors: Iterable[Anchor] = (), *, behind: int | None = None) -> Verdict:
        """Check the chain from its beginning, or from what was archived last, to its end. One at a time.

        Args:
            anchors: kept elsewhere, beside those of this service's own file.
            behind: only what comes behind the entry of this number, which is taken for good.

        Raises:
            StoreError: `audit_chain_broken`: the row that names the chain's end is gone.
        """
        with self._verifying:
            verdict = self._verify([*self._own_anchors(), *anchors], behind)
        self._record(event("verify", "audit", after=_found(verdict)))
        return verdict

    def verify_archive(self, path: Path) -> Verdict:
        """Check a file of archived entries. Raises StoreError (`audit_file_unreadable`)."""
        verdict = verify_archive(path, self._audit_log.keys)
        self._record(event("verify", "audit", path.name, after=_found(verdict)))
        return verdict

    def accept(self, reason: str) -> Verdict:
        """Go on recording behind the last entry of a broken chain. What is broken stays so, and `verify` says it.

        Returns:
            What was broken.
        """
        verdict = self.verify()
        with self._database.session() as session:
            head = repository.read_head(session, lock=True)
            last = repository.last_entry(session)
            link = head.base if last is None else Link(last.sequence, last.mac)
            repository.write_head(session, self._audit_log.seal(replace(head, last=link)))
            found = event("accept", "audit", before=_found(verdict), after={"reason": reason})
            self._audit_log.record(session, found)
        return verdict

    def _verify(self, anchors: list[Anchor], behind: int | None) -> Verdict:
        keys = self._audit_log.keys
        with self._database.session(read_only=True) as session:
            head = repository.read_head(session)
            start = head.base if behind is None else repository.link_of(session, behind)
            verdict = verify(
                lambda: repository.stream(session, after=start.sequence),
                keys,
                start=start,
                end=head.last,
                anchors=anchors,
            )
        if verdict.fault is None and not is_sealed(head, keys):
            return replace(verdict, fault=self._fault_of_head(head, verdict))
        return verdict

    def _fault_of_head(self, head: Head, verdict: Verdict) -> Fault:
        """All entries are good, and an end of the chain has been moved: its beginning, or else its end."""
        if head.base != START and is_sealed(replace(head, base=START), self._audit_log.keys):
            return Fault("deleted", 1)
        return Fault("truncated", verdict.last + 1)

    def _own_anchors(self) -> list[Anchor]:
        if self._anchors is None or not self._anchors.exists():
            return []
        return list(read_anchors(self._anchors))

    def _pages(self, search: Search, form: Format) -> Iterator[str]:
        """Each in a transaction of its own: whoever reads slowly holds nothing up."""
        line_of = json_line if form == "jsonl" else syslog_line
        after = 0
        while True:
            with self._database.session(read_only=True) as session:
                entries = repository.page_behind(session, search, after, _PAGE)
            if not entries:
                return
            yield "".join(f"{line_of(entry)}\n" for entry in entries)
            after = entries[-1].sequence

    def _record(self, event: AuditEvent) -> None:
        try:
            with self._database.session() as session:
                self._audit_log.record(session, event)
        except StoreError as failure:
            if failure.code not in _BROKEN:
                raise
            _log.error("an act of the auditor was not recorded", extra={"code": failure.code})


def _wanted(search: Search) -> dict[str, Any]:
    return {name: value for name, value in asdict(search).items() if value is not None}


def _found(verdict: Verdict) -> dict[str, Any]:
    fault = verdict.fault
    return {
        "checked": verdict.checked,
        "last": verdict.last,
        "fault": None if fault is None else fault.kind,
        "fault_sequence": None if fault is None else fault.sequence,
    }
