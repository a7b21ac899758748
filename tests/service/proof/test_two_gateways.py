"""Two gateways that start at the same moment on one home, or on one PostgreSQL: nothing is done twice, and all of it.

Each is `kantu serve` as a process of its own, with the embedded model.
"""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from kantu.service.batches.record import UNFINISHED, Batch
from kantu.service.batches.repository import BatchRepository
from kantu.service.database import Database
from kantu.service.files.content import place_of
from kantu.service.files.record import FILE_IDS, FileRecord
from kantu.service.files.repository import FileRepository
from kantu.service.home import KEPT, LOCK_NAME
from tests.service.postgres_server import new_database
from tests.service.proof.live import CHAT, LiveGateway, live_gateway, question, wait_until

pytestmark = pytest.mark.whole

BATCHES, LINES = 4, 3
EXPIRED = 700  # more than a sweeper takes at once

KNOWN = {"kantu.db", "kantu.db-wal", "kantu.db-shm", "kantu.db-ballast", LOCK_NAME, "files", *KEPT}
"""What a service keeps in its home. Who adds to it thinks of backups: see `home.KEPT`."""

NO_MODEL = {"KANTU_MODEL_NAME": "http://127.0.0.1:9/v1", "KANTU_MODEL_UPSTREAM_MODEL": "nobody"}
"""For those that are asked nothing: a model takes seconds to load."""


@dataclass(frozen=True)
class Store:
    """What the two share."""

    folder: Path
    url: str | None

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @contextmanager
    def database(self) -> Iterator[Database]:
        database = Database.sqlite(self.home / "kantu.db") if self.url is None else Database(self.url)
        try:
            yield database
        finally:
            database.close()

    @contextmanager
    def two(self, **settings: str) -> Iterator[list[LiveGateway]]:
        """Both, started at once, and ready where they have a model of their own."""
        if self.url is not None:
            settings["KANTU_STORE_DATABASE_URL"] = self.url
        ready = "KANTU_MODEL_NAME" not in settings
        with ExitStack() as stack, ThreadPoolExecutor(2) as threads:
            starting = [
                threads.submit(stack.enter_context, live_gateway(self.folder, settings, ready=ready)) for _ in "ab"
            ]
            yield [each.result() for each in starting]


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """A home that does not exist yet, and a database without tables."""
    if request.param == "sqlite":
        yield Store(tmp_path, None)
        return
    with new_database(request.getfixturevalue("postgres_url")) as url:
        yield Store(tmp_path, url)


def test_first_starts_and_batches_at_the_same_moment(store: Store) -> None:
    with store.two() as gateways:
        logs = [gateway.log.read_text(encoding="utf-8") for gateway in gateways]
        assert sum("已创建第一个 API 密钥" in log for log in logs) == 1
        assert sum("另一个服务也在用" in log for log in logs) == 1  # limits are not shared
        assert not [log for log in logs if "ballast_not_made" in log or "Traceback" in log]
        assert {path.name for path in store.home.iterdir()} <= KNOWN  # a backup has it, or need not
        for gateway in gateways:
            with gateway.client() as client:
                assert client.get("/v1/models").status_code == 200

        with ThreadPoolExecutor(BATCHES) as threads:
            batches = list(threads.map(lambda number: _submit(gateways[number % 2], number), range(BATCHES)))
        answers = [_answers(gateways[0], batch) for batch in batches]

        expected = [Counter(f"{number}-{line}" for line in range(LINES)) for number in range(BATCHES)]
        assert [Counter(answer["custom_id"] for answer in of_one) for of_one in answers] == expected
        assert {answer["response"]["status_code"] for of_one in answers for answer in of_one} == {200}
        asked = [gateway.metric("kantu_engine_requests_total", outcome="finished") for gateway in gateways]
        assert sum(asked) == BATCHES * LINES  # no line twice
    with store.database() as database, database.session(read_only=True) as session:
        assert session.scalar(text("SELECT count(*) FROM api_keys")) == 1
        assert session.scalar(text("SELECT count(*) FROM files")) == 2 * BATCHES
        assert session.scalar(text("SELECT sum(files) FROM file_usage")) == 2 * BATCHES
        assert session.scalar(text("SELECT sum(bytes) FROM file_usage")) == session.scalar(
            text("SELECT sum(size) FROM files")
        )


def _submit(gateway: LiveGateway, number: int) -> str:
    lines = [
        {"custom_id": f"{number}-{line}", "method": "POST", "url": CHAT, "body": question(f"第{line}行是什么？")}
        for line in range(LINES)
    ]
    data = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines).encode()
    with gateway.client() as client:
        file = client.post("/v1/files", data={"purpose": "batch"}, files={"file": ("in.jsonl", data)}).json()
        body = {"input_file_id": file["id"], "endpoint": CHAT, "completion_window": "24h"}
        batch: str = client.post("/v1/batches", json=body).json()["id"]
    return batch


def _answers(gateway: LiveGateway, batch: str) -> list[dict[str, Any]]:
    with gateway.client() as client:
        wait_until(lambda: _state(client, batch)["status"] not in UNFINISHED)
        output = _state(client, batch)["output_file_id"]
        return [json.loads(line) for line in client.get(f"/v1/files/{output}/content").text.splitlines()]


def _state(client: httpx.Client, batch: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/batches/{batch}").json()
    return found


def test_sweeps_at_the_same_moment(store: Store) -> None:
    store.home.mkdir()
    long_ago = int(time.time()) - 40 * 86_400
    with store.database() as database:
        database.upgrade()
        with database.session() as session:
            for number in range(EXPIRED):
                file = FileRecord(FILE_IDS.new(), f"owner{number % 7}", "f", "batch", 3, long_ago, long_ago + 1)
                FileRepository(session, file.owner, 0).add(file)
                content = store.home / "files" / place_of(file.id)
                content.parent.mkdir(parents=True, exist_ok=True)
                content.write_bytes(b"123")
                owner, batch_id = file.owner, f"batch_{number:024x}"
                batch = Batch(
                    batch_id,
                    owner,
                    "key",
                    CHAT,
                    "zh",
                    "completed",
                    file.id,
                    1,
                    None,
                    long_ago,
                    long_ago,
                    completed_at=1,
                )
                BatchRepository(session, owner).add(batch)
    with store.two(**NO_MODEL) as gateways, store.database() as database:

        def left() -> int:
            with database.session(read_only=True) as session:
                return sum(session.scalar(text(f"SELECT count(*) FROM {name}")) or 0 for name in ("files", "batches"))

        wait_until(lambda: left() == 0)
        wait_until(lambda: _swept(gateways, "files") >= EXPIRED and _swept(gateways, "batches") >= EXPIRED)
        assert (_swept(gateways, "files"), _swept(gateways, "batches")) == (EXPIRED, EXPIRED)
        with database.session(read_only=True) as session:
            assert session.execute(text("SELECT sum(files), sum(bytes) FROM file_usage")).one() == (0, 0)
    assert not [path for path in (store.home / "files").rglob("*") if path.is_file()]


def _swept(gateways: list[LiveGateway], what: str) -> int:
    logs = [gateway.log.read_text(encoding="utf-8") for gateway in gateways]
    return sum(int(number) for log in logs for number in re.findall(rf"(\d+) {what} swept", log))
