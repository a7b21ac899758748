"""`kantu serve` with the embedded model, and OpenAI's Python client for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from openai import OpenAI

from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from kantu.service.settings import AuditSettings
from tests.service.proof.live import LiveGateway, live_gateway


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGateway]:
    with live_gateway(tmp_path_factory.mktemp("served")) as gateway:
        yield gateway


@pytest.fixture(scope="session")
def client(served: LiveGateway) -> Iterator[OpenAI]:
    """With the first key; it tries everything once."""
    with OpenAI(base_url=f"{served.address}/v1", api_key=served.key, max_retries=0, timeout=120) as opened:
        yield opened


@pytest.fixture
def keys(served: LiveGateway) -> Iterator[KeyService]:
    """What `kantu keys` does, beside the running service."""
    database = Database.sqlite(served.home / "kantu.db")
    yield KeyService(database, open_audit_log(AuditSettings(), served.home, database))
    database.close()
