"""`kantu mcp` as clients start it: the SDK's own client, and a strict one that reads every line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from kantu.tasks.builtin import TASKS
from kantu.tasks.results import OrderResult
from mcp import Client, StdioServerParameters

pytestmark = pytest.mark.whole

EXAMPLES = Path(__file__).parents[2] / "examples"
# A test that runs in the background of a shell has inherited that Ctrl-C is ignored.
_HEEDING = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
COMMAND = ["-c", f"{_HEEDING}; from kantu.cli import main; main()", "mcp"]
OWN = """
name: visit_card
title: 名片
instruction: 看名片，写出下面的字段。
fields:
  姓名:
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """With a home of its own, where a task of the user's own lies and one that is wrong."""
    tasks = tmp_path / "home" / "tasks"
    tasks.mkdir(parents=True)
    (tasks / "card.yaml").write_text(OWN, encoding="utf-8")
    (tasks / "wrong.yaml").write_text("name: wrong\n", encoding="utf-8")
    return {**os.environ, "KANTU_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
async def test_the_official_client_lists_tools_and_calls_them(environment: dict[str, str], mode: str) -> None:
    started = StdioServerParameters(command=sys.executable, args=[*COMMAND, "--allow", str(EXAMPLES)], env=environment)
    async with Client(started, mode=mode) as client:  # which checks structured content against its schema
        names = [tool.name for tool in (await client.list_tools()).tools]
        order = await client.call_tool("order", {"images": ["order.png"], "question": "为什么还没发货？"})
        read = await client.call_tool("read", {"images": [str(EXAMPLES / "order.png")]})
        refused = await client.call_tool("read", {"images": ["../README.md"]})
        card = await client.call_tool("visit_card", {"images": ["order.png"], "evidence": False})
    assert names == [*TASKS, "visit_card"]
    assert order.structured_content["result"].keys() == OrderResult.model_fields.keys()
    assert any(found["boxes"] for found in order.structured_content["fields"].values())
    assert "待商家发货" in read.structured_content["result"]
    assert refused.is_error
    assert "[path_not_allowed]" in refused.content[0].text  # type: ignore[union-attr]
    assert card.structured_content["result"].keys() == {"姓名"}


class StrictClient:
    """Takes nothing but one JSON-RPC message a line."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self._number = 0

    def send(self, method: str, **params: Any) -> None:
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        self._write({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        assert self.process.stdout is not None
        answer = json.loads(self.process.stdout.readline())
        assert (answer["jsonrpc"], answer["id"]) == ("2.0", self._number)
        return answer["result"]

    def _write(self, message: dict[str, Any]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()


@contextmanager
def strict_client(environment: dict[str, str], *arguments: str, cwd: Path = EXAMPLES) -> Iterator[StrictClient]:
    """One that has shaken hands."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, *COMMAND, *arguments], env=environment, cwd=cwd, **pipes) as process:
        client = StrictClient(process)
        told = {"name": "strict", "version": "0"}
        hello = client.ask("initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=told)
        assert hello["serverInfo"]["name"] == "kantu"
        client.send("notifications/initialized")
        try:
            yield client
        finally:
            if process.poll() is None:
                process.kill()


def test_nothing_but_the_protocol_is_on_standard_output(environment: dict[str, str]) -> None:
    with strict_client(environment) as client:  # the current folder may be read
        result = client.ask("tools/call", name="read", arguments={"images": ["order.png"]})
        assert "待商家发货" in result["structuredContent"]["result"]
        output, errors = client.process.communicate(timeout=60)  # closes the client's end
    assert client.process.returncode == 0
    assert output == b""
    assert "task_invalid" in errors.decode()  # of wrong.yaml
    assert "模型 kantu-mini 已就绪" in errors.decode()


def test_the_handshake_does_not_wait_for_the_model(environment: dict[str, str], tmp_path: Path) -> None:
    """Nor for one that never comes; calls say why."""
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "config.json").write_text("{}")
    with strict_client(environment, "--model", str(broken)) as client:
        assert len(client.ask("tools/list")["tools"]) == len(TASKS) + 1
        told = client.ask("tools/call", name="read", arguments={"images": ["order.png"]})
        assert told["isError"]
        _, errors = client.process.communicate(timeout=60)
    assert client.process.returncode == 0
    assert "错误：" in errors.decode()


def test_ctrl_c_ends_it_at_once_though_the_client_writes_nothing(environment: dict[str, str]) -> None:
    with strict_client(environment) as client:
        client.process.send_signal(signal.SIGINT)
        assert client.process.wait(timeout=60) == 130
        assert client.process.stderr is not None
        errors = client.process.stderr.read().decode()
    assert "Traceback" not in errors, errors
    assert "已中断。" in errors


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["--model", "no-such-model"], "model_not_found"), (["--allow", "no-such-folder"], "not_a_folder")],
)
def test_what_is_wrong_with_the_command_is_said_before_anything_runs(
    environment: dict[str, str], arguments: list[str], code: str
) -> None:
    ended = subprocess.run([sys.executable, *COMMAND, *arguments], env=environment, capture_output=True, check=False)
    assert ended.returncode in (1, 2)
    assert ended.stdout == b""
    assert f"[{code}]" in ended.stderr.decode()
