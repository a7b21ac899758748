"""Output that no encoding and no reader that leaves can end in a traceback; each encoding is a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import BinaryIO

import pytest

from kantu.service.actor import Limits
from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from kantu.service.settings import AuditSettings
from tests.service.warm import start

pytestmark = pytest.mark.whole

NAME = "😀藏文བོད±中"
RUN = """
import sys
from kantu.cli import main
for line in sys.stdin.buffer.read().decode().splitlines():
    sys.argv[1:] = line.split("\\t")
    try:
        main()
    except SystemExit as ended:
        print(f"={ended.code or 0}=")
"""
COMMANDS = ("--help", "keys\tlist", "models", "doctor", "train\t--help", "nosuch")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Data of a service with one key, whose name few encodings have."""
    folder = tmp_path_factory.mktemp("home")
    database = Database.sqlite(folder / "kantu.db")
    database.upgrade()
    KeyService(database, open_audit_log(AuditSettings(), folder, database)).create(NAME, limits=Limits())
    database.close()
    return folder


def environment(home: Path, **variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHONIO", "PYTHONUN", "LC_"))}
    return {**kept, "KANTU_HOME": str(home), **variables}


def run(home: Path, encoding: str, *commands: str) -> tuple[str, str]:
    """(standard output, standard error) of some commands, one after the other, in one process."""
    ended = subprocess.run(
        [sys.executable, "-c", RUN],
        input="\n".join(commands).encode(),
        env=environment(home, PYTHONIOENCODING=encoding),
        capture_output=True,
        timeout=120,
    )
    written = "utf-8" if encoding == "ascii" else encoding
    return ended.stdout.decode(written), ended.stderr.decode(written)


@pytest.fixture(scope="module", params=["gbk", "cp1252", "ascii"])
def encoding(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def said(home: Path, tiny_folder: Path, encoding: str) -> tuple[list[str], str]:
    """What each command wrote in an encoding, with its status behind it; all errors."""
    # An answer of any characters: the model is untrained.
    answer = "\t".join(("ask", "这是什么？", "--model", str(tiny_folder), "--max-tokens", "40"))
    out, err = run(home, encoding, *COMMANDS, answer, f"{answer}\t--json", "keys\tlist\t--json")
    return re.findall(r".*?^=\d=$", out, re.DOTALL | re.MULTILINE), err


def test_no_command_ends_in_a_traceback_in_any_encoding(said: tuple[list[str], str]) -> None:
    outputs, err = said
    assert "Traceback" not in "".join(outputs) + err, err
    assert [output[-3:] for output in outputs] == [*["=0="] * 5, "=2=", "=0=", "=0=", "=0="]


def test_json_can_be_parsed_in_every_encoding(said: tuple[list[str], str]) -> None:
    assert json.loads(said[0][-1].removesuffix("=0="))[0]["name"] == NAME


@pytest.mark.parametrize("encoding", ["gbk"], scope="module")
def test_the_encoding_stays_and_what_it_lacks_is_escaped(said: tuple[list[str], str]) -> None:
    keys = said[0][COMMANDS.index("keys\tlist")]
    assert "有效" in keys
    assert "中" in keys
    assert r"\ud83d\ude00" in "".join(keys.split())


def test_where_no_locale_is_set_tables_are_utf8_as_answers_are(home: Path) -> None:
    for variables in ({"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}):
        ended = subprocess.run(
            [sys.executable, "-c", RUN],
            input=b"models",
            env=environment(home, **variables),
            capture_output=True,
            timeout=60,
        )
        assert "未下载" in ended.stdout.decode()


def wrote_to(output: BinaryIO | int, command: str, home: Path, folder: Path) -> tuple[int, str]:
    """(exit status, standard error) of a command whose standard output goes there."""
    with (folder / "errors").open("wb") as errors:
        ended = start(*command.split(), cwd=folder, environment=environment(home), output=output, errors=errors)
    return ended.wait(), (folder / "errors").read_text("utf-8")


@pytest.mark.parametrize("command", ["--help", "models", "keys list", "keys list --json"])
def test_a_reader_that_has_left_ends_it_quietly(home: Path, command: str, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    assert wrote_to(writer, command, home, tmp_path) == (1, "")
    os.close(writer)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("command", ["--help", "--version", "models", "keys list", "keys list --json"])
def test_a_full_disk_is_said(home: Path, command: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        told = wrote_to(full, command, home, tmp_path)
    assert told == (1, "错误：输出没有写完：磁盘已满。 [output_not_written]\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("command", [["models"], ["ask"], ["ask", "--json"]])
def test_a_full_disk_is_said_where_python_does_not_buffer(home: Path, tiny_folder: Path, command: list[str]) -> None:
    arguments = [*command, *(["问", "-m", str(tiny_folder), "--max-tokens", "2"] if command[0] == "ask" else [])]
    code = f"import sys; from kantu.cli import main; sys.argv[1:] = {arguments!r}; main()"
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-u", "-c", code],
            env=environment(home),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    told = (ended.returncode, ended.stderr.decode())
    assert told == (1, "错误：输出没有写完：磁盘已满。 [output_not_written]\n")


def test_a_closed_output_goes_nowhere(home: Path, tiny_folder: Path) -> None:
    arguments = ["ask", "问", "-m", str(tiny_folder), "--max-tokens", "2"]
    ask = f"import sys; from kantu.cli import main; sys.argv[1:] = {arguments!r}; main()"
    ended = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" >&-', sys.executable, ask],
        env=environment(home),
        stderr=subprocess.PIPE,
        timeout=60,
    )
    assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False)


@pytest.mark.parametrize("kind", ["ValueError", "OSError"])
def test_a_defect_is_still_seen(kind: str) -> None:
    code = f"from kantu.standard_streams import forgiving\nwith forgiving(): raise {kind}('seen')"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=60)
    assert f"{kind}: seen" in ended.stderr.decode()
