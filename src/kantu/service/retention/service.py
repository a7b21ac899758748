"""What can be done with kept exchanges: keep one, and let its owner read and delete it."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from anyio import CancelScope
from sqlalchemy.orm import Session

from kantu.errors import KantuError, error
from kantu.service.actor import Actor
from kantu.service.audit.acting import event
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.database.repository import Paging
from kantu.service.gcm import CipherName
from kantu.service.retention.keyring import KeyRing
from kantu.service.retention.record import HISTORY_IDS, Exchange, HistoryRecord, subject_of, title_of
from kantu.service.retention.repository import HistoryRepository, delete_expired
from kantu.service.retention.seal import OVERHEAD_BYTES, Place, new_key, seal, unseal, wrapping_key
from kantu.service.threads import on_thread

_log = logging.getLogger(__name__)

KEPT_AT_ONCE = 2
"""Exchanges that are written at once: each has a picture in memory, sealed and not."""

_DAY_SECONDS = 86_400
_SWEPT_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Retention:
    """What is kept from now on.

    Attributes:
        days: how long.
        keys: that data keys are wrapped with.
        cipher: of what is new.
        max_owner_bytes: that one owner has at most.
    """

    days: float
    keys: KeyRing
    cipher: CipherName
    max_owner_bytes: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A kept exchange whose summary has been read."""

    record: HistoryRecord
    kind: str
    model: str
    title: str


@dataclass(frozen=True, slots=True)
class Opened:
    """A kept exchange that has been read; its pictures are read one by one."""

    listed: Listed
    question: Any
    answer: Any


