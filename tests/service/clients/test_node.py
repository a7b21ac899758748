"""OpenAI's own Node client, against `kantu serve` and the embedded model."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from openai import OpenAI

from tests.service.clients.questions import MODEL, ORDER, STATUS, WHY, ask
from tests.service.proof.live import LiveGateway

pytestmark = pytest.mark.whole

NODE = Path(__file__).parent / "node"


@pytest.fixture(scope="module")
def told(served: LiveGateway) -> dict[str, Any]:
    """What client.mjs says."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("node is not installed")
    if not (NODE / "node_modules" / "openai").is_dir():
        pytest.skip("OpenAI's Node client is not installed (npm ci in tests/service/clients/node)")
    command = [node, str(NODE / "client.mjs"), served.address, served.key, str(ORDER)]
    ended = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=180)
    assert ended.returncode == 0, ended.stderr
    said: dict[str, Any] = json.loads(ended.stdout)
    return said


def test_models(told: dict[str, Any]) -> None:
    assert told["models"] == [MODEL]


def test_it_streams_what_the_python_client_hears(told: dict[str, Any], client: OpenAI) -> None:
    answer = client.chat.completions.create(**ask(WHY, temperature=0))
    assert STATUS in told["stream"]["text"]
    assert told["stream"]["text"] == answer.choices[0].message.content
    assert told["stream"]["finish_reason"] == "stop"
    assert answer.usage is not None
    for count in ("prompt_tokens", "completion_tokens", "total_tokens", "visual_tokens"):
        assert told["stream"]["usage"][count] == getattr(answer.usage, count)


def test_a_strict_schema_comes_back_parsed(told: dict[str, Any]) -> None:
    assert list(told["record"]) == ["状态", "总金额"]
    assert told["record"]["状态"].startswith(STATUS)
    assert told["record"]["总金额"] == "347.80"


@pytest.mark.parametrize(
    ("failure", "name", "status", "code", "param", "kind"),
    [
        ("bad_request", "BadRequestError", 400, "invalid_temperature", "temperature", "invalid_request_error"),
        ("not_found", "NotFoundError", 404, "file_not_found", None, "not_found_error"),
        ("unauthenticated", "AuthenticationError", 401, "invalid_api_key", None, "authentication_error"),
    ],
)
def test_errors_have_their_class_and_code(
    told: dict[str, Any], failure: str, name: str, status: int, code: str, param: str | None, kind: str
) -> None:
    error = told[failure]
    assert (error["name"], error["status"], error["code"]) == (name, status, code)
    assert (error["param"], error["type"]) == (param, kind)
    assert error["requestID"].startswith("req_")


def test_the_lock_file_names_one_exact_version_and_no_registry() -> None:
    lock = json.loads((NODE / "package-lock.json").read_text(encoding="utf-8"))
    wanted = json.loads((NODE / "package.json").read_text(encoding="utf-8"))["dependencies"]["openai"]
    packages = {name: package for name, package in lock["packages"].items() if name}
    assert packages["node_modules/openai"]["version"] == wanted
    for package in packages.values():
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package
