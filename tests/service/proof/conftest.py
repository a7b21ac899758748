"""One running service for all tests that leave it as it was."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.service.fetch.picture_server import PictureServer, serving
from tests.service.proof.live import LiveGateway, live_gateway


@pytest.fixture(scope="session")
def inside() -> Iterator[PictureServer]:
    """A web server on this machine that nobody from outside is to reach."""
    with serving() as server:
        yield server


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory, inside: PictureServer) -> Iterator[LiveGateway]:
    """A service that may fetch pictures from two hosts, and has little patience with slow clients."""
    settings = {
        "KANTU_SERVER_BODY_SECONDS": "1.5",
        "KANTU_FETCH_ALLOWED_DOMAINS": "localhost,pictures.example",
        "KANTU_FETCH_ALLOWED_PORTS": str(inside.port),
        "KANTU_FETCH_ALLOW_HTTP": "true",
        "KANTU_WATCH_LOG_LEVEL": "debug",
    }
    with live_gateway(tmp_path_factory.mktemp("live"), settings) as gateway:
        yield gateway