class HistoryService:
    """Exchanges of all owners; every call says who asks. Used on the event loop only.

    Args:
        log: has what is deleted.
        retention: None keeps nothing. What was kept before expires all the same.
        keys: to read with; None can read nothing.
        clock, expiry_clock: unix seconds, for when something was kept and for when it has had its time.
    """

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        retention: Retention | None,
        keys: KeyRing | None,
        *,
        clock: Callable[[], float] = time.time,
        expiry_clock: Callable[[], float] | None = None,
    ) -> None:
        self._database, self._audit_log = database, log
        self._retention, self._keyring = retention, keys
        self._clock, self._expiry_clock = clock, expiry_clock or clock
        self._turns = asyncio.Semaphore(KEPT_AT_ONCE)

    @property
    def keeps(self) -> bool:
        """Whether exchanges are kept: who has one asks before it collects anything."""
        return self._retention is not None

    async def keep(self, actor: Actor, exchange: Exchange) -> None:
        """Keep an exchange whose answer has been given. What fails is logged: nobody is left to hear of it.

        It goes on where the client goes, who has been answered by then.
        """
        retention = self._retention
        if retention is None:
            return
        with CancelScope(shield=True):
            async with self._turns:
                try:
                    await self._keep(retention, subject_of(actor), exchange)
                except KantuError as failure:
                    _log.warning("history_not_kept", extra={"code": failure.code})

    async def page(self, actor: Actor, paging: Paging) -> tuple[Sequence[Listed], bool]:
        """A page of exchanges, and whether there are more.

        Raises:
            NotFoundError: `history_not_found`: `after`.
            StoreError: `history_unreadable`.
        """
        owner = subject_of(actor)
        records, more = await self._database.run(lambda session: self._of(session, owner).page(paging), read_only=True)
        return await on_thread(lambda: [self._list(record) for record in records]), more

    async def get(self, actor: Actor, record_id: str) -> Opened:
        """One exchange.

        Raises:
            NotFoundError: `history_not_found`; StoreError: `history_unreadable`.
        """
        record = await self._record(actor, record_id)
        sealed = await self._database.run(
            lambda session: self._of(session, record.owner).content(record_id), read_only=True
        )
        return await on_thread(lambda: self._open(record, sealed))

    async def picture(self, actor: Actor, record_id: str, number: int) -> bytes:
        """The file of a picture of an exchange, from 0.

        Raises:
            NotFoundError: `history_not_found`; StoreError: `history_unreadable`.
        """
        record = await self._record(actor, record_id)
        sealed = await self._database.run(
            lambda session: self._of(session, record.owner).picture(record_id, number), read_only=True
        )
        place = _place(record, f"picture {number}")
        return await on_thread(lambda: unseal(record.cipher, self._data_key(record), sealed, place))

    async def delete(self, actor: Actor, record_id: str) -> None:
        """Delete one exchange and its pictures.

        Raises:
            NotFoundError: `history_not_found`.
        """
        owner = subject_of(actor)

        def work(session: Session) -> None:
            self._of(session, owner).delete(record_id)
            self._audit_log.record(session, event("delete", "history", record_id))

        await self._database.run(work, urgent=True)

    async def delete_all(self, actor: Actor) -> int:
        """Delete all that the actor's owner has, and say how many that were."""
        owner = subject_of(actor)

        def work(session: Session) -> int:
            count = self._of(session, owner).delete_all()
            self._audit_log.record(session, event("delete", "history", after={"all": count}))
            return count

        return await self._database.run(work, urgent=True)

    async def sweep(self) -> int:
        """Delete what has expired; how many that was. Raises StoreError (`store_unavailable`)."""
        deleted, now = 0, int(self._expiry_clock())

        def work(session: Session) -> int:
            count = delete_expired(session, now, _SWEPT_AT_ONCE)
            if count:
                self._audit_log.record(session, event("delete", "history", after={"expired": count}))
            return count

        while count := await self._database.run(work, urgent=True):
            deleted += count
        return deleted

    async def _keep(self, retention: Retention, owner: str, exchange: Exchange) -> None:
        """The exchange first, then its pictures, each in a transaction of its own: none of them is long."""
        cipher = retention.cipher
        data_key = new_key(cipher)
        record, content = await on_thread(partial(_sealed, retention, owner, exchange, data_key, int(self._clock())))
        if record.size > retention.max_owner_bytes:
            raise error("history_too_large")

        def add(session: Session) -> None:
            repository = self._of(session, owner)
            crowded_out = repository.make_room(record.size, retention.max_owner_bytes)
            repository.add_with(record, content)
            if crowded_out:
                self._audit_log.record(session, event("delete", "history", after={"crowded_out": crowded_out}))

        await self._database.run(add)
        for number, picture in enumerate(exchange.pictures):
            place = _place(record, f"picture {number}")
            sealed = await on_thread(partial(seal, cipher, data_key, picture, place))
            work = partial(_add_picture, self._of, record, number, sealed)
            if not await self._database.run(work):
                return  # it has been deleted meanwhile

    async def _record(self, actor: Actor, record_id: str) -> HistoryRecord:
        owner = subject_of(actor)
        return await self._database.run(lambda session: self._of(session, owner).get(record_id), read_only=True)

    def _list(self, record: HistoryRecord) -> Listed:
        return Listed(record, **self._read(record, record.summary, "summary"))

    def _open(self, record: HistoryRecord, content: bytes) -> Opened:
        return Opened(self._list(record), **self._read(record, content, "content"))

    def _read(self, record: HistoryRecord, sealed: bytes, part: str) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(unseal(record.cipher, self._data_key(record), sealed, _place(record, part)))
        return told

    def _data_key(self, record: HistoryRecord) -> bytes:
        if self._keyring is None:
            raise error("history_unreadable")
        wrapping = wrapping_key(self._keyring.get(record.master_key_id).secret, record.cipher)
        return unseal(record.cipher, wrapping, record.wrapped_key, _place(record, "key"))

    def _of(self, session: Session, owner: str) -> HistoryRepository:
        return HistoryRepository(session, owner, int(self._expiry_clock()))


def _sealed(
    retention: Retention, owner: str, exchange: Exchange, data_key: bytes, now: int
) -> tuple[HistoryRecord, bytes]:
    """The record, and the content that belongs to it."""
    cipher, master = retention.cipher, retention.keys.current
    record_id = HISTORY_IDS.new()
    summary = {"kind": exchange.kind, "model": exchange.model, "title": title_of(exchange.question)}
    wrapped = seal(cipher, wrapping_key(master.secret, cipher), data_key, Place(owner, record_id, now, "key"))
    sealed, content = (
        seal(cipher, data_key, json.dumps(told, ensure_ascii=False).encode(), Place(owner, record_id, now, part))
        for part, told in (
            ("summary", summary),
            ("content", {"question": exchange.question, "answer": exchange.answer}),
        )
    )
    record = HistoryRecord(
        record_id,
        owner,
        now,
        now + max(1, int(retention.days * _DAY_SECONDS)),
        cipher,
        master.id,
        wrapped,
        sealed,
        len(exchange.pictures),
        len(sealed) + len(content) + sum(len(picture) + OVERHEAD_BYTES for picture in exchange.pictures),
    )
    return record, content


def _add_picture(
    of: Callable[[Session, str], HistoryRepository],
    record: HistoryRecord,
    number: int,
    sealed: bytes,
    session: Session,
) -> bool:
    return of(session, record.owner).add_picture(record.id, number, sealed)


def _place(record: HistoryRecord, part: str) -> Place:
    return Place(record.owner, record.id, record.created_at, part)
