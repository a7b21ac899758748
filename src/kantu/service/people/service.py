"""What administrators do with accounts. None of them does it to their own, and none does another one's work."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kantu.errors import error
from kantu.service.actor import ADMINISTRATORS, Actor, Role
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.database.repository import Paging
from kantu.service.people import repository
from kantu.service.people.factors import Factors
from kantu.service.people.lockout import Lockout
from kantu.service.people.passwords import Passwords, new_one_time_password
from kantu.service.people.person import (
    PERSON_IDS,
    Person,
    check_has_password,
    check_label,
    check_name,
    name_digest,
    name_of,
    person_not_found,
    powers_of,
)

_FREE_ROLE: Role = "member"
"""What whoever makes accounts may make of them: other roles are granted."""


class PeopleService:
    """An `actor` of None is whoever administers this machine, and is asked nothing.

    Args:
        one_time_seconds: that a one-time password works.
        clock: seconds since 1970.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        lockout: Lockout,
        factors: Factors,
        log: AuditLog,
        *,
        one_time_seconds: float,
        clock: Callable[[], float],
    ) -> None:
        self._database, self._passwords, self._lockout, self._factors = database, passwords, lockout, factors
        self._audit_log, self._one_time_seconds, self._clock = log, one_time_seconds, clock

    async def create(
        self,
        name: str,
        *,
        display_name: str | None = None,
        tenant: str | None = None,
        role: Role = _FREE_ROLE,
    ) -> tuple[Person, str]:
        """Make an account.

        Args:
            tenant: whose files and batches the person sees; the account's own by default, shared with nobody.
            role: another one than member only while there is no security administrator to grant it.

        Returns:
            The account, and its one-time password, which is kept nowhere.

        Raises:
            InvalidRequestError: `invalid_person_name`, `invalid_person_label`.
            PermissionDeniedError: `roles_are_granted`.
            ConflictError: `person_exists`.
        """
        secret = new_one_time_password()
        person = new_person(
            PERSON_IDS.new(),
            name,
            display_name=display_name,
            tenant=tenant,
            role=role,
            password_hash=await self._passwords.run(partial(self._passwords.hash, secret)),
            now=int(self._clock()),
            one_time_seconds=self._one_time_seconds,
        )

        def work(session: Session) -> None:
            if role != _FREE_ROLE and repository.lock_administrators(session, "security"):
                raise error("roles_are_granted")
            repository.add(session, person)
            self._audit_log.record(session, created(person))

        try:
            await self._database.run(work)
        except IntegrityError:
            exists = True
        else:
            exists = False
        if exists:
            raise error("person_exists")
        return person, secret

    async def page(self, paging: Paging) -> tuple[list[Person], bool]:
        """Accounts by name, and whether there are more."""
        return await self._database.run(partial(repository.page, paging=paging), read_only=True)

    async def all(self) -> list[Person]:
        """Every account there ever was, oldest first, for this machine's administrator."""

        def work(session: Session) -> list[Person]:
            found = repository.find_all(session)
            self._audit_log.record(session, event("read", "people"))
            return found

        return await self._database.run(work, urgent=True)

    async def get(self, person_id: str) -> Person:
        """One account. Raises NotFoundError (`person_not_found`)."""
        return await self._database.run(partial(_get, person_id=person_id), read_only=True)

    async def find(self, name: str) -> Person:
        """The account of this name. Raises NotFoundError (`person_not_found`)."""
        person = await self._database.run(partial(repository.find_by_name, name=name_of(name)), read_only=True)
        if person is None:
            raise person_not_found()
        return person

    async def disable(self, actor: Actor | None, person_id: str) -> Person:
        """From the next request on the account opens nothing. It is never deleted: what it did stays somebody's.

        Raises:
            NotFoundError: `person_not_found`.
            ConflictError: `not_oneself`, `last_administrator`.
        """

        def work(session: Session, person: Person) -> Person:
            if person.disabled_at is not None:
                return person
            check_not_last(session, person)
            repository.end_sessions(session, person.id)
            return repository.change(session, person.id, disabled_at=int(self._clock()))

        return await self._change(actor, person_id, "disable", work, urgent=True)

    async def enable(self, actor: Actor | None, person_id: str) -> Person:
        """Let an account be used again. Raises as `disable`."""

        def work(session: Session, person: Person) -> Person:
            return repository.change(session, person.id, disabled_at=None)

        return await self._change(actor, person_id, "enable", work)

    async def unlock(self, actor: Actor | None, person_id: str) -> Person:
        """Forget the wrong passwords of an account. Raises as `disable`."""

        def work(session: Session, person: Person) -> Person:
            self._lockout.clear(session, name_digest(person.name))
            return person

        return await self._change(actor, person_id, "unlock", work)

    async def reset_password(self, actor: Actor | None, person_id: str) -> tuple[Person, str]:
        """Give an account a one-time password, and end its sessions. Its second factor stays.

        Raises as `disable`; ConflictError (`external_account`).
        """
        secret = new_one_time_password()
        password_hash = await self._passwords.run(partial(self._passwords.hash, secret))

        def work(session: Session, person: Person) -> Person:
            check_has_password(person)
            now = int(self._clock())
            self._lockout.clear(session, name_digest(person.name))
            repository.end_sessions(session, person.id)
            return repository.change(
                session,
                person.id,
                password_hash=password_hash,
                password_changed_at=now,
                one_time_until=int(now + self._one_time_seconds),
            )

        return await self._change(actor, person_id, "reset_password", work), secret

    async def remove_factor(self, actor: Actor | None, person_id: str) -> Person:
        """Take away a second factor that is lost; an administrator enrols another one at the next login.

        Raises as `disable`.
        """

        def work(session: Session, person: Person) -> Person:
            self._factors.remove(session, person)
            return _get(session, person.id)

        return await self._change(actor, person_id, "remove_factor", work, ("delete", "factors"))

    async def set_role(self, actor: Actor, person_id: str, role: Role) -> Person:
        """Give somebody a role in place of the one they have.

        Raises:
            NotFoundError: `person_not_found`.
            ConflictError: `not_oneself`, `last_administrator`, `powers_exclude_each_other`; `external_account`: the
                provider says what they are.
        """

        def work(session: Session, person: Person) -> Person:
            check_has_password(person)
            if role == person.role:
                return person
            if role in ADMINISTRATORS and person.power not in (None, role):
                raise error("powers_exclude_each_other")
            check_not_last(session, person)
            power = role if role in ADMINISTRATORS else person.power
            return repository.change(session, person.id, role=role, power=power)

        return await self._change(actor, person_id, "set_role", work, ("update", "roles"))

    async def _change(
        self,
        actor: Actor | None,
        person_id: str,
        act: str,
        work: Callable[[Session, Person], Person],
        asked: tuple[str, str] = ("update", "people"),
        *,
        urgent: bool = False,
    ) -> Person:
        """Do `work` with an account, and record it, or neither.

        Args:
            asked: action and resource, as in `permissions`.
        """

        def changing(session: Session) -> Person:
            before = _get(session, person_id)
            if actor is not None and actor.person_id == person_id:
                raise error("not_oneself")
            after = work(session, before)
            told = {"act": act} | powers_of(after)
            self._audit_log.record(session, event(*asked, person_id, before=powers_of(before), after=told))
            return after

        return await self._database.run(changing, urgent=urgent)


