"""What the HTTP process may hold is summed up from the settings, and checked before anything starts."""

from __future__ import annotations

from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.service.memory import check_memory, parts
from kantu.service.settings import ModelSettings, ServerSettings, Settings, read_settings

MIB = 2**20


def settings(**sections: dict[str, Any]) -> Settings:
    return read_settings(None, {}, sections)


def test_the_defaults_fit_and_leave_half_of_a_small_machine() -> None:
    check_memory(Settings())
    assert Settings().server.max_memory_bytes <= 2 * 2**30
    assert sum(part.most_bytes for part in parts(Settings())) > Settings().server.max_memory_bytes * 3 / 4  # used well


@pytest.mark.parametrize(
    ("section", "name", "value"),
    [
        ("server", "max_total_body_bytes", 2**30),
        ("server", "max_connections", 100_000),
        ("request", "max_in_flight_pixels", 2**30),
        ("request", "max_answer_bytes", 2**28),
        ("request", "max_in_flight", 10_000),
    ],
)
def test_whatever_is_raised_over_the_bound_is_named_first(section: str, name: str, value: int) -> None:
    raised = settings(**{section: {name: value}})
    with pytest.raises(InvalidRequestError) as refused:
        check_memory(raised)
    assert refused.value.code == "invalid_settings"
    for message in (refused.value.message, refused.value.message_en):
        assert name in message.split("MiB")[2]
        assert "server.max_memory_bytes" in message


def test_every_local_model_beside_the_first_counts() -> None:
    local, upstream = ModelSettings(name="other"), ModelSettings(name="http://127.0.0.1:9/v1")
    one, two, remote = (
        sum(part.most_bytes for part in parts(Settings(more_models=more))) for more in ((), (local,), (upstream,))
    )
    assert (two - one, remote - one) == (96 * MIB, 0)
    with pytest.raises(InvalidRequestError, match="other"):
        check_memory(Settings(server=ServerSettings(max_memory_bytes=one), more_models=(local,)))


def test_with_more_memory_more_may_be_held() -> None:
    check_memory(settings(server={"max_total_body_bytes": 2**30, "max_memory_bytes": 2**33}))


def test_keeping_exchanges_takes_memory_of_its_own() -> None:
    nothing, kept = (sum(part.most_bytes for part in parts(settings(retention={"days": days}))) for days in (None, 30))
    assert kept - nothing == 208 * MIB  # as docs/settings.md says
