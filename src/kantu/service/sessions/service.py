"""Beginning, checking and ending sessions."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from kantu.errors import StoreError, error
from kantu.service.actor import Actor, Limits, Quota
from kantu.service.audit.acting import address, event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.groups import repository as groups
from kantu.service.people import repository as people
from kantu.service.people.login import Login
from kantu.service.people.person import Person, check_has_password, person_not_found
from kantu.service.sessions import repository
from kantu.service.sessions.record import (
    SESSION_IDS,
    SessionRecord,
    csrf_token_of,
    digest_of,
    new_text,
    session_not_found,
)

_log = logging.getLogger(__name__)

_USE_NOTED_EVERY_SECONDS = 60
_MOST_OF_ONE = 20  # the oldest make room
_SWEPT_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long sessions last.

    Attributes:
        idle_seconds: without a request.
        most_seconds: however much they are used.
        fresh_seconds: after the password was given, in which dangerous acts are allowed.
        several: of one person at once.
        password_days, totp_for_all: see `Person.unfinished`.
        limits: of what each person may use.
    """

    idle_seconds: float
    most_seconds: float
    fresh_seconds: float
    several: bool
    password_days: int
    totp_for_all: bool
    limits: Limits


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that has just begun, or has a new text."""

    text: str
    actor: Actor
    person: Person

    @property
    def csrf_token(self) -> str:
        """See `csrf_token_of`."""
        return csrf_token_of(self.text)


class SessionService:
    """Used on one event loop. What the database says at each request holds: nothing is remembered between them.

    Args:
        clock: seconds since 1970, which nobody can set: sessions would last longer.
    """

    def __init__(
        self, database: Database, login: Login, rules: SessionRules, log: AuditLog, clock: Callable[[], float]
    ) -> None:
        self._database, self._login, self._rules, self._audit_log, self._clock = database, login, rules, log, clock

    async def begin(self, name: str, password: str, code: str | None, old: str | None = None) -> Begun:
        """Log in. The session is a new one, whatever the browser had before.

        Args:
            old: the text of the session that the browser had; it is ended.

        Raises: as `Login.authenticate`.
        """
        person = await self._login.authenticate(name, password, code)
        old_digest = None if old is None else digest_of(old)
        with_code = code is not None and person.has_totp
        return await self._database.run(
            lambda session: self.open(session, person, old_digest, {"with_code": with_code})
        )

    def open(
        self,
        session: Session,
        person: Person,
        old_digest: str | None,
        how: Mapping[str, Any],
        *,
        authenticated_at: int | None = None,
    ) -> Begun:
        """A session of somebody who has just shown who they are, in the caller's transaction.

        Args:
            old_digest: of the session that the browser had; it is ended.
            how: they have shown it, for the audit.
            authenticated_at: when they did; None is now.
        """
        now, text = int(self._clock()), new_text()
        record = SessionRecord(
            id=SESSION_IDS.new(),
            digest=digest_of(text) or "",
            person_id=person.id,
            generation=person.generation,
            address=address(),
            created_at=now,
            authenticated_at=now if authenticated_at is None else min(now, authenticated_at),
            last_used_at=now,
            expires_at=int(now + self._rules.most_seconds),
        )
        actor = self._actor(record, person, None)  # nothing is used at login

        ended = repository.delete_of_person(session, person.id, but=_MOST_OF_ONE - 1 if self._rules.several else 0)
        if old_digest is not None:
            ended += repository.delete_by_digest(session, old_digest)
        repository.add(session, record)
        people.change(session, person.id, last_login_at=now)
        told = {"ended": ended, **how}
        self._audit_log.record(session, event("create", "sessions", person.id, after=told, actor=actor))
        return Begun(text, actor, person)

    async def authenticate(self, text: str, csrf_token: str | None, *, changes: bool) -> Actor:
        """Who asks in a session.

        Args:
            text: the cookie's.
            csrf_token: that came with the request.
            changes: something, so that the token is needed.

        Raises:
            AuthenticationError: `session_ended`.
            PermissionDeniedError: `wrong_csrf_token`.
            StoreError: the database cannot be asked.
        """
        record, person, quota = await self._find(text)
        if changes and not hmac.compare_digest((csrf_token or "").encode(), csrf_token_of(text).encode()):
            raise error("wrong_csrf_token")
        now = self._clock()
        if now - record.last_used_at >= min(_USE_NOTED_EVERY_SECONDS, self._rules.idle_seconds / 10):
            await self._note_use(record.id, int(now))
        return self._actor(record, person, quota)

    async def person(self, person_id: str) -> Person:
        """The account of somebody in a session."""
        person = await self._database.run(lambda session: people.find(session, person_id), read_only=True)
        if person is None:
            raise error("session_ended")
        return person

    async def actor(self, person_id: str) -> Actor:
        """Somebody who did something earlier, such as making a batch, as their account is now.

        Raises:
            AuthenticationError: `account_disabled`.
        """

        def work(session: Session) -> tuple[Person | None, Quota | None]:
            return people.find(session, person_id), groups.quota_of(session, person_id)

        person, quota = await self._database.run(work, read_only=True)
        if person is None or person.state != "active":
            raise error("account_disabled")
        return replace(person.actor(), limits=self._rules.limits, quota=quota)

    async def renew(self, actor: Actor, password: str, code: str | None) -> Begun:
        """Give the password again, for dangerous acts; the session gets another text.

        Raises: as `Login.authenticate`; ConflictError (`external_account`).
        """
        person = await self.person(_person_of(actor))
        check_has_password(person)
        person = await self._login.authenticate(person.name, password, code)
        done = event("update", "account", person.id, after={"act": "reauthenticate"})
        return await self.rotate(actor, person, done)

    async def rotate(self, actor: Actor, person: Person, done: AuditEvent | None = None) -> Begun:
        """Another text for a session whose person has just proved who they are. Other sessions are as they are.

        Args:
            done: what is to be recorded of it, where nothing has been yet.
        """
        text, now = new_text(), int(self._clock())

        def work(session: Session) -> None:
            repository.replace_text(
                session, actor.session_id or "", digest_of(text) or "", generation=person.generation, now=now
            )
            if done is not None:
                self._audit_log.record(session, done)

        await self._database.run(work)
        unfinished = person.unfinished(
            now, password_days=self._rules.password_days, totp_for_all=self._rules.totp_for_all
        )
        return Begun(text, replace(actor, role=person.role, is_fresh=True, unfinished=unfinished), person)

    async def list(self, person_id: str) -> list[SessionRecord]:
        """The sessions of a person that are good now, the latest first.

        Raises:
            NotFoundError: `person_not_found`.
        """

        def work(session: Session) -> list[SessionRecord]:
            person = people.find(session, person_id)
            if person is None:
                raise person_not_found()
            return [one for one in repository.find_of_person(session, person_id) if self._is_good(one, person)]

        return await self._database.run(work, read_only=True)

    async def end(self, actor: Actor, session_id: str) -> None:
        """End one of the actor's own sessions.

        Raises:
            NotFoundError: `session_not_found`.
        """
        person_id = _person_of(actor)

        def work(session: Session) -> None:
            if not (SESSION_IDS.fits(session_id) and repository.delete_one(session, person_id, session_id)):
                raise session_not_found()
            told = {"act": "logout", "ended": session_id}
            self._audit_log.record(session, event("update", "account", person_id, after=told))

        await self._database.run(work, urgent=True)

    async def end_all(self, person_id: str) -> None:
        """End all sessions of somebody.

        Raises:
            NotFoundError: `person_not_found`.
        """

        def work(session: Session) -> None:
            if people.find(session, person_id) is None:
                raise person_not_found()
            ended = repository.delete_of_person(session, person_id)
            self._audit_log.record(session, event("delete", "sessions", person_id, after={"ended": ended}))

        await self._database.run(work, urgent=True)

    async def sweep(self) -> int:
        """Forget the sessions that are over, and record which of them time has ended; how many that was.

        Raises:
            StoreError: `store_unavailable`, `audit_chain_broken`.
        """
        deleted = 0
        while more := await self._database.run(self._sweep, urgent=True):
            deleted += more
        return deleted

    def _sweep(self, session: Session) -> int:
        now = int(self._clock())
        over = repository.delete_over(session, now, int(now - self._rules.idle_seconds), _SWEPT_AT_ONCE)
        # What has ended the others before their time has been recorded.
        expired = [record for record, is_current in over if is_current]
        if expired:
            self._audit_log.record_all(session, [_expired(record, now) for record in expired])
        return len(over)

    async def _find(self, text: str) -> tuple[SessionRecord, Person, Quota | None]:
        digest = digest_of(text)
        found = None
        if digest is not None:
            found = await self._database.run(partial(self._read, digest), read_only=True)
        if found is None:
            raise error("session_ended")
        return found

    def _read(self, digest: str, session: Session) -> tuple[SessionRecord, Person, Quota | None] | None:
        """A good session, whose it is and what limits them beside their own limits."""
        found = repository.find(session, digest)
        if found is None or not self._is_good(*found):
            return None
        return *found, groups.quota_of(session, found[1].id)

    def _is_good(self, record: SessionRecord, person: Person) -> bool:
        now = self._clock()
        is_current = person.state == "active" and record.generation == person.generation
        # One that was used in the future is older than it seems: the clock was set back before the service started.
        return is_current and now < record.expires_at and abs(now - record.last_used_at) < self._rules.idle_seconds

    def _actor(self, record: SessionRecord, person: Person, quota: Quota | None) -> Actor:
        now, rules = self._clock(), self._rules
        return replace(
            person.actor(),
            session_id=record.id,
            unfinished=person.unfinished(now, password_days=rules.password_days, totp_for_all=rules.totp_for_all),
            is_fresh=abs(now - record.authenticated_at) < rules.fresh_seconds,
            limits=rules.limits,
            quota=quota,
        )

    async def _note_use(self, session_id: str, now: int) -> None:
        try:
            await self._database.run(lambda session: repository.set_used(session, session_id, now))
        except StoreError as failure:  # a full disk is no reason to turn somebody away
            _log.warning("session_use_not_noted", extra={"code": failure.code})


def _expired(record: SessionRecord, now: int) -> AuditEvent:
    told = {"ended": record.id, "because": "age" if record.expires_at <= now else "idle"}
    return event("expire", "sessions", record.person_id, after=told)


def _person_of(actor: Actor) -> str:
    assert actor.person_id is not None  # the table lets nobody else here
    return actor.person_id
