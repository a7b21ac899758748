"""What is fetched of a provider, from where, how often; and which of its tokens are believed."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey

from kantu.errors import KantuError
from kantu.service.oidc.attempt import Attempt, new_attempt
from kantu.service.oidc.id_token import IdToken
from kantu.service.oidc.provider import Provider
from kantu.service.settings import OidcSettings
from tests.service.clock import Clock
from tests.service.oidc.identity_provider import (
    CALLBACK,
    CLIENT,
    ISSUER,
    SECRET,
    IdentityProvider,
    altered,
    signed_by_another,
    signed_with_public_key,
    unsigned,
)

pytestmark = pytest.mark.anyio
DISCOVERY, KEYS, TOKEN = (f"/realms/main/{path}" for path in (".well-known/openid-configuration", "keys", "token"))
USER = {"sub": "u-1", "groups": ["kantu-users"], "name": "李雷", "preferred_username": "li.lei"}


def provider_over(idp: IdentityProvider, elapsed: Callable[[], float] = time.monotonic, **settings: Any) -> Provider:
    given = {"issuer": ISSUER, "client_id": CLIENT, "client_secret": SECRET, "redirect_uri": CALLBACK, **settings}
    return Provider(OidcSettings(**given), idp, elapsed=elapsed)


def attempt(*, fresh: bool = False) -> Attempt:
    return new_attempt(time.time(), fresh=fresh, old_digest=None)


async def identified(idp: IdentityProvider, provider: Provider | None = None, **user: Any) -> IdToken:
    provider, trial = provider or provider_over(idp), attempt()
    back = idp.log_in(await provider.authorization_url(trial), **USER | user)
    return await provider.identify(trial, httpx.URL(back).params["code"])


async def refused(idp: IdentityProvider, provider: Provider | None = None, **user: Any) -> str:
    with pytest.raises(KantuError) as caught:
        await identified(idp, provider, **user)
    return caught.value.code


async def test_a_good_token_says_who_has_logged_in() -> None:
    token = await identified(IdentityProvider(), auth_time=12345)
    assert token == IdToken(ISSUER, "u-1", "li.lei", "李雷", ("kantu-users",), 12345)


async def test_groups_may_stand_inside_another_claim_or_under_a_name_with_dots() -> None:
    for claim, told in (
        ("realm.roles", {"realm": {"roles": ["a", 1, "b"]}}),
        ("https://x.example/g", {"https://x.example/g": "a"}),
    ):
        idp = IdentityProvider()
        token = await identified(idp, provider_over(idp, groups_claim=claim), **told)
        assert token.groups[0] == "a"
        assert all(isinstance(group, str) for group in token.groups)


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"aud": [CLIENT, "another"]},  # and nobody says that it is for us (azp)
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"iss": "https://idp.example/realms/other"},
        {"iss": None},
        {"exp": 1},  # no clock here: workers collect at different seconds, and these are names of tests
        {"exp": None},
        {"exp": "tomorrow"},
        {"iat": None},
        {"nbf": 4_102_444_800},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "x" * 256},
        {"at_hash": "of another access token"},
        {"auth_time": "now"},
    ],
    ids=str,
)
async def test_a_token_that_says_anything_else_than_it_must_is_refused(claims: dict[str, Any]) -> None:
    idp = IdentityProvider()
    idp.claims = claims
    assert await refused(idp) == "oidc_token_refused"


async def test_a_token_for_several_is_good_if_it_was_given_to_us() -> None:
    idp = IdentityProvider()
    idp.claims = {"aud": [CLIENT, "another"], "azp": CLIENT}
    assert (await identified(idp)).subject == "u-1"


async def test_a_token_that_the_provider_has_not_signed_is_refused() -> None:
    idp = IdentityProvider()
    for sign in (unsigned, signed_with_public_key(idp.key), signed_by_another, altered(idp.signed)):
        idp.sign = sign
        assert await refused(idp) == "oidc_token_refused", sign


async def test_what_is_no_token_at_all_is_refused() -> None:
    idp = IdentityProvider()
    for text in ("", "x", "a.b.c", "..", "é.é.é", "e30.e30.e30"):
        idp.sign = lambda header, claims, text=text: text  # type: ignore[misc]
        assert await refused(idp) == "oidc_token_refused", text


async def test_a_secret_among_the_published_keys_verifies_nothing() -> None:
    idp = IdentityProvider()
    secret = OctKey.generate_key(256, {"kid": "shared"})
    keys = {"keys": [secret.as_dict(private=True), idp.key.as_dict(private=False)]}
    idp.answers[KEYS] = httpx.Response(200, json=keys)
    idp.sign = signed_with_public_key(idp.key)
    assert await refused(idp) == "oidc_token_refused"
    idp.sign = idp.signed
    assert (await identified(idp)).subject == "u-1"


async def test_broken_keys_among_good_ones_are_passed_over() -> None:
    idp = IdentityProvider()
    broken: list[Any] = [{}, {"kty": "RSA"}, {"kty": "RSA", "n": "é", "e": 3}, {"kty": "EC", "crv": "P-0"}, 7, None]
    idp.answers[KEYS] = httpx.Response(200, json={"keys": [*broken, idp.key.as_dict(private=False)]})
    assert (await identified(idp)).subject == "u-1"
    for none in ({"keys": broken}, {"keys": "x"}, {}):
        idp.answers[KEYS] = httpx.Response(200, json=none)
        assert await refused(idp) == "oidc_token_refused"


async def test_elliptic_curves_sign_as_well() -> None:
    idp = IdentityProvider()
    curve = ECKey.generate_key("P-256", {"kid": "curve"})
    idp.answers[KEYS] = httpx.Response(200, json={"keys": [curve.as_dict(private=False)]})
    idp.key = curve  # type: ignore[assignment]
    idp.sign = lambda header, claims: idp.signed({**header, "alg": "ES256"}, claims)
    assert (await identified(idp)).subject == "u-1"


async def test_a_code_needs_the_verifier_of_the_browser_that_began() -> None:
    idp = IdentityProvider()
    provider, mine, stolen = provider_over(idp), attempt(), attempt()
    back = idp.log_in(await provider.authorization_url(stolen), **USER)
    with pytest.raises(KantuError, match="oidc_code_refused"):
        await provider.identify(mine, httpx.URL(back).params["code"])


async def test_where_the_password_is_asked_for_again_the_provider_has_to_say_that_it_was() -> None:
    idp = IdentityProvider()
    provider, trial = provider_over(idp), attempt(fresh=True)
    url = await provider.authorization_url(trial)
    for auth_time in (int(time.time()) - 3600, 0, None):
        back = idp.log_in(url, **USER, auth_time=auth_time)
        with pytest.raises(KantuError, match="oidc_not_fresh"):
            await provider.identify(trial, httpx.URL(back).params["code"])
    back = idp.log_in(url, **USER)
    assert (await provider.identify(trial, httpx.URL(back).params["code"])).authenticated_at is not None


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://idp.example/x",
        "https://evil.example/x",
        "https://idp.example:8443/x",
        "https://idp.example@evil.example/",
        "",
        7,
        None,
        "//evil.example/x",
        "https://[x",
        "file:///etc/passwd",
    ],
)
@pytest.mark.parametrize("name", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
async def test_no_other_host_than_the_issuer_s_is_asked_or_gone_to(name: str, endpoint: Any) -> None:
    idp = IdentityProvider()
    idp.discovery = {name: endpoint}
    assert await refused(idp) == "oidc_provider_broken"
    assert idp.asked == [DISCOVERY]


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(200, json={"issuer": "https://idp.example/realms/other"}), "oidc_provider_broken"),
        (httpx.Response(200, content=b"[1]"), "oidc_provider_broken"),
        (httpx.Response(200, content=b"<html>"), "oidc_provider_broken"),
        (httpx.Response(200, content=b"[" * 100_000), "oidc_provider_broken"),
        (httpx.Response(200, content=b" " * (2**18 + 1)), "oidc_provider_broken"),
        (httpx.Response(302, headers={"location": "https://evil.example/"}), "oidc_provider_broken"),
        (httpx.Response(404), "oidc_provider_broken"),
        (httpx.Response(503), "oidc_unreachable"),
    ],
    ids=["issuer", "list", "html", "deep", "large", "redirect", "404", "503"],
)
async def test_a_description_that_is_none_is_not_followed(answer: httpx.Response, code: str) -> None:
    idp = IdentityProvider()
    idp.answers[DISCOVERY] = answer
    assert await refused(idp) == code
    assert idp.asked == [DISCOVERY]


async def test_compressed_answers_are_not_unpacked() -> None:
    idp = IdentityProvider()
    idp.answers[DISCOVERY] = httpx.Response(
        200, headers={"content-encoding": "gzip"}, stream=httpx.ByteStream(b"\x1f\x8b")
    )
    assert await refused(idp) == "oidc_provider_broken"


async def test_description_and_keys_are_kept_for_an_hour() -> None:
    idp, clock = IdentityProvider(), Clock(1000.0)
    provider = provider_over(idp, clock)
    for _ in range(3):
        await identified(idp, provider)
    assert sorted(path for path in idp.asked if path != TOKEN) == [DISCOVERY, KEYS]
    clock.now += 3600
    await identified(idp, provider)
    assert sorted(path for path in idp.asked if path != TOKEN) == [DISCOVERY, DISCOVERY, KEYS, KEYS]


async def test_another_key_is_found_but_not_looked_for_at_every_token() -> None:
    idp, clock = IdentityProvider(), Clock(1000.0)
    provider = provider_over(idp, clock)
    await identified(idp, provider)
    idp.rotate()
    assert await refused(idp, provider) == "oidc_token_refused"  # they were fetched a moment ago
    clock.now += 61
    assert (await identified(idp, provider)).subject == "u-1"
    assert idp.asked.count(KEYS) == 2


async def test_a_provider_that_is_away_is_asked_once_in_a_while() -> None:
    idp, clock = IdentityProvider(), Clock(1000.0)
    provider = provider_over(idp, clock)
    idp.is_away = True
    assert [await refused(idp, provider) for _ in range(5)] == ["oidc_unreachable"] * 5
    assert len(idp.asked) == 1
    idp.is_away = False
    clock.now += 6
    assert (await identified(idp, provider)).subject == "u-1"


@pytest.mark.parametrize(
    ("methods", "in_header"),
    [(["client_secret_post", "private_key_jwt"], False), (["client_secret_post", "client_secret_basic"], True)],
)
async def test_the_secret_goes_where_the_provider_wants_it(methods: list[str], in_header: bool) -> None:
    seen: list[tuple[bool, bool]] = []

    class Watching(IdentityProvider):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == TOKEN:
                seen.append(("authorization" in request.headers, SECRET in (await request.aread()).decode()))
            return await super().handle_async_request(request)

    idp = Watching()
    idp.discovery = {"token_endpoint_auth_methods_supported": methods}
    provider, trial = provider_over(idp), attempt()
    back = idp.log_in(await provider.authorization_url(trial), **USER)
    with suppress(KantuError):  # this one knows secrets in the header only
        await provider.identify(trial, httpx.URL(back).params["code"])
    assert seen == [(in_header, not in_header)]
