"""Beginning, checking and ending sessions."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from sqlalchemy.orm import Session

from kantu.errors import StoreError, error
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.people import repository as people
from kantu.service.people.events import Event, Origin, Record
from kantu.service.people.login import Login
from kantu.service.people.person import Person, person_not_found
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


@dataclass(frozen=True, slots=True)
class SessionRules:
    """How long sessions last.

    Attributes:
        idle_seconds: without a request.
        most_seconds: however much they are used.
        fresh_seconds: after the password was given, in which dangerous acts are allowed.
        several: of one person at once.
        password_days, totp_for_all: see `Person.unfinished`.
    """

    idle_seconds: float
    most_seconds: float
    fresh_seconds: float
    several: bool
    password_days: int
    totp_for_all: bool


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
        self, database: Database, login: Login, rules: SessionRules, record: Record, clock: Callable[[], float]
    ) -> None:
        self._database, self._login, self._rules, self._record, self._clock = database, login, rules, record, clock

    async def begin(self, name: str, password: str, code: str | None, origin: Origin, old: str | None = None) -> Begun:
        """Log in. The session is a new one, whatever the browser had before.

        Args:
            old: the text of the session that the browser had; it is ended.

        Raises: as `Login.authenticate`.
        """
        person = await self._login.authenticate(name, password, code, origin)
        now, text = int(self._clock()), new_text()
        record = SessionRecord(
            id=SESSION_IDS.new(),
            digest=digest_of(text) or "",
            person_id=person.id,
            generation=person.generation,
            address=origin.address,
            created_at=now,
            authenticated_at=now,
            last_used_at=now,
            expires_at=int(now + self._rules.most_seconds),
        )
        actor = self._actor(record, person)

        def work(session: Session) -> None:
            repository.delete_expired(session, now, int(now - self._rules.idle_seconds))
            if old is not None and (digest := digest_of(old)) is not None:
                repository.delete_by_digest(session, digest)
            repository.delete_of_person(session, person.id, but=_MOST_OF_ONE - 1 if self._rules.several else 0)
            repository.add(session, record)
            self._record(session, Event(actor, origin, "login", "sessions", target_id=person.id))

        await self._database.run(work)
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
        record, person = await self._find(text)
        if changes and not hmac.compare_digest((csrf_token or "").encode(), csrf_token_of(text).encode()):
            raise error("wrong_csrf_token")
        now = self._clock()
        if now - record.last_used_at >= min(_USE_NOTED_EVERY_SECONDS, self._rules.idle_seconds / 10):
            await self._note_use(record.id, int(now))
        return self._actor(record, person)

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
        person = await self._database.run(lambda session: people.find(session, person_id), read_only=True)
        if person is None or person.state != "active":
            raise error("account_disabled")
        return person.actor()

    async def renew(self, actor: Actor, password: str, code: str | None, origin: Origin) -> Begun:
        """Give the password again, for dangerous acts; the session gets another text.

        Raises: as `Login.authenticate`.
        """
        person = await self.person(_person_of(actor))
        person = await self._login.authenticate(person.name, password, code, origin, action="reauthenticate")
        return await self.rotate(actor, person, Event(actor, origin, "reauthenticate", "sessions", person.id))

    async def rotate(self, actor: Actor, person: Person, event: Event | None = None) -> Begun:
        """Another text for a session whose person has just proved who they are. Other sessions are as they are."""
        text, now = new_text(), int(self._clock())

        def work(session: Session) -> None:
            repository.replace_text(
                session, actor.session_id or "", digest_of(text) or "", generation=person.generation, now=now
            )
            if event is not None:
                self._record(session, event)

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

    async def end(self, actor: Actor, session_id: str, origin: Origin) -> None:
        """End one of the actor's own sessions.

        Raises:
            NotFoundError: `session_not_found`.
        """
        person_id = _person_of(actor)

        def work(session: Session) -> None:
            if not (SESSION_IDS.fits(session_id) and repository.delete_one(session, person_id, session_id)):
                raise session_not_found()
            self._record(session, Event(actor, origin, "logout", "sessions", target_id=person_id))

        await self._database.run(work, urgent=True)

    async def end_all(self, actor: Actor, person_id: str, origin: Origin) -> None:
        """End all sessions of somebody.

        Raises:
            NotFoundError: `person_not_found`.
        """

        def work(session: Session) -> None:
            if people.find(session, person_id) is None:
                raise person_not_found()
            repository.delete_of_person(session, person_id)
            self._record(session, Event(actor, origin, "delete", "sessions", target_id=person_id))

        await self._database.run(work, urgent=True)

    async def _find(self, text: str) -> tuple[SessionRecord, Person]:
        digest = digest_of(text)
        found = None
        if digest is not None:
            found = await self._database.run(partial(repository.find, digest=digest), read_only=True)
        if found is None or not self._is_good(*found):
            raise error("session_ended")
        return found

    def _is_good(self, record: SessionRecord, person: Person) -> bool:
        now = self._clock()
        is_current = person.state == "active" and record.generation == person.generation
        return is_current and now < record.expires_at and now - record.last_used_at < self._rules.idle_seconds

    def _actor(self, record: SessionRecord, person: Person) -> Actor:
        now, rules = self._clock(), self._rules
        return replace(
            person.actor(),
            session_id=record.id,
            unfinished=person.unfinished(now, password_days=rules.password_days, totp_for_all=rules.totp_for_all),
            is_fresh=now - record.authenticated_at < rules.fresh_seconds,
        )

    async def _note_use(self, session_id: str, now: int) -> None:
        try:
            await self._database.run(lambda session: repository.set_used(session, session_id, now))
        except StoreError as failure:  # a full disk is no reason to turn somebody away
            _log.warning("session_use_not_noted", extra={"code": failure.code})


def _person_of(actor: Actor) -> str:
    assert actor.person_id is not None  # the table lets nobody else here
    return actor.person_id
