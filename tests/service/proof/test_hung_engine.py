"""An engine that hangs holds up nobody: clients are answered in time, probes say so, and another engine takes over."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.service.proof.live import CHAT, LiveGateway, code_of, live_gateway, long_question, question, wait_until

pytestmark = pytest.mark.whole

TIMEOUT_SECONDS = 3.0
# While PyTorch is imported, which takes seconds, no ping is answered.
SETTINGS = {"KANTU_REQUEST_TIMEOUT_SECONDS": str(TIMEOUT_SECONDS), "KANTU_MODEL_HANG_SECONDS": "10"}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveGateway]:
    """For the tests in their order: its engine is stopped while it loads, then when it is ready, and so is the last."""
    folder = tmp_path_factory.mktemp("hung")
    secrets = {"KANTU_STORE_DATABASE_URL": f"sqlite:///{folder}/hunter2.db", "AWS_SECRET_ACCESS_KEY": "hunter2"}
    with live_gateway(folder, SETTINGS | secrets, ready=False) as started:
        yield started


def model_check(gateway: LiveGateway) -> tuple[int, str]:
    response = gateway.get("/readyz")
    return response.status_code, response.json()["checks"]["model"]


def hangs(gateway: LiveGateway, kind: str) -> float:
    return gateway.metric("kantu_engine_hangs_total", kind=kind)


def test_an_engine_stopped_while_it_loads_and_again_when_ready_costs_clients_their_time_limit_and_is_replaced(
    gateway: LiveGateway,
) -> None:
    os.kill(gateway.engine_pid(), signal.SIGSTOP)
    assert model_check(gateway) == (503, "loading")
    wait_until(lambda: hangs(gateway, "loading") == 1)
    wait_until(lambda: model_check(gateway) == (200, "ok"))
    given = Path(f"/proc/{gateway.engine_pid()}/environ").read_bytes()
    assert b"KANTU_HOME=" in given
    assert b"hunter2" not in given

    with gateway.client() as client:
        assert client.post(CHAT, json=question()).status_code == 200
        stopped = gateway.engine_pid()
        os.kill(stopped, signal.SIGSTOP)
        asked = time.monotonic()
        late = client.post(CHAT, json=question())
        seconds = time.monotonic() - asked
        assert code_of(late) == (504, "deadline_exceeded")
        assert TIMEOUT_SECONDS <= seconds < 10 * TIMEOUT_SECONDS  # 120 without a deadline here
        assert client.get("/v1/models").status_code == 200

        wait_until(lambda: model_check(gateway) == (503, "unresponsive"))
        refused = client.post(CHAT, json=question())
        assert code_of(refused) == (503, "engine_not_ready")
        assert int(refused.headers["retry-after"]) > 0

        wait_until(lambda: hangs(gateway, "silent") == 1)
        wait_until(lambda: model_check(gateway) == (200, "ok"))
        assert gateway.engine_pid() != stopped
        assert client.post(CHAT, json=question()).status_code == 200
        assert gateway.metric("kantu_in_flight_requests") == 0


def test_a_stream_of_a_stopped_engine_ends_with_an_error_in_time_and_so_does_the_service(gateway: LiveGateway) -> None:
    wait_until(lambda: model_check(gateway) == (200, "ok"))
    stopped = gateway.engine_pid()
    with (
        gateway.client() as client,
        client.stream("POST", CHAT, json=long_question(stream=True)) as answer,
    ):
        lines = (line for line in answer.iter_lines() if line)
        assert any('"content":' in line for line in lines)
        os.kill(stopped, signal.SIGSTOP)
        *_, name, data = lines
    assert name == "event: error"
    assert json.loads(data.removeprefix("data: "))["error"]["code"] == "deadline_exceeded"
    gateway.signal(signal.SIGTERM)
    assert gateway.ended() == 0
    wait_until(lambda: not Path(f"/proc/{stopped}").exists())
