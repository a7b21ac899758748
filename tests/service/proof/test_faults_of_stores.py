"""What the service keeps things in goes away, is locked or is full, and comes back; the service is never restarted."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from kantu.service.actor import Limits
from tests.service.gateways import data_url, png
from tests.service.postgres_server import PostgresServer
from tests.service.proof.live import (
    CHAT,
    MODEL,
    LiveGateway,
    code_of,
    live_gateway,
    question,
    wait_until,
)
from tests.service.redis_server import RedisServer
from tests.service.small_disk import DISK_BYTES, fill
from tests.service.warm import run

pytestmark = pytest.mark.whole

RESERVE = {"KANTU_STORE_RESERVE_BYTES": str(2 * 2**20)}
Keeper = Callable[..., AbstractContextManager[LiveGateway]]
OK = (200, None)
UNAVAILABLE = (503, "store_unavailable")
FULL = (507, "store_full")
QUOTA = (413, "storage_quota_exceeded")


def picture_question() -> dict[str, Any]:
    picture = {"type": "image_url", "image_url": {"url": data_url(png())}}
    content = [picture, {"type": "text", "text": "这是什么？"}]
    return question(messages=[{"role": "user", "content": content}])


def batch_line() -> bytes:
    line = {"custom_id": "1", "method": "POST", "url": CHAT, "body": question()}
    return json.dumps(line).encode()


def upload(client: httpx.Client, content: bytes) -> httpx.Response:
    return client.post("/v1/files", files={"file": ("batch.jsonl", content)}, data={"purpose": "batch"})


def begin_batch(client: httpx.Client, file_id: str) -> httpx.Response:
    body = {"input_file_id": file_id, "endpoint": CHAT, "completion_window": "24h"}
    return client.post("/v1/batches", json=body)


def status_of_batch(client: httpx.Client, batch_id: str) -> str:
    status: str = client.get(f"/v1/batches/{batch_id}").json()["status"]
    return status


def readiness(client: httpx.Client) -> tuple[int, dict[str, str]]:
    response = client.get("/readyz")
    return response.status_code, response.json()["checks"]


@pytest.fixture
def keeper(live: LiveGateway) -> Keeper:
    """(folder, settings) -> a service that keeps things there. Its model is another service's, as it is not tried."""
    model = {
        "KANTU_MODEL_NAME": f"{live.address}/v1",
        "KANTU_MODEL_UPSTREAM_MODEL": MODEL,
        "KANTU_MODEL_UPSTREAM_KEY": live.key,
        "KANTU_MODEL_SERVED_NAME": MODEL,
    }

    def start(folder: Path, settings: Mapping[str, str] | None = None) -> AbstractContextManager[LiveGateway]:
        return live_gateway(folder, {**model, **(settings or {})}, ready=False)

    return start


@pytest.fixture
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def test_a_database_that_is_gone_is_said_and_comes_back_by_itself(
    tmp_path: Path, postgres: PostgresServer, keeper: Keeper
) -> None:
    with (
        keeper(tmp_path, {"KANTU_STORE_DATABASE_URL": postgres.url("postgres")}) as gateway,
        gateway.client() as client,
        gateway.client() as begun,
    ):
        assert code_of(client.post(CHAT, json=question())) == OK
        with begun.stream("POST", CHAT, json=question(max_tokens=150, min_tokens=150, stream=True)) as answer:
            lines = answer.iter_lines()
            assert next(lines).startswith("data: ")
            postgres.stop()

            refused = client.post(CHAT, json=question())
            assert code_of(refused) == UNAVAILABLE
            assert int(refused.headers["retry-after"]) > 0
            assert int(refused.headers["retry-after-ms"]) > 0
            assert code_of(upload(client, batch_line())) == UNAVAILABLE
            status, checks = readiness(client)
            assert (status, checks["database"], checks["model"]) == (503, "unavailable", "ok")
            assert client.get("/healthz").status_code == 200
            assert client.get("/metrics").status_code == 200
            assert [line for line in lines if line][-1] == "data: [DONE]"  # an answer needs no database any more

        postgres.start()
        assert code_of(client.post(CHAT, json=question())) == OK
        assert readiness(client)[0] == 200
        batch = begin_batch(client, upload(client, batch_line()).json()["id"]).json()
        wait_until(lambda: status_of_batch(client, batch["id"]) == "completed")  # who runs batches is back as well


