"""docs/gateway.md tells commands that work: its curl examples are run, as they stand, against a gateway."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.served import ROOT, Served, serve

PAGE = (ROOT / "docs" / "gateway.md").read_text(encoding="utf-8")
ADDRESS = "http://127.0.0.1:8000"

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(shutil.which("bash") is None or shutil.which("curl") is None, reason="no bash or curl"),
]


def example(containing: str) -> str:
    """The one shell block of the page that holds these words."""
    (found,) = (block for block in re.findall(r"```sh\n(.*?)```", PAGE, flags=re.DOTALL) if containing in block)
    return str(found)


ASK, BATCH = example("AUTH="), example("questions.jsonl")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    (home / ".cache" / "kantu").mkdir(parents=True)
    (home / "examples").mkdir()
    shutil.copy(ROOT / "examples" / "order.png", home / "examples")
    return home


@pytest.fixture(scope="module")
def served(home: Path) -> Iterator[Served]:
    with serve(home / ".cache" / "kantu") as running:
        yield running


def typed(script: str, served: Served, home: Path) -> str:
    """What the commands print when they are typed in a home whose gateway listens elsewhere."""
    assert ADDRESS in script
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, f"http://127.0.0.1:{served.port}")],
        cwd=home,
        env={"HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_question_asked_with_curl_is_answered_from_the_picture(served: Served, home: Path) -> None:
    answer = json.loads(typed(ASK, served, home))
    assert "待商家发货" in answer["choices"][0]["message"]["content"]
    assert answer["usage"]["visual_tokens"] > 0


def test_the_batch_is_answered_line_by_line(served: Served, home: Path) -> None:
    variables = "".join(re.findall(r"^(?:KANTU|AUTH)=.*\n", ASK, flags=re.MULTILINE))
    lines = typed(variables + BATCH, served, home).splitlines()
    answers = {line["custom_id"]: line["response"] for line in map(json.loads, lines)}
    assert answers.keys() == {"1", "2"}
    assert {answer["status_code"] for answer in answers.values()} == {200}
    assert "待商家发货" in answers["1"]["body"]["choices"][0]["message"]["content"]
