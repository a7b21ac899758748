"""The engine's process crashes, the service is killed, the service is told to stop: what clients see, what is left."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.service.gateways import data_url
from tests.service.proof.live import CHAT, LiveGateway, code_of, live_gateway, question, wait_until

pytestmark = pytest.mark.whole

ORDER = Path(__file__).parents[3] / "examples" / "order.png"
IMPATIENT = "tests.service.proof.impatient"
LINES = 30
OK = (200, None)


def picture_question() -> dict[str, Any]:
    picture = {"type": "image_url", "image_url": {"url": data_url(ORDER.read_bytes())}}
    content = [picture, {"type": "text", "text": "价格是多少？"}]
    small = {"max_pixels": 256 * 1024}
    return question(messages=[{"role": "user", "content": content}], max_tokens=12, seed=7, mm_processor_kwargs=small)


def endless_question(**fields: Any) -> dict[str, Any]:
    """One whose answer would take longer than any test that cuts it short."""
    return question("请从一数到一千。", max_tokens=4000, min_tokens=4000, **fields)


def begun(answer: httpx.Response) -> Iterator[str]:
    """The lines still to come of a stream whose first words are here."""
    assert answer.status_code == 200
    lines = (line for line in answer.iter_lines() if line)
    assert any('"content":' in line for line in lines)
    return lines


def last_error(lines: list[str]) -> str:
    """The code of the error event that a stream ends with."""
    assert lines[-2] == "event: error"
    code: str = json.loads(lines[-1].removeprefix("data: "))["error"]["code"]
    return code


def check_of(gateway: LiveGateway, name: str) -> tuple[int, str]:
    response = gateway.get("/readyz")
    return response.status_code, response.json()["checks"][name]


def is_alive(pid: int) -> bool:
    try:
        ended = (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)  # though nobody may have asked for its status
        return psutil.Process(pid).status() not in ended
    except psutil.NoSuchProcess:
        return False


def draining(gateway: LiveGateway) -> bool:
    return check_of(gateway, "service") == (503, "draining")


# The engine


def test_an_engine_that_crashes_is_restarted_and_whoever_waited_is_told(live: LiveGateway) -> None:
    """It leaves the service as it was."""
    gateway, restarts = live, live.metric("kantu_engine_restarts_total")
    with gateway.client() as client, gateway.client() as other, ThreadPoolExecutor(1) as thread:
        before = client.post(CHAT, json=picture_question()).json()
        whole = thread.submit(other.post, CHAT, json=endless_question())
        with client.stream("POST", CHAT, json=endless_question(stream=True)) as answer:
            lines = begun(answer)
            wait_until(lambda: gateway.running() == 2)
            os.kill(gateway.engine_pid(), signal.SIGKILL)
            assert last_error(list(lines)) == "engine_crashed"
        assert code_of(whole.result()) == (500, "engine_crashed")
        assert check_of(gateway, "model") == (503, "restarting")
        refused = client.post(CHAT, json=question())
        assert code_of(refused) == (503, "engine_not_ready")
        assert int(refused.headers["retry-after"]) > 0
        assert client.get("/healthz").status_code == 200
        assert client.get("/v1/models").status_code == 200

        wait_until(lambda: check_of(gateway, "model") == (200, "ok"))
        after = client.post(CHAT, json=picture_question()).json()
        assert after["choices"] == before["choices"]
        assert after["usage"]["prompt_tokens"] == before["usage"]["prompt_tokens"]
        assert gateway.metric("kantu_engine_restarts_total") == restarts + 1
        assert gateway.running() == 0


# Told to stop


def test_told_to_stop_it_finishes_what_it_has_begun(tmp_path: Path) -> None:
    settings = {"KANTU_SERVER_DRAIN_SECONDS": "300"}
    with live_gateway(tmp_path, settings) as gateway, gateway.client() as client, gateway.client() as late:
        engine = gateway.engine_pid()
        with client.stream("POST", CHAT, json=question(max_tokens=150, min_tokens=150, stream=True)) as answer:
            lines = begun(answer)
            gateway.signal(signal.SIGTERM)
            wait_until(lambda: draining(gateway))
            refused = late.post(CHAT, json=question())
            assert code_of(refused) == (503, "draining")
            assert int(refused.headers["retry-after"]) > 0
            assert list(lines)[-1] == "data: [DONE]"
        assert gateway.ended() == 0
        assert not is_alive(engine)


def test_what_takes_longer_than_the_drain_ends_with_an_error(tmp_path: Path) -> None:
    settings = {"KANTU_SERVER_DRAIN_SECONDS": "1"}
    with live_gateway(tmp_path, settings) as gateway, gateway.client() as client:
        with client.stream("POST", CHAT, json=endless_question(stream=True)) as answer:
            lines = begun(answer)
            gateway.signal(signal.SIGTERM)
            assert last_error(list(lines)) == "draining"
        assert gateway.ended() == 0


def test_told_twice_it_stops_at_once(tmp_path: Path) -> None:
    settings = {"KANTU_SERVER_DRAIN_SECONDS": "300"}
    with live_gateway(tmp_path, settings) as gateway, gateway.client() as client:
        engine = gateway.engine_pid()
        with client.stream("POST", CHAT, json=endless_question(stream=True)) as answer:
            lines = begun(answer)
            gateway.signal(signal.SIGTERM)
            wait_until(lambda: draining(gateway))
            gateway.signal(signal.SIGTERM)
            assert "data: [DONE]" not in until_cut(lines)
        assert gateway.ended() == 0
        assert not is_alive(engine)


def until_cut(lines: Iterator[str]) -> list[str]:
    """What still comes of a stream that may end anywhere."""
    seen: list[str] = []
    try:
        for line in lines:
            seen.append(line)
    except httpx.RemoteProtocolError:
        seen.append("cut")
    return seen


# Killed


def test_a_batch_survives_the_death_of_the_service(tmp_path: Path) -> None:
    """Nothing is lost and nothing that was done is done again."""
    with live_gateway(tmp_path) as killed, killed.client() as client:
        engine = killed.engine_pid()
        batch_id = begin_batch(client)
        wait_until(lambda: completed(client, batch_id) >= 5)
        killed.signal(signal.SIGKILL)
        assert killed.ended() == -signal.SIGKILL
        wait_until(lambda: not is_alive(engine))  # it does not outlive whom it worked for
        done = results(killed.home / "kantu.db")
        assert 5 <= len(done) < LINES

    with live_gateway(tmp_path, module=IMPATIENT) as gateway, gateway.client() as client:
        assert gateway.key == killed.key
        wait_until(lambda: completed(client, batch_id) > len(done))
        wait_until(lambda: batch(client, batch_id)["status"] == "completed")
        ended = batch(client, batch_id)
        assert ended["request_counts"] == {"total": LINES, "completed": LINES, "failed": 0}
        assert ended["error_file_id"] is None
        output = client.get(f"/v1/files/{ended['output_file_id']}/content").text.splitlines()
        answers = {line["custom_id"]: line for line in map(json.loads, output)}
        assert Counter(json.loads(line)["custom_id"] for line in output) == Counter(map(custom_id, range(LINES)))
        assert {name: answers[name] for name in done} == done
        assert all(line["response"]["status_code"] == 200 for line in answers.values())


def custom_id(number: int) -> str:
    return f"line-{number}"


def begin_batch(client: httpx.Client) -> str:
    body = question(max_tokens=16, min_tokens=16)
    content = "\n".join(
        json.dumps({"custom_id": custom_id(number), "method": "POST", "url": CHAT, "body": body})
        for number in range(LINES)
    )
    uploaded = client.post("/v1/files", files={"file": ("batch.jsonl", content.encode())}, data={"purpose": "batch"})
    assert code_of(uploaded) == OK
    asked = {"input_file_id": uploaded.json()["id"], "endpoint": CHAT, "completion_window": "24h"}
    batch_id: str = client.post("/v1/batches", json=asked).json()["id"]
    return batch_id


def batch(client: httpx.Client, batch_id: str) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"/v1/batches/{batch_id}").json()
    return found


def completed(client: httpx.Client, batch_id: str) -> int:
    count: int = batch(client, batch_id)["request_counts"]["completed"]
    return count


def results(database: Path) -> dict[str, Any]:
    """The results that were recorded, by custom id."""
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute("SELECT custom_id, result FROM batch_items").fetchall()
    return {name: json.loads(result) for name, result in rows}
