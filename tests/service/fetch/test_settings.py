"""Numbers out of range are refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.fetch import FetchSettings


def test_nothing_is_open_by_default() -> None:
    settings = FetchSettings()
    assert settings.allowed_domains == ()
    assert not settings.allow_http
    assert not settings.allow_private


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("allowed_ports", (443, 0)),
        ("allowed_ports", (65536,)),
        ("max_bytes", 0),
        ("connect_seconds", 0),
        ("total_seconds", -1),
        ("max_redirects", -1),
    ],
)
def test_out_of_range(name: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        FetchSettings(**{name: value})
    assert (caught.value.code, caught.value.param) == ("invalid_settings", f"fetch.{name}")
