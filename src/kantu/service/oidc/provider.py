"""The company's identity provider, as its discovery document describes it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import httpx
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc.jwk import KeySet

from kantu.errors import KantuError, error
from kantu.service.oidc.attempt import Attempt
from kantu.service.oidc.channel import Channel
from kantu.service.oidc.id_token import Expected, IdToken, key_set, verify
from kantu.service.settings import OidcSettings

T = TypeVar("T")

_DISCOVERY = "/.well-known/openid-configuration"
_KEPT_SECONDS = 3600.0
_KEYS_AT_MOST_EVERY_SECONDS = 60.0
_PAUSE_SECONDS = 5.0  # a provider that is away costs its timeout once in so long, not at every login
_AT_ONCE = 16
_BEFORE_SECONDS = 60  # what the provider's clock may be behind ours


@dataclass(frozen=True, slots=True)
class _Described:
    authorization: str
    token: str
    keys: str
    authentication: str  # of this service, by its secret


class Provider:
    """Used on one event loop.

    Args:
        transport: None is the network.
        clock: seconds since 1970, of the wall: tokens go by the time of day.
        elapsed: seconds that never go back.

    Raises:
        InvalidRequestError: `invalid_settings`.
    """

    def __init__(
        self,
        settings: OidcSettings,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.time,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        assert settings.issuer is not None
        assert settings.client_id is not None
        self.issuer, self._client_id = settings.issuer, settings.client_id
        self._settings, self._clock = settings, clock
        self._channel = Channel(settings.issuer, settings.ca_file, transport)
        self._described = _Cached(self._discover, elapsed)
        self._keys = _Cached(self._fetch_keys, elapsed)
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def authorization_url(self, attempt: Attempt) -> str:
        """Where the browser goes to log in.

        Raises:
            UpstreamError: `oidc_unreachable`, `oidc_provider_broken`.
        """
        described = await self._described.get()
        fresh = {"prompt": "login", "max_age": "0"} if attempt.fresh else {}
        url: str = prepare_grant_uri(
            described.authorization,
            client_id=self._client_id,
            response_type="code",
            redirect_uri=self._settings.redirect_uri,
            scope=" ".join(dict.fromkeys(("openid", *self._settings.scopes))),
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.code_verifier),
            code_challenge_method="S256",
            **fresh,
        )
        return url

    async def identify(self, attempt: Attempt, code: str) -> IdToken:
        """Who has logged in there, for a code that the browser has brought.

        Raises:
            UpstreamError: `oidc_unreachable`, `oidc_provider_broken`.
            AuthenticationError: `oidc_code_refused`, `oidc_token_refused`, `oidc_not_fresh`.
        """
        async with self._turns:
            text, access_token = await self._exchange(attempt, code)
            expected = Expected(self.issuer, self._client_id, attempt.nonce, access_token)
            token = self._verified(text, await self._keys.get(), expected)
            if token is None and self._keys.age_seconds >= _KEYS_AT_MOST_EVERY_SECONDS:  # it may have other keys now
                token = self._verified(text, await self._keys.renew(), expected)
        if token is None:
            raise error("oidc_token_refused")
        if attempt.fresh and (token.authenticated_at or 0) < attempt.started_at - _BEFORE_SECONDS:
            raise error("oidc_not_fresh")
        return token

    async def _exchange(self, attempt: Attempt, code: str) -> tuple[str, str | None]:
        """(ID token, access token) for a code."""
        described, secret = await self._described.get(), self._settings.client_secret
        form = urlencode(
            {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self._settings.redirect_uri,
                "code_verifier": attempt.code_verifier,
            }
        )
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        authentication = described.authentication if secret is not None else "none"
        client = ClientAuth(self._client_id, None if secret is None else secret.get_secret_value(), authentication)
        _, headers, form = client.prepare("POST", described.token, headers, form)
        status, answer = await self._channel.post(described.token, headers, form)
        text, access_token = answer.get("id_token"), answer.get("access_token")
        if status != 200 or "error" in answer:
            raise error("oidc_code_refused")
        if not isinstance(text, str):
            raise error("oidc_provider_broken")
        return text, access_token if isinstance(access_token, str) else None

    def _verified(self, text: str, keys: KeySet, expected: Expected) -> IdToken | None:
        settings = self._settings
        return verify(
            text,
            keys,
            expected,
            self._clock(),
            groups_claim=settings.groups_claim,
            name_claim=settings.name_claim,
        )

    async def _discover(self) -> _Described:
        found = await self._channel.get(self.issuer.removesuffix("/") + _DISCOVERY)
        if found.get("issuer") != self.issuer:
            raise error("oidc_provider_broken")
        authorization, token, keys = (
            self._channel.check(found.get(name)) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
        )
        return _Described(authorization, token, keys, _authentication(found))

    async def _fetch_keys(self) -> KeySet:
        described = await self._described.get()
        return key_set((await self._channel.get(described.keys)).get("keys"))


class _Cached(Generic[T]):
    """What was fetched, for a while. Of many who want it at once one fetches it; a failure holds for a moment."""

    def __init__(self, fetch: Callable[[], Awaitable[T]], elapsed: Callable[[], float]) -> None:
        self._fetch, self._elapsed = fetch, elapsed
        self._lock = asyncio.Lock()
        self._found: tuple[T, float] | None = None
        self._failed: tuple[KantuError, float] | None = None

    @property
    def age_seconds(self) -> float:
        """Of what was fetched."""
        return float("inf") if self._found is None else self._elapsed() - self._found[1]

    async def get(self) -> T:
        """What there is, fetched if it is too old."""
        async with self._lock:
            if self._found is not None and self.age_seconds < _KEPT_SECONDS:
                return self._found[0]
            return await self._renewed()

    async def renew(self) -> T:
        """Fetched now."""
        async with self._lock:
            return await self._renewed()

    async def _renewed(self) -> T:
        if self._failed is not None and self._elapsed() - self._failed[1] < _PAUSE_SECONDS:
            raise error(self._failed[0].code)
        try:
            found = await self._fetch()
        except KantuError as failure:
            self._failed = failure, self._elapsed()
            raise
        self._found, self._failed = (found, self._elapsed()), None
        return found


def _authentication(found: dict[str, Any]) -> str:
    """How this service shows its secret: as the provider says, in the header where it can."""
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if not isinstance(methods, list):
        raise error("oidc_provider_broken")
    return next((method for method in ("client_secret_basic", "client_secret_post") if method in methods), "none")
