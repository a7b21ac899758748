"""A login at the provider, from here and back: an ordinary session is what comes of it."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from kantu.errors import AuthenticationError, ConflictError, KantuError, PermissionDeniedError, error
from kantu.service.audit.acting import claim
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.oidc import repository
from kantu.service.oidc.accounts import admit, put_out
from kantu.service.oidc.attempt import ATTEMPT_SECONDS, Attempt, new_attempt
from kantu.service.oidc.id_token import IdToken
from kantu.service.oidc.mapping import GroupMapping
from kantu.service.oidc.provider import Provider
from kantu.service.oidc.repository import UsedAttempt
from kantu.service.people import repository as people
from kantu.service.people.login import Login
from kantu.service.people.person import Person
from kantu.service.sessions.record import digest_of
from kantu.service.sessions.service import Begun, SessionService


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider has sent a browser back with."""

    state: str = ""
    code: str | None = None
    error: str | None = None
    issuer: str | None = None


@dataclass(frozen=True)
class OidcLogin:
    """Used on one event loop. Refusals are recorded by whoever answers the request.

    Attributes:
        provider: None where none is set.
        clock: seconds since 1970, of the wall: tokens go by the time of day.
    """

    database: Database
    log: AuditLog
    login: Login
    sessions: SessionService
    provider: Provider | None
    mapping: GroupMapping
    clock: Callable[[], float]

    async def begin(self, *, fresh: bool, old: str | None) -> tuple[Attempt, str]:
        """An attempt for the browser to keep, and where it goes.

        Args:
            fresh: the provider has to ask for the password again.
            old: the text of the session that the browser has; it ends when another one begins.

        Raises:
            NotFoundError: `oidc_not_configured`.
            UpstreamError: `oidc_unreachable`, `oidc_provider_broken`.
        """
        attempt = new_attempt(self.clock(), fresh=fresh, old_digest=None if old is None else digest_of(old))
        return attempt, await self._set().authorization_url(attempt)

    async def finish(self, attempt: Attempt | None, answer: Answer) -> Begun | None:
        """The session of whoever has logged in at the provider; None while a code of their second factor is missing.

        Args:
            attempt: that this browser has begun.

        Raises:
            NotFoundError: `oidc_not_configured`.
            UpstreamError: `oidc_unreachable`, `oidc_provider_broken`.
            AuthenticationError: `oidc_login_over`, `oidc_refused`, `oidc_code_refused`, `oidc_token_refused`,
                `oidc_not_fresh`, `account_disabled`.
            PermissionDeniedError: see `GroupMapping.of`.
            ConflictError: `powers_exclude_each_other`, `last_administrator`.
            LimitExceededError: `too_many_logins`.
        """
        provider = self._set()
        if attempt is None:
            raise error("oidc_login_over")
        try:
            return await self._finish(provider, attempt, answer)
        except (AuthenticationError, PermissionDeniedError, ConflictError):
            await self.login.delay()
            raise

    async def finish_with_code(self, attempt: Attempt | None, code: str) -> Begun:
        """The session of whoever has logged in at the provider, and has a second factor here.

        Raises:
            AuthenticationError: `oidc_login_over`, `account_disabled`, `wrong_totp_code`.
            LimitExceededError: `login_locked`, `too_many_logins`.
        """
        used = None if attempt is None else await self._used(attempt)
        if attempt is None or used is None or used.person_id is None:
            raise error("oidc_login_over")
        person_id = used.person_id
        person = await self.database.run(partial(_active, person_id=person_id), read_only=True)
        await self.login.prove_factor(person, code)

        def work(session: Session) -> Begun:
            if not repository.finish(session, attempt.digest):
                raise error("oidc_login_over")
            return self._open(session, attempt, _active(session, person_id), used.authenticated_at)

        return await self.database.run(work)

    async def _finish(self, provider: Provider, attempt: Attempt, answer: Answer) -> Begun | None:
        is_ours = hmac.compare_digest(answer.state.encode(), attempt.state.encode())
        if not is_ours or answer.issuer not in (None, provider.issuer) or await self._used(attempt) is not None:
            raise error("oidc_login_over")
        if answer.error is not None or not answer.code:
            raise error("oidc_refused")
        with self.login.one_more():
            token = await provider.identify(attempt, answer.code)
        claim(token.subject)
        try:
            return await self._admit(attempt, token)
        except (PermissionDeniedError, ConflictError) as failure:
            await self._put_out(token, failure)
            raise

    async def _admit(self, attempt: Attempt, token: IdToken) -> Begun | None:
        mapped = self.mapping.of(token.groups)

        def work(session: Session) -> Begun | None:
            now = int(self.clock())
            person = admit(session, self.log, token, mapped, now)
            since, ends_at = token.authenticated_at or 0, attempt.started_at + ATTEMPT_SECONDS
            waiting = person.id if person.has_totp else None
            repository.add(session, UsedAttempt(attempt.digest, now, ends_at, waiting, since))
            return None if waiting else self._open(session, attempt, person, since)

        try:
            return await self.database.run(work)
        except IntegrityError:  # at the same moment it was used, or somebody came for the first time twice
            pass
        raise error("oidc_login_over")

    def _open(self, session: Session, attempt: Attempt, person: Person, authenticated_at: int) -> Begun:
        how = {"issuer": person.issuer, "with_code": person.has_totp}
        return self.sessions.open(session, person, attempt.old_digest, how, authenticated_at=authenticated_at)

    async def _put_out(self, token: IdToken, failure: KantuError) -> None:
        """Whoever the provider has just said is nobody here any more is out from the next request on."""
        person_id = await self.database.run(partial(put_out, log=self.log, token=token, because=failure.code))
        if person_id is not None:
            claim(person_id)

    async def _used(self, attempt: Attempt) -> UsedAttempt | None:
        return await self.database.run(partial(repository.find, digest=attempt.digest), read_only=True)

    def _set(self) -> Provider:
        if self.provider is None:
            raise error("oidc_not_configured")
        return self.provider


def _active(session: Session, person_id: str) -> Person:
    person = people.find(session, person_id)
    if person is None or person.state != "active":
        raise error("account_disabled")
    return person
