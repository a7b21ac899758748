"""When a key expires, as people write it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.keys.expiry import read_expiry

NOW = 1_800_000_000.9


@pytest.fixture(autouse=True)
def _in_shanghai(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Shanghai")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1h", 3600), ("12h", 43_200), ("30d", 2_592_000), ("8w", 4_838_400), ("99999d", 8_639_913_600)],
)
def test_a_span_counts_from_now(text: str, seconds: int) -> None:
    assert read_expiry(text, NOW) == 1_800_000_000 + seconds


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-01", 1_798_732_800),  # midnight where this machine is
        ("2027-01-01T08:00", 1_798_761_600),
        ("2027-01-01 08:00:00", 1_798_761_600),
        ("2027-01-01T00:00Z", 1_798_761_600),
        ("2027-01-01T00:00+00:00", 1_798_761_600),
    ],
)
def test_a_date_is_of_this_machines_time_zone_unless_it_says_one(text: str, moment: int) -> None:
    assert read_expiry(text, NOW) == moment


@pytest.mark.parametrize(
    "text", ["", "30", "0d", "-1d", "1.5h", "30 d", "30m", "tomorrow", "2027-13-01", "１２h", "d30"]
)
def test_what_is_neither_is_an_error(text: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_expiry(text, NOW)
    assert caught.value.code == "invalid_key_expiry"