def test_a_locked_sqlite_refuses_only_what_must_be_written(tmp_path: Path, keeper: Keeper) -> None:
    with keeper(tmp_path) as gateway:
        unused = gateway.new_key()
        with gateway.client() as client, gateway.client(unused) as first_use:
            assert code_of(client.post(CHAT, json=picture_question())) == OK
            with closing(sqlite3.connect(gateway.home / "kantu.db", isolation_level=None)) as other:
                other.execute("BEGIN EXCLUSIVE")  # longer than busy_timeout: until the refusal has come
                refused = upload(client, batch_line())
                assert code_of(refused) == UNAVAILABLE
                assert int(refused.headers["retry-after"]) > 0
                assert code_of(client.post(CHAT, json=picture_question())) == OK
                # That a key is used would be noted; it is let in all the same, and only the first time waits for it.
                assert [code_of(first_use.post(CHAT, json=question())) for _ in range(2)] == [OK, OK]
                assert gateway.log.read_text(encoding="utf-8").count("key_use_not_noted") == 1
                assert readiness(client)[0] == 200
                other.execute("ROLLBACK")
            assert code_of(upload(client, batch_line())) == OK


def test_a_database_that_is_damaged_is_said_and_comes_back_with_its_backup(tmp_path: Path, keeper: Keeper) -> None:
    with keeper(tmp_path) as gateway, gateway.client() as client, gateway.client(gateway.new_key()) as another:
        assert code_of(client.post(CHAT, json=question())) == OK
        database, backup = gateway.home / "kantu.db", tmp_path / "backup.db"
        with closing(sqlite3.connect(database)) as other:
            # All of it in one file: what is written to the log while the file is damaged fits the backup as well.
            assert other.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)
        shutil.copy(database, backup)
        overwrite(database, Path("/dev/urandom"))
        wait_until(lambda: readiness(client)[0] == 503)
        assert readiness(client)[1]["database"] == "unavailable"
        answers = [
            answer
            for one in (client, another)
            for answer in (one.post(CHAT, json=question()), upload(one, batch_line()), one.get("/v1/files"))
        ]
        assert {code_of(answer) for answer in answers} <= {OK, UNAVAILABLE}  # some is remembered, none is a defect
        assert UNAVAILABLE in {code_of(answer) for answer in answers}
        assert kantu_keys(gateway, "list").returncode == 1
        assert client.get("/healthz").status_code == 200
        overwrite(database, backup)
        wait_until(lambda: readiness(client)[0] == 200)
        assert [code_of(one.post(CHAT, json=question())) for one in (client, another)] == [OK, OK]
        assert code_of(upload(client, batch_line())) == OK


def overwrite(path: Path, source: Path) -> None:
    """In place, by another process."""
    count = str(path.stat().st_size)
    subprocess.run(
        ["dd", f"if={source}", f"of={path}", "bs=64K", f"count={count}", "iflag=count_bytes", "conv=notrunc"],
        check=True,
        capture_output=True,
    )


def test_without_its_redis_nothing_is_limited_until_it_is_back(
    tmp_path: Path, redis_server: RedisServer, keeper: Keeper
) -> None:
    exceeded = (429, "request_limit_exceeded")
    with keeper(tmp_path, {"KANTU_STORE_REDIS_URL": redis_server.url}) as gateway:
        limited = gateway.new_key(limits=Limits(requests_per_day=2, output_tokens_per_day=100_000))
        with gateway.client(limited) as client:
            assert [code_of(client.post(CHAT, json=question())) for _ in range(3)] == [OK, OK, exceeded]
            assert gateway.metric("kantu_limit_store_errors_total") == 0

            redis_server.kill()
            assert [code_of(client.post(CHAT, json=question())) for _ in range(4)] == 4 * [OK]
            assert gateway.metric("kantu_limit_store_errors_total") >= 4
            assert readiness(client)[0] == 200
            log = gateway.log.read_text(encoding="utf-8")
            assert log.count("limit_store_unavailable") == 1  # once a minute, not once a request

            redis_server.start()
            wait_until(lambda: code_of(client.get("/v1/models")) == exceeded)
            assert code_of(client.post(CHAT, json=question())) == exceeded


def test_an_upload_that_would_fill_the_disk_leaves_nothing_of_itself(small_disk: Path, keeper: Keeper) -> None:
    settings = RESERVE | {"KANTU_STORE_MAX_TOTAL_BYTES": str(2**30)}
    with keeper(small_disk, settings) as gateway, gateway.client() as client:
        refused = upload(client, batch_line() + b"\n" * DISK_BYTES)
        assert code_of(refused) == FULL
        assert refused.headers["x-should-retry"] == "false"
        assert contents_in(gateway) == []
        assert code_of(upload(client, batch_line())) == OK
        assert len(contents_in(gateway)) == 1


