"""Whether somebody is who they say. Whether the name or the password is wrong, no answer tells and no time."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from sqlalchemy.orm import Session

from kantu.errors import LimitExceededError, error
from kantu.service.audit.acting import address, claim, event
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.http.addresses import client_of
from kantu.service.keys.wrong_keys import WrongKeys
from kantu.service.people import repository
from kantu.service.people.factors import Factor
from kantu.service.people.lockout import Lockout
from kantu.service.people.passwords import Passwords
from kantu.service.people.person import Person, name_digest, name_of

_MOST_AT_ONCE_OF_ONE = 4


class Login:
    """Used on one event loop. Refusals are recorded by whoever answers the request.

    Args:
        wrong: makes trying passwords slow, by address.
        log: has every recovery code that is used.
        check_code: (session, person, code) -> which factor it is of, if it is good, which uses it up.
        clock: seconds since 1970, which nobody can set: a lock would open.
    """

    def __init__(
        self,
        database: Database,
        passwords: Passwords,
        lockout: Lockout,
        wrong: WrongKeys,
        log: AuditLog,
        check_code: Callable[[Session, Person, str], Factor | None],
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._database, self._passwords, self._lockout, self._wrong = database, passwords, lockout, wrong
        self._audit_log, self._check_code, self._clock = log, check_code, clock
        self._running: Counter[str] = Counter()

    async def authenticate(self, name: str, password: str, code: str | None, *, with_code: bool = True) -> Person:
        """The person, if name, password and code are right.

        Args:
            with_code: of the second factor, where there is one; a session that has seen it may do without.

        Raises:
            AuthenticationError: `wrong_credentials`: whichever of name and password it is, or the account is disabled;
                `totp_code_required`, `wrong_totp_code`, `one_time_password_expired`: the password is right.
            LimitExceededError: `login_locked`, whether there is such an account or not; `too_many_logins`.
            OverloadedError: `passwords_busy`.
        """
        with self.one_more():
            digest = name_digest(name)
            person = await self._take(digest, name_of(name))
            # Of those who have no password here, none is right, after the same time.
            kept = None if person is None or person.is_external else person.password_hash
            right = await self._passwords.run(partial(self._passwords.matches, kept, password))
            if person is None or not right or person.state != "active":
                await self.delay()
                raise error("wrong_credentials")
            if person.one_time_until is not None and person.one_time_until <= self._clock():
                await self.delay()
                raise error("one_time_password_expired")
            needs_code = with_code and person.has_totp
            if needs_code and code is None:
                await self._database.run(lambda session: self._lockout.give_back(session, digest, self._clock()))
                raise error("totp_code_required")
            if not await self._database.run(partial(self._finish, digest, person, code if needs_code else None)):
                await self.delay()
                raise error("wrong_totp_code")
            if self._passwords.is_outdated(person.password_hash):
                await self._renew(person, password)
            return person

    async def prove_factor(self, person: Person, code: str) -> None:
        """Whether it is a code of somebody who has shown elsewhere who they are.

        Raises:
            AuthenticationError: `wrong_totp_code`.
            LimitExceededError: `login_locked`, `too_many_logins`.
        """
        with self.one_more():
            digest = name_digest(person.name)
            await self._take(digest, person.name)
            if not await self._database.run(partial(self._finish, digest, person, code)):
                await self.delay()
                raise error("wrong_totp_code")

    async def delay(self) -> None:
        """Note that somebody was not who they said, and return when they may hear of it.

        Raises:
            LimitExceededError: `too_many_logins`.
        """
        try:
            await self._wrong.delay(address(), None)
        except LimitExceededError:
            raise error("too_many_logins") from None

    async def _take(self, digest: str, name: str) -> Person | None:
        """Count a try of a name, before it is made, and say whose the name is.

        Raises:
            LimitExceededError: `login_locked`.
        """
        locked, person = await self._database.run(partial(self._begin, digest, name))
        if person is not None:
            claim(person.id)  # never the name: it may be a password
        if locked:
            await self.delay()
            raise error("login_locked", retry_after_seconds=locked)
        return person

    def _begin(self, digest: str, name: str, session: Session) -> tuple[float, Person | None]:
        locked = self._lockout.take(session, digest, self._clock())
        return locked, repository.find_by_name(session, name)

    def _finish(self, digest: str, person: Person, code: str | None, session: Session) -> bool:
        factor = None if code is None else self._check_code(session, person, code)
        if code is not None and factor is None:
            return False
        self._lockout.clear(session, digest)
        if factor == "recovery_code":
            left = {"act": "use_recovery_code", "left": repository.count_recovery_codes(session, person.id)}
            used = event("update", "account", person.id, after=left, actor=person.actor())
            self._audit_log.record(session, used)
        return True

    async def _renew(self, person: Person, password: str) -> None:
        """Keep the password at what it costs now: from then on it is checked as long as one of nobody's."""
        renewed = await self._passwords.run(partial(self._passwords.hash, password))
        await self._database.run(lambda session: repository.renew_hash(session, person, renewed))

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """A few at once of one address, so that others find their turn.

        Raises:
            LimitExceededError: `too_many_logins`.
        """
        client = client_of(address() or "")
        if self._running[client] >= _MOST_AT_ONCE_OF_ONE:
            raise error("too_many_logins")
        self._running[client] += 1
        try:
            yield
        finally:
            self._running[client] -= 1
            if not self._running[client]:
                del self._running[client]