def created(person: Person) -> AuditEvent:
    """That an account was made, by whoever acts just now."""
    return event("create", "people", person.id, after=powers_of(person))


def new_person(
    person_id: str,
    name: str,
    *,
    display_name: str | None,
    tenant: str | None,
    role: Role,
    password_hash: str,
    now: int,
    one_time_seconds: float,
) -> Person:
    """An account whose password is a one-time secret, not kept anywhere yet.

    Raises:
        InvalidRequestError: `invalid_person_name`, `invalid_person_label`.
    """
    kept_name = name_of(name)
    check_name(kept_name)
    for param, text in (("display_name", display_name), ("tenant", tenant)):
        if text is not None:
            check_label(param, text)
    return Person(
        id=person_id,
        name=kept_name,
        display_name=kept_name if display_name is None else display_name,
        tenant=person_id if tenant is None else tenant,
        role=role,
        power=role if role in ADMINISTRATORS else None,
        password_hash=password_hash,
        password_changed_at=now,
        one_time_until=int(now + one_time_seconds),
        totp_secret=None,
        totp_since=None,
        totp_step=None,
        generation=1,
        created_at=now,
        disabled_at=None,
        last_login_at=None,
    )


def _get(session: Session, person_id: str) -> Person:
    person = repository.find(session, person_id) if PERSON_IDS.fits(person_id) else None
    if person is None:
        raise person_not_found()
    return person


def check_not_last(session: Session, person: Person) -> None:
    """Each of the three powers is somebody's, always; and of those who need no provider to log in, once it is.

    Raises:
        ConflictError: `last_administrator`.
    """
    if person.role in ADMINISTRATORS:
        local_only = not person.is_external
        if repository.lock_administrators(session, person.role, local_only=local_only) == [person.id]:
            raise error("last_administrator")