def test_one_owner_that_has_filled_its_quota_hinders_no_other(small_disk: Path, keeper: Keeper) -> None:
    settings = RESERVE | {"KANTU_STORE_MAX_OWNER_BYTES": str(2**20), "KANTU_STORE_MAX_TOTAL_BYTES": str(2**22)}
    with (
        keeper(small_disk, settings) as gateway,
        gateway.client() as client,
        gateway.client(gateway.new_key()) as greedy,
    ):
        answers = [upload(greedy, bytes(300 * 2**10)) for _ in range(5)]
        assert [code_of(answer) for answer in answers] == [OK, OK, OK, QUOTA, QUOTA]
        assert answers[-1].headers["x-should-retry"] == "false"
        assert code_of(upload(client, batch_line())) == OK
        assert code_of(client.post(CHAT, json=picture_question())) == OK
        assert code_of(greedy.post(CHAT, json=picture_question())) == OK
        assert readiness(client)[0] == 200
        assert code_of(greedy.delete(f"/v1/files/{answers[0].json()['id']}")) == OK
        assert code_of(upload(greedy, bytes(300 * 2**10))) == OK


def test_a_disk_that_others_filled_stops_no_question_no_deletion_and_no_revocation(
    small_disk: Path, keeper: Keeper
) -> None:
    with keeper(small_disk, RESERVE) as gateway, gateway.client() as client:
        bad_key = gateway.new_key()
        with gateway.client(bad_key) as bad:
            assert code_of(bad.post(CHAT, json=question())) == OK
            kept = upload(client, batch_line()).json()["id"]
            large = [upload(client, bytes(2**16)).json()["id"] for _ in range(3)]
            filler = gateway.home / "filler"
            fill(filler)
            use_up_the_log(gateway)

            assert code_of(upload(client, batch_line())) == FULL
            assert code_of(begin_batch(client, kept)) == FULL  # the database lies on the same disk
            assert code_of(client.post(CHAT, json=picture_question())) == OK
            assert client.get(f"/v1/files/{kept}/content").content == batch_line()
            status, checks = readiness(client)
            assert (status, checks["disk"], checks["database"]) == (503, "full", "ok")
            created = kantu_keys(gateway, "create", "another")
            assert (created.returncode, "[store_full]" in created.stderr) == (1, True), created.stderr

            revoked = kantu_keys(gateway, "revoke", id_of(gateway, bad_key))
            assert revoked.returncode == 0, revoked.stderr
            assert code_of(bad.post(CHAT, json=question())) == (401, "revoked_api_key")
            fill(filler)  # whatever room that has made
            for file_id in large:
                assert code_of(client.delete(f"/v1/files/{file_id}")) == OK
            assert [path.name for path in contents_in(gateway)] == [kept]

        filler.unlink()
        wait_until(lambda: readiness(client)[0] == 200)
        assert code_of(upload(client, batch_line())) == OK
        batch = begin_batch(client, kept).json()
        wait_until(lambda: status_of_batch(client, batch["id"]) == "completed")


def kantu_keys(gateway: LiveGateway, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The command, beside the running service."""
    variables = os.environ | RESERVE | {"KANTU_HOME": str(gateway.home)}
    return run("keys", *arguments, environment=variables)


def id_of(gateway: LiveGateway, key: str) -> str:
    with closing(sqlite3.connect(gateway.home / "kantu.db")) as database:
        digest = hashlib.sha256(key.encode()).hexdigest()
        found: str = database.execute("SELECT id FROM api_keys WHERE digest = ?", (digest,)).fetchone()[0]
        return found


def use_up_the_log(gateway: LiveGateway) -> None:
    """Write to the database until its log has no room left; nothing moves what is in it to the database meanwhile."""
    with closing(sqlite3.connect(gateway.home / "kantu.db", isolation_level=None)) as database:
        database.execute("PRAGMA wal_autocheckpoint = 0")
        with suppress(sqlite3.OperationalError):  # it is full
            for number in range(DISK_BYTES):
                database.execute("UPDATE api_keys SET last_used_at = ?", (number,))
        assert shutil.disk_usage(gateway.home).free < 2**14


def contents_in(gateway: LiveGateway) -> list[Path]:
    """What lies on the disk for uploads, finished or not."""
    return [path for path in (gateway.home / "files").rglob("*") if path.is_file()]
