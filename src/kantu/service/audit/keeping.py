"""Ships the chain's end elsewhere and archives old months, as long as the application runs."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial

import httpx

from kantu.errors import StoreError
from kantu.service.audit import repository
from kantu.service.audit.anchors import Anchor
from kantu.service.audit.archive import Archiver
from kantu.service.audit.log import AuditLog
from kantu.service.audit.shipping import Destination
from kantu.service.database import Database
from kantu.service.threads import on_thread

_log = logging.getLogger(__name__)

_ARCHIVE_SECONDS = 86_400.0


class AnchorKeeper:
    """Signs the end and takes it to every destination that does not have it yet. Blocks.

    Attributes:
        failures: how often a destination did not take one.
    """

    def __init__(self, database: Database, log: AuditLog, destinations: Sequence[Destination]) -> None:
        self._database, self._audit_log, self._destinations = database, log, destinations
        self._sent: dict[str, int] = {}
        self.failures = 0

    def keep(self) -> None:
        """Do so, if anything was recorded since.

        Raises:
            StoreError: `audit_chain_broken`: a wrong end is not signed; `store_unavailable`.
        """
        with self._database.session(read_only=True) as session:
            head = repository.read_head(session)
        self._audit_log.check(head)
        if head.is_fresh:
            return
        anchor = Anchor.of(head, self._audit_log.keys, self._audit_log.algorithm)
        for destination in self._destinations:
            if self._sent.get(destination.name) == anchor.sequence:
                continue
            try:
                destination.send(anchor)
            except (OSError, httpx.HTTPError) as failure:  # the next one is on its way in some minutes
                self.failures += 1
                extra = {"host": destination.name, "reason": type(failure).__name__}
                _log.warning("an audit anchor was not taken", extra=extra)
            else:
                self._sent[destination.name] = anchor.sequence


async def keep_anchors_forever(keeper: AnchorKeeper, every_seconds: float) -> None:
    """Now and every so often, until cancelled."""
    while True:
        try:
            await on_thread(keeper.keep)
        except StoreError as failure:
            _log.error("no audit anchor can be made", extra={"code": failure.code})
        await asyncio.sleep(every_seconds)


async def archive_forever(archiver: Archiver, clock: Callable[[], float]) -> None:
    """Now and once a day, until cancelled."""
    while True:
        try:
            await on_thread(partial(archiver.archive, clock()))
        except StoreError as failure:
            _log.error("the audit cannot be archived", extra={"code": failure.code})
        await asyncio.sleep(_ARCHIVE_SECONDS)
