"""Settings of the provider that cannot be meant are refused at the start."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.settings import OidcSettings, read_settings
from tests.service.oidc.identity_provider import CALLBACK, CLIENT, ISSUER, SECRET

WHOLE = {"issuer": ISSUER, "client_id": CLIENT, "client_secret": SECRET, "redirect_uri": CALLBACK}


@pytest.mark.parametrize(
    "changes",
    [
        {"issuer": "http://idp.example"},
        {"issuer": "https://user:password@idp.example"},
        {"issuer": "https://idp.example/?a=b"},
        {"issuer": "idp.example"},
        {"client_id": None},
        {"redirect_uri": None},
        {"redirect_uri": "http://gateway/v1/session/oidc/callback"},
        {"redirect_uri": "https://gateway/"},
        {"redirect_uri": "https://gateway@evil.example/v1/session/oidc/callback"},
        {"redirect_uri": "https://gateway/?next=/v1/session/oidc/callback"},
        {"roles": ["x=root"]},
        {"roles": ["x=member", "x=audit"]},
        {"tenants": ["x"]},
    ],
    ids=str,
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequestError, match="invalid_settings") as caught:
        read_settings(None, {}, {"oidc": {**WHOLE, **changes}} if None not in changes.values() else _without(changes))
    assert "oidc" in caught.value.message
    assert SECRET not in str(caught.value)


def _without(changes: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {"oidc": {name: value for name, value in WHOLE.items() if name not in changes}}


@pytest.mark.parametrize(
    ("redirect_uri", "home"),
    [
        (CALLBACK, "https://gateway/"),
        ("https://gateway/kantu/v1/session/oidc/callback", "https://gateway/kantu/"),
        ("http://localhost:8000/v1/session/oidc/callback", "http://localhost:8000/"),
        ("http://127.0.0.1:8000/v1/session/oidc/callback", "http://127.0.0.1:8000/"),
    ],
)
def test_after_login_a_browser_is_where_it_opened_the_page(redirect_uri: str, home: str) -> None:
    assert OidcSettings(**WHOLE | {"redirect_uri": redirect_uri}).home == home
