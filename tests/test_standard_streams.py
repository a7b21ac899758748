"""Output that no encoding and no reader that leaves can end in a traceback; each encoding is a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kantu.service.actor import Limits
from kantu.service.audit.opening import open_audit_log
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from kantu.service.settings import AuditSettings

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


@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "ascii"])
def test_no_command_ends_in_a_traceback_in_any_encoding(home: Path, tiny_folder: Path, encoding: str) -> None:
    answer = (
        "ask",
        "这是什么？",
        "--model",
        str(tiny_folder),
        "--max-tokens",
        "40",
    )  # of any characters: it is untrained
    out, err = run(home, encoding, *COMMANDS, "\t".join(answer), "\t".join([*answer, "--json"]))
    assert "Traceback" not in out + err, err
    assert [line for line in out.splitlines() if line in ("=0=", "=1=", "=2=")] == [*["=0="] * 5, "=2=", "=0=", "=0="]


@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "ascii"])
def test_json_can_be_parsed_in_every_encoding(home: Path, encoding: str) -> None:
    out, _ = run(home, encoding, "keys\tlist\t--json")
    assert json.loads(out.partition("=0=")[0])[0]["name"] == NAME


def test_the_encoding_stays_and_what_it_lacks_is_escaped(home: Path) -> None:
    out, _ = run(home, "gbk", "keys\tlist")
    assert "有效" in out
    assert "中" in out
    assert r"\ud83d\ude00" in "".join(out.split())


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


@pytest.mark.parametrize("command", ["--help", "models", "keys list", "keys list --json"])
def test_a_reader_that_has_left_ends_it_quietly(home: Path, command: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    ended = subprocess.run(
        [sys.executable, "-c", "from kantu.cli import main; main()", *command.split()],
        env=environment(home),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=60,
    )
    os.close(writer)
    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
@pytest.mark.parametrize("command", ["--help", "--version", "models", "keys list", "keys list --json"])
def test_a_full_disk_is_said(home: Path, command: str) -> None:
    with Path("/dev/full").open("wb") as full:
        ended = subprocess.run(
            [sys.executable, "-c", "from kantu.cli import main; main()", *command.split()],
            env=environment(home),
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=60,
        )
    assert (ended.returncode, ended.stderr.decode()) == (1, "错误：输出没有写完：磁盘已满。 [output_not_written]\n")


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
