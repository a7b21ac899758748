"""An identity provider in this process: the code flow of OpenID Connect with PKCE and real keys. It can misbehave."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

ISSUER = "https://idp.example/realms/main"
CLIENT, SECRET = "kantu", "client-secret"
CALLBACK = "https://gateway/v1/session/oidc/callback"

_KEYS = [RSAKey.generate_key(2048, {"kid": f"key-{number}", "use": "sig"}) for number in range(2)]


class IdentityProvider(httpx.AsyncBaseTransport):
    """What is asked over HTTP it answers as a transport; what a browser does there, `log_in` does.

    Attributes:
        key: that it signs with now; `published` are those that anybody may fetch.
        claims: what else its tokens say, over what they ought to.
        sign: (header, claims) -> a token, in place of an honest one.
        answers: by path, in place of its own.
        is_away: it cannot be reached.
        codes_last: codes are good more than once.
        gate: what it answers codes behind.
        asked: paths, in order.
    """

    def __init__(self) -> None:
        self.key, self.published = _KEYS[0], [_KEYS[0]]
        self.claims: dict[str, Any] = {}
        self.sign: Callable[[dict[str, Any], dict[str, Any]], str] = self.signed
        self.answers: dict[str, httpx.Response] = {}
        self.discovery: dict[str, Any] = {}
        self.is_away = False
        self.codes_last = False
        self.gate: asyncio.Event | None = None
        self.asked: list[str] = []
        self._codes: dict[str, tuple[dict[str, str], dict[str, Any]]] = {}

    def rotate(self) -> None:
        """Sign with another key, and publish only that."""
        self.key, self.published = _KEYS[1], [_KEYS[1]]

    def log_in(self, url: str, **user: Any) -> str:
        """What somebody does in a browser that was sent to `url`; where the browser is sent next."""
        query = dict(parse_qsl(urlsplit(url).query))
        assert url.startswith(f"{ISSUER}/authorize?")
        assert (query["response_type"], query["client_id"], query["redirect_uri"]) == ("code", CLIENT, CALLBACK)
        assert "openid" in query["scope"].split()
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe()
        if query.get("max_age") == "0" and query.get("prompt") == "login":
            user.setdefault("auth_time", int(time.time()))
        self._codes[code] = query, user
        return f"{CALLBACK}?{urlencode({'code': code, 'state': query['state'], 'iss': ISSUER})}"

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append(path)
        if self.is_away:
            raise httpx.ConnectError("away")
        if path in self.answers:
            return self.answers[path]
        if path == "/realms/main/.well-known/openid-configuration":
            return httpx.Response(200, json=self._described())
        if path == "/realms/main/keys":
            return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.published]})
        assert path == "/realms/main/token"
        if self.gate is not None:
            await self.gate.wait()
        return self._token(
            request, {name: values[0] for name, values in parse_qs((await request.aread()).decode()).items()}
        )

    def signed(self, header: dict[str, Any], claims: dict[str, Any]) -> str:
        """An honest token."""
        return jwt.encode(header, claims, self.key, algorithms=[header["alg"]])

    def _described(self) -> dict[str, Any]:
        return {
            "issuer": ISSUER,
            "authorization_endpoint": f"{ISSUER}/authorize",
            "token_endpoint": f"{ISSUER}/token",
            "jwks_uri": f"{ISSUER}/keys",
            **self.discovery,
        }

    def _token(self, request: httpx.Request, form: dict[str, str]) -> httpx.Response:
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {basic}":
            return httpx.Response(401, json={"error": "invalid_client"})
        found = self._codes.get(form["code"]) if self.codes_last else self._codes.pop(form["code"], None)
        if found is None or form["grant_type"] != "authorization_code" or form["redirect_uri"] != CALLBACK:
            return httpx.Response(400, json={"error": "invalid_grant"})
        query, user = found
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != query["code_challenge"]:
            return httpx.Response(400, json={"error": "invalid_grant"})
        now = int(time.time())
        claims = {"iss": ISSUER, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": query["nonce"], **user}
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        token = self.sign({"alg": "RS256", "kid": self.key.kid}, claims)
        return httpx.Response(200, json={"access_token": "at", "token_type": "Bearer", "id_token": token})


def unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """With `alg` none, and no signature."""
    return f"{_part({**header, 'alg': 'none'})}.{_part(claims)}."


def signed_with_public_key(key: RSAKey) -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """HMAC whose secret is what the provider publishes."""

    def sign(header: dict[str, Any], claims: dict[str, Any]) -> str:
        text = f"{_part({**header, 'alg': 'HS256'})}.{_part(claims)}"
        return f"{text}.{_base64(hmac.digest(key.as_pem(private=False), text.encode(), 'sha256'))}"

    return sign


def signed_by_another(header: dict[str, Any], claims: dict[str, Any]) -> str:
    """With a key of the same name that is not the provider's."""
    return jwt.encode(header, claims, _KEYS[1], algorithms=["RS256"])


def altered(sign: Callable[[dict[str, Any], dict[str, Any]], str]) -> Callable[[dict[str, Any], dict[str, Any]], str]:
    """Honestly signed, and then other groups are put in."""

    def tamper(header: dict[str, Any], claims: dict[str, Any]) -> str:
        first, _, last = sign(header, claims).split(".")
        return f"{first}.{_part({**claims, 'groups': ['kantu-security']})}.{last}"

    return tamper


def _part(value: dict[str, Any]) -> str:
    return _base64(json.dumps(value).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
