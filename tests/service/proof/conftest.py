"""One running service for all tests that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.proof.live import LiveGateway, live_gateway

# Short patience, so that tests of slow clients are quick.
_SETTINGS = {
    "KANTU_SERVER_BODY_SECONDS": "1.5",
    "KANTU_SERVER_SEND_SECONDS": "1.5",
    "KANTU_FETCH_ALLOWED_DOMAINS": "localhost,pictures.example",
    "KANTU_FETCH_ALLOW_HTTP": "true",
    "KANTU_FETCH_TOTAL_SECONDS": "3",
}


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGateway]:
    with live_gateway(tmp_path_factory.mktemp("live"), _SETTINGS) as gateway:
        yield gateway
