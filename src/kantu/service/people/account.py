"""What people do with their own accounts: another password, a second factor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.actor import ADMINISTRATORS, Actor
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.people import repository
from kantu.service.people.factors import Factors
from kantu.service.people.login import Login
from kantu.service.people.passwords import Passwords
from kantu.service.people.person import Person, check_has_password
from kantu.service.people.policy import PasswordPolicy
from kantu.service.people.qr_code import qr_code
from kantu.service.people.totp import enrolment_uri


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator needs, shown once."""

    secret: str
    uri: str

    @property
    def qr_code(self) -> str:
        """The address as a picture."""
        return qr_code(self.uri)


class AccountService:
    """Every call is about the actor's own account. What it changes ends all sessions: the caller begins this one anew.

    Args:
        totp_for_all: nobody is without a second factor; the administrators never are.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        login: Login,
        passwords: Passwords,
        policy: PasswordPolicy,
        factors: Factors,
        log: AuditLog,
        *,
        totp_for_all: bool,
        clock: Callable[[], float],
    ) -> None:
        self._database, self._login, self._passwords, self._policy = database, login, passwords, policy
        self._factors, self._audit_log, self._totp_for_all, self._clock = factors, log, totp_for_all, clock

    async def change_password(self, actor: Actor, old: str, new: str) -> Person:
        """Replace the password.

        Raises:
            AuthenticationError, LimitExceededError: the old one is wrong; as `Login.authenticate`.
            InvalidRequestError: `weak_password`, `password_used_before`.
            ConflictError: `external_account`.
        """
        person, former = await self._database.run(partial(self._with_former, actor), read_only=True)
        check_has_password(person)
        self._policy.check(person, new)
        await self._login.authenticate(person.name, old, None, with_code=False)
        kept = [person.password_hash, *former]
        if await self._passwords.run(lambda: any(self._passwords.matches(one, new) for one in kept)):
            raise error("password_used_before")
        password_hash = await self._passwords.run(partial(self._passwords.hash, new))

        def work(session: Session) -> Person:
            repository.keep_old_password(session, person.id, person.password_hash, self._policy.history)
            repository.end_sessions(session, person.id)
            now = int(self._clock())
            changed = repository.change(
                session, person.id, password_hash=password_hash, password_changed_at=now, one_time_until=None
            )
            self._audit_log.record(session, _done("change_password", person))
            return changed

        return await self._database.run(work)

    async def begin_totp(self, actor: Actor) -> Enrolment:
        """A secret for an authenticator; it counts once `finish_totp` has seen a code of it.

        Raises:
            PermissionDeniedError: `reauthentication_required`.
            ConflictError: `totp_enrolled`.
        """
        _check_fresh(actor)

        def work(session: Session) -> Enrolment:
            person = self._self(session, actor)
            if person.has_totp:
                raise error("totp_enrolled")
            secret = self._factors.begin(session, person)
            self._audit_log.record(session, _done("begin_totp", person))
            return Enrolment(secret, enrolment_uri(secret, person.name))

        return await self._database.run(work)

    async def finish_totp(self, actor: Actor, code: str) -> tuple[Person, list[str]]:
        """The recovery codes, shown once.

        Raises:
            PermissionDeniedError: `reauthentication_required`.
            InvalidRequestError: `wrong_enrolment_code`.
            ConflictError: `totp_enrolled`.
        """
        _check_fresh(actor)

        def work(session: Session) -> tuple[Person, list[str]]:
            person = self._self(session, actor)
            if person.has_totp:
                raise error("totp_enrolled")
            codes = self._factors.finish(session, person, code)
            if codes is None:
                raise error("wrong_enrolment_code")
            self._audit_log.record(session, _done("enrol_totp", person))
            return self._self(session, actor), codes

        return await self._database.run(work)

    async def renew_recovery_codes(self, actor: Actor) -> list[str]:
        """Others in place of those there are.

        Raises:
            PermissionDeniedError: `reauthentication_required`.
            ConflictError: `totp_not_enrolled`.
        """
        _check_fresh(actor)

        def work(session: Session) -> list[str]:
            person = self._self(session, actor)
            if not person.has_totp:
                raise error("totp_not_enrolled")
            codes = self._factors.renew_recovery_codes(session, person)
            self._audit_log.record(session, _done("renew_recovery_codes", person))
            return codes

        return await self._database.run(work)

    async def remove_totp(self, actor: Actor) -> Person:
        """Do without a second factor, where one may.

        Raises:
            PermissionDeniedError: `reauthentication_required`.
            ConflictError: `totp_is_required`.
        """
        _check_fresh(actor)

        def work(session: Session) -> Person:
            person = self._self(session, actor)
            if self._totp_for_all or person.role in ADMINISTRATORS:
                raise error("totp_is_required")
            self._factors.remove(session, person)
            self._audit_log.record(session, _done("remove_totp", person))
            return self._self(session, actor)

        return await self._database.run(work)

    def _with_former(self, actor: Actor, session: Session) -> tuple[Person, list[str]]:
        person = self._self(session, actor)
        return person, repository.old_passwords(session, person.id)[: self._policy.history]

    def _self(self, session: Session, actor: Actor) -> Person:
        person = repository.find(session, actor.person_id or "")
        if person is None:  # a key has no account
            raise error("session_ended")
        return person


def _check_fresh(actor: Actor) -> None:
    if not actor.is_fresh:
        raise error("reauthentication_required")


def _done(act: str, person: Person) -> AuditEvent:
    return event("update", "account", person.id, after={"act": act})
