"""Making, listing, revoking and checking keys."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict

from sqlalchemy.orm import Session

from kantu.errors import AuthenticationError, StoreError, error
from kantu.service.actor import Actor, Limits
from kantu.service.audit.acting import event
from kantu.service.audit.event import AuditEvent
from kantu.service.audit.log import AuditLog
from kantu.service.database import Database
from kantu.service.keys import repository
from kantu.service.keys.api_key import KEY_IDS, ApiKey, digest_of, hint_of, new_text, text_in
from kantu.service.keys.check import check
from kantu.service.keys.memory import KeyMemory
from kantu.service.keys.wrong_keys import WrongKeys

_log = logging.getLogger(__name__)

_USE_NOTED_EVERY_SECONDS = 60


class KeyService:
    """What keys may do is remembered only while nothing in the database changes: a change holds from the next request.

    Args:
        log: has a key's making and its end.
        clock: seconds since 1970, of the wall: when a key expires was said as a time of day.
        wrong: makes trying keys slow.
    """

    def __init__(
        self,
        database: Database,
        log: AuditLog,
        clock: Callable[[], float] = time.time,
        wrong: WrongKeys | None = None,
    ) -> None:
        self._database, self._audit_log = database, log
        self._clock = clock
        self._wrong = wrong or WrongKeys()
        self._memory = KeyMemory()
        self._tried: dict[str, float] = {}  # when the last use of a key was noted, or could not be

    def create(
        self,
        name: str,
        *,
        owner: str | None = None,
        models: Sequence[str] | None = None,
        endpoints: Sequence[str] | None = None,
        limits: Limits | None = None,
        expires_at: int | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key.

        Args:
            name: for people, up to 100 characters.
            owner: whose files and batches it sees; the key's own id by default, so that it shares with nobody.
            models, endpoints: what it may use; None is everything.
            expires_at: from when on it is refused; None is never.

        Returns:
            The key, and its text, which is kept nowhere.

        Raises:
            InvalidRequestError: `invalid_key_name`, `invalid_key_owner`, `invalid_key_models`,
                `invalid_key_endpoints`, `invalid_key_limits`, `invalid_key_expiry`.
        """
        key, text = make(
            KEY_IDS.new(),
            name,
            owner=owner,
            models=models,
            endpoints=endpoints,
            limits=limits or Limits(),
            created_at=int(self._clock()),
            expires_at=expires_at,
        )
        with self._database.session() as session:
            repository.add(session, key, digest_of(text))
            self._audit_log.record(session, created(key))
        return key, text

    def list(self) -> list[ApiKey]:
        """Every key there ever was, oldest first."""

        def work(session: Session) -> list[ApiKey]:
            found = repository.find_all(session)
            self._audit_log.record(session, event("read", "keys"))
            return found

        return self._database.urgently(work)  # on a full disk somebody looks for the key to revoke

    def revoke(self, key_id: str) -> ApiKey:
        """End a key for good. Revoking it again changes nothing.

        Raises:
            NotFoundError: `key_not_found`.
        """
        now = int(self._clock())

        def work(session: Session) -> ApiKey | None:
            before = repository.find(session, key_id)
            if before is None:
                return None
            repository.set_revoked(session, key_id, now)
            key = repository.find(session, key_id)
            assert key is not None
            states = ({"revoked_at": before.revoked_at}, {"revoked_at": key.revoked_at})
            self._audit_log.record(session, event("revoke", "keys", key_id, before=states[0], after=states[1]))
            return key

        key = self._database.urgently(work)  # a key that has filled the disk is one to revoke
        if key is None:
            raise error("key_not_found")
        return key

    async def authenticate(self, authorization: str | None, address: str | None = None) -> Actor:
        """Who is behind an `Authorization` header. The other methods block, this one does not.

        Args:
            address: of the client; wrong keys of one address are answered later and later.

        Raises:
            AuthenticationError: `missing_api_key`, `invalid_api_key`, `expired_api_key`, `revoked_api_key`.
            LimitExceededError: `too_many_wrong_keys`.
            StoreError: the database cannot be asked.
        """
        if not authorization:
            raise error("missing_api_key")
        text = text_in(authorization)
        try:
            key = None if text is None else await self._find(digest_of(text))
            if key is None:
                raise error("invalid_api_key")
            actor = self._actor(key)
        except AuthenticationError:
            await self._wrong.delay(address, None if text is None else hint_of(text))
            raise
        now = self._clock()
        due = now - _USE_NOTED_EVERY_SECONDS
        if (key.last_used_at is None or key.last_used_at <= due) and self._tried.get(key.id, due) <= due:
            self._tried[key.id] = now  # a locked database costs one request its patience, not every one
            await self._note_use(key.id, int(now))
        return actor

    async def actor(self, key_id: str) -> Actor:
        """Who holds a key now that did something earlier, such as making a batch.

        Raises:
            AuthenticationError: `invalid_api_key`, `expired_api_key`, `revoked_api_key`.
            StoreError: the database cannot be asked.
        """
        key = await self._database.run(lambda session: repository.find(session, key_id), read_only=True)
        if key is None:
            raise error("invalid_api_key")
        return self._actor(key)

    def _actor(self, key: ApiKey) -> Actor:
        state = key.state(self._clock())
        if state == "revoked":
            raise error("revoked_api_key")
        if state == "expired":
            raise error("expired_api_key")
        return key.actor()

    async def _find(self, digest: str) -> ApiKey | None:
        version = self._database.version()  # before the key is read: what changes meanwhile counts as later
        if (known := self._memory.find(digest, version)) is not None:
            return known
        key = await self._database.run(lambda session: repository.find_by_digest(session, digest), read_only=True)
        if key is not None:
            self._memory.keep(digest, key, version)
        return key

    async def _note_use(self, key_id: str, now: int) -> None:
        try:
            await self._database.run(lambda session: repository.set_used(session, key_id, now))
        except StoreError as error:  # a full disk is no reason to turn a good key away
            _log.warning("key_use_not_noted", extra={"key_id": key_id, "code": error.code})


def created(key: ApiKey) -> AuditEvent:
    """That a key was made, by whoever acts just now."""
    told = ("name", "owner", "models", "endpoints", "expires_at")
    limits = {name: value for name, value in asdict(key.limits).items() if value is not None}
    return event("create", "keys", key.id, after={name: getattr(key, name) for name in told} | {"limits": limits})


def make(
    key_id: str,
    name: str,
    *,
    owner: str | None,
    models: Sequence[str] | None,
    endpoints: Sequence[str] | None,
    limits: Limits,
    created_at: int,
    expires_at: int | None,
) -> tuple[ApiKey, str]:
    """A key and its text, not kept anywhere yet. Raises as `KeyService.create`."""
    text = new_text()
    key = ApiKey(
        id=key_id,
        name=name,
        owner=owner or key_id,
        hint=hint_of(text),
        models=None if models is None else tuple(dict.fromkeys(models)),
        endpoints=None if endpoints is None else tuple(dict.fromkeys(endpoints)),
        limits=limits,
        created_at=created_at,
        expires_at=expires_at,
        revoked_at=None,
        last_used_at=None,
    )
    check(key)
    return key, text
