"""What the service keeps things in goes away, is locked or is full, and comes back; the service is never restarted."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from kantu.service.identity import Limits
from tests.service.gateways import data_url, png
from tests.service.postgres_server import PostgresServer
from tests.service.proof.live import (
    CHAT,
    LiveGateway,
    code_of,
    live_gateway,
    question,
    wait_until,
)
from tests.service.redis_server import RedisServer

DISK_BYTES = 4 * 2**20
OK = (200, None)
UNAVAILABLE = (503, "store_unavailable")
FULL = (507, "store_full")


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
def postgres() -> Iterator[PostgresServer]:
    server = PostgresServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A folder whose `home` is a file system of its own, of `DISK_BYTES`."""
    home = tmp_path / "home"
    home.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "kantu-small-disk", str(home)]
    try:
        mounted = subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("a file system cannot be mounted here")
    yield tmp_path
    subprocess.run(["umount", "--lazy", str(home)], check=True)


def test_a_database_that_is_gone_is_said_and_comes_back_by_itself(tmp_path: Path, postgres: PostgresServer) -> None:
    with (
        live_gateway(tmp_path, {"KANTU_STORE_DATABASE_URL": postgres.url("postgres")}) as gateway,
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


def test_a_locked_sqlite_refuses_only_what_must_be_written(tmp_path: Path) -> None:
    with live_gateway(tmp_path) as gateway:
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


def test_without_its_redis_nothing_is_limited_until_it_is_back(tmp_path: Path, redis_server: RedisServer) -> None:
    exceeded = (429, "request_limit_exceeded")
    with live_gateway(tmp_path, {"KANTU_STORE_REDIS_URL": redis_server.url}) as gateway:
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


def test_an_upload_that_fills_the_disk_leaves_nothing_of_itself(small_disk: Path) -> None:
    with live_gateway(small_disk) as gateway, gateway.client() as client:
        refused = upload(client, batch_line() + b"\n" * DISK_BYTES)
        assert code_of(refused) == FULL
        assert refused.headers["x-should-retry"] == "false"
        assert contents_in(gateway) == []
        assert code_of(upload(client, batch_line())) == OK
        assert len(contents_in(gateway)) == 1


def test_a_disk_that_others_filled_stops_no_question(small_disk: Path) -> None:
    with live_gateway(small_disk) as gateway, gateway.client() as client:
        file_id = upload(client, batch_line()).json()["id"]
        filler = gateway.home / "filler"
        fill(filler)
        assert code_of(upload(client, batch_line())) == FULL
        assert code_of(begin_batch(client, file_id)) == UNAVAILABLE  # the database lies on the same disk
        assert code_of(client.post(CHAT, json=picture_question())) == OK
        assert client.get(f"/v1/files/{file_id}/content").content == batch_line()

        filler.unlink()
        assert code_of(upload(client, batch_line())) == OK
        batch = begin_batch(client, file_id).json()
        wait_until(lambda: status_of_batch(client, batch["id"]) == "completed")


def contents_in(gateway: LiveGateway) -> list[Path]:
    """What lies on the disk for uploads, finished or not."""
    return [path for path in (gateway.home / "files").rglob("*") if path.is_file()]


def fill(path: Path) -> None:
    """Take all the room there is."""
    with path.open("wb", buffering=0) as file:
        while file.write(bytes(DISK_BYTES)):
            if shutil.disk_usage(path).free == 0:
                return
