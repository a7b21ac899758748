"""Where the server says it listens, and how it ends."""

from __future__ import annotations

import shutil
import signal
import ssl
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from kantu.engine.protocol import Listener
from kantu.engine.request import Delta, End, Request, Usage
from kantu.service.database import Database
from kantu.service.gateway import Gateway
from tests.service.audits import acts_of
from tests.service.fetch.certificates import Authority
from tests.service.gateways import TIMINGS, ScriptedEngine, question, settings_with
from tests.service.listening import Listening, listening
from tests.service.proof.live import wait_until
from tests.service.warm import bare_environment

pytestmark = pytest.mark.whole

Make = Callable[..., Gateway]
CHAT = "/v1/chat/completions"
ENDED = '{"error":{"message":"服务正在停止，请稍后重试。","type":"server_error","param":null,"code":"draining"}}'


def test_it_says_where_it_listens(make_gateway: Make, capsys: pytest.CaptureFixture[str]) -> None:
    with listening(make_gateway(settings=settings_with(server={"host": "::1", "port": 0}))) as served:
        assert httpx.get(f"http://[::1]:{served.port}/healthz", trust_env=False).status_code == 200
    assert f"看图正在监听 http://[::1]:{served.port}\n" in capsys.readouterr().err


def test_with_a_certificate_it_serves_https_only(
    make_gateway: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority = Authority(tmp_path)
    authority.context("localhost")
    pem = tmp_path / "localhost.pem"
    settings = settings_with(server={"port": 0, "tls_certificate": pem, "tls_key": pem})
    with listening(make_gateway(settings=settings)) as served:
        context = ssl.create_default_context(cafile=authority.file)
        with httpx.Client(verify=context, trust_env=False) as client:
            models = client.get(f"https://localhost:{served.port}/v1/models", headers=authorized(served))
            assert models.json()["object"] == "list"
        # it is said before the first answer, but a moment after the server counts as started
        assert f"看图正在监听 https://127.0.0.1:{served.port}\n" in capsys.readouterr().err
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(f"http://127.0.0.1:{served.port}/healthz", trust_env=False)


def test_it_imports_neither_pytorch_nor_the_sdk_of_mcp() -> None:
    code = "import sys, kantu.service.server; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "kantu.service.mcp.service" in loaded
    assert not {"mcp", "mcp_types", "torch"} & set(loaded)


def test_a_model_that_cannot_be_loaded_ends_it_with_an_error(tiny_folder: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(tiny_folder, broken)
    for weights in broken.glob("*.safetensors"):
        weights.write_bytes(b"no weights")
    ended = subprocess.run(
        [Path(sys.executable).with_name("kantu"), "serve", "--port", "0", "--model", broken],
        env={**bare_environment(), "KANTU_HOME": str(tmp_path / "home"), "KANTU_SERVER_PAGE": "false"},
        stderr=subprocess.PIPE,
        encoding="utf-8",
        timeout=120,
    )
    assert ended.returncode == 1
    assert "看图正在监听" in ended.stderr
    assert "已就绪" not in ended.stderr
    assert "错误：" in ended.stderr
    assert "Traceback" not in ended.stderr
    database = Database.sqlite(tmp_path / "home" / "kantu.db")
    assert acts_of(database)[-3:] == ["start service ok", "stop service ok", "start service failed"]
    database.close()


# Ending


class Held(ScriptedEngine):
    """Says one word of each answer, and the rest when it is told to."""

    def __init__(self) -> None:
        super().__init__(["你", None])
        self.listeners: list[Listener] = []

    def submit(self, request: Request, listener: Listener) -> ScriptedEngine:
        self.listeners.append(listener)
        return super().submit(request, listener)

    def finish(self) -> None:
        for listener in self.listeners:
            listener(Delta("好", (2,), End("stop", Usage(1, 0, 2, 0), TIMINGS)))


class Mute(Held):
    """Never says a word."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = [None]


def authorized(served: Listening) -> dict[str, str]:
    return {"Authorization": f"Bearer {served.key}"}


def client_of(served: Listening) -> httpx.Client:
    return httpx.Client(base_url=f"http://127.0.0.1:{served.port}", headers=authorized(served), trust_env=False)


def stream(client: httpx.Client) -> Any:
    return client.stream("POST", CHAT, json=question(stream=True))


def begun(response: httpx.Response) -> Any:
    """What is still to come of an answer whose first word is here."""
    lines = response.iter_lines()
    assert next(line for line in lines if "你" in line)
    return lines


def test_told_to_stop_it_finishes_what_it_has_begun_and_refuses_the_rest(make_gateway: Make) -> None:
    engine = Held()
    gateway = make_gateway(engine, settings_with(server={"port": 0}))
    with listening(gateway) as served, client_of(served) as client, client_of(served) as late:
        with stream(client) as response:
            rest = begun(response)
            served.server.handle_exit(signal.SIGTERM, None)
            refused = late.post(CHAT, json=question())
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "draining")
            assert int(refused.headers["retry-after"]) > 0
            assert late.get("/readyz").status_code == 503
            assert late.get("/healthz").status_code == 200
            engine.finish()
            assert [line for line in rest if line][-1] == "data: [DONE]"
        served.thread.join(60)
        assert not served.thread.is_alive()
    assert engine.closed
    assert engine.cancelled == 0


@pytest.fixture
def hasty(make_gateway: Make) -> Callable[[ScriptedEngine], Gateway]:
    """(engine) -> a gateway that stops soon after it is told to."""
    return lambda engine: make_gateway(engine, settings_with(server={"port": 0, "drain_seconds": 0.1}))


def test_a_stream_that_takes_longer_than_the_drain_ends_with_an_error(hasty: Make) -> None:
    engine = Held()
    with listening(hasty(engine)) as served, client_of(served) as client, stream(client) as response:
        rest = begun(response)
        served.server.handle_exit(signal.SIGTERM, None)
        assert [line for line in rest if line][-2:] == ["event: error", f"data: {ENDED}"]
        served.thread.join(60)
        assert not served.thread.is_alive()
    assert engine.cancelled == 1
    assert engine.closed


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_takes_longer_than_the_drain_is_an_error(hasty: Make, stream: bool) -> None:
    engine = Mute() if stream else Held()
    with listening(hasty(engine)) as served, client_of(served) as client, ThreadPoolExecutor() as pool:
        answer = pool.submit(client.post, CHAT, json=question(stream=stream))
        wait_until(lambda: bool(engine.listeners))
        served.server.handle_exit(signal.SIGTERM, None)
        refused = answer.result(60)
        assert (refused.status_code, refused.text) == (503, ENDED)
        assert served.server.config.timeout_graceful_shutdown == 0  # the drain's seconds were all there was
        served.thread.join(60)
        assert not served.thread.is_alive()
    assert engine.cancelled == 1


def test_told_twice_it_does_not_wait(make_gateway: Make) -> None:
    engine = Held()
    gateway = make_gateway(engine, settings_with(server={"port": 0, "drain_seconds": 3600}))
    with listening(gateway) as served, client_of(served) as client, stream(client) as response:
        begun(response)
        for _ in range(2):
            served.server.handle_exit(signal.SIGINT, None)
        served.thread.join(60)
        assert not served.thread.is_alive()
    assert engine.cancelled == 1
