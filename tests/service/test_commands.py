"""`kantu serve`, `reload` and `keys`: the key and only the key on stdout, all else on stderr, Chinese, with a code."""

from __future__ import annotations

import ast
import asyncio
import importlib.util
import json
import os
import re
import subprocess
import sys
from datetime import datetime
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from kantu import service
from kantu.cli import app
from kantu.errors import AuthenticationError, install_command
from kantu.service.actor import Actor, Limits
from kantu.service.command_parts import NEEDED
from kantu.service.database import Database
from kantu.service.home import RELOAD, only_service, prepare_home
from kantu.service.keys.service import KeyService
from kantu.service.settings import Settings
from tests.service.audits import LOG

pytestmark = pytest.mark.whole

CARD = "name: card\ntitle: 名片\ninstruction: 写出姓名。\nfields: {姓名: }\n"
KEY = re.compile(r"kt-[A-Za-z0-9_-]{43}")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of the test's own."""
    folder = tmp_path / "home"
    monkeypatch.setenv("KANTU_HOME", str(folder))
    monkeypatch.setenv("COLUMNS", "200")
    return folder


def kantu_(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def created(*arguments: str) -> str:
    """The text of a new key."""
    result = kantu_("keys", "create", *arguments)
    assert result.exit_code == 0, result.stderr
    return result.stdout.removesuffix("\n")


def listed() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(kantu_("keys", "list", "--json").stdout)
    return found


def actor_of(home: Path, text: str) -> Actor:
    """As a server that runs beside the command sees it."""
    database = Database.sqlite(home / "kantu.db")
    try:
        return asyncio.run(KeyService(database, LOG).authenticate(f"Bearer {text}"))
    finally:
        database.close()


# keys


def test_create_prints_the_key_and_only_the_key(home: Path) -> None:
    result = kantu_("keys", "create", "客服部")
    assert KEY.fullmatch(result.stdout.removesuffix("\n"))
    assert "客服部" in result.stderr
    assert not KEY.search(result.stderr)
    assert actor_of(home, result.stdout.strip()).limits == Limits()


def test_create_takes_scopes_limits_an_owner_and_an_expiry(home: Path) -> None:
    limits = Limits(1, 2, 3, 4, 5, 6)
    flags = [
        *("--requests-per-minute", "1", "--requests-per-day", "2"),
        *("--visual-tokens-per-minute", "3", "--visual-tokens-per-day", "4"),
        *("--output-tokens-per-minute", "5", "--output-tokens-per-day", "6"),
    ]
    scopes = ["--model", "a", "--model", "b", "--endpoint", "chat", "--endpoint", "models"]
    text = created("n", "--owner", "team", *scopes, *flags, "--expires", "30d")
    actor = actor_of(home, text)
    assert (actor.tenant, actor.models, actor.endpoints) == ("team", ("a", "b"), ("chat", "models"))
    assert actor.limits == limits
    (key,) = listed()
    assert key["expires_at"] - key["created_at"] in (30 * 86_400, 30 * 86_400 - 1)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["n", "--endpoint", "admin"], "invalid_key_endpoints"),
        (["n", "--expires", "soon"], "invalid_key_expiry"),
        (["n", "--expires", "2020-01-01"], "invalid_key_expiry"),
        ([""], "invalid_key_name"),
        (["n", "--config", "/missing.yaml"], "invalid_settings"),
    ],
)
def test_what_makes_no_sense_creates_no_key(arguments: list[str], code: str) -> None:
    result = kantu_("keys", "create", *arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.startswith("错误：")
    assert f"[{code}]" in result.stderr
    assert listed() == []


def test_a_limit_is_a_positive_number() -> None:
    for value in ("0", "-1", "many"):
        assert kantu_("keys", "create", "n", "--requests-per-day", value).exit_code == 2
    assert listed() == []


def test_list_shows_everything_but_the_key() -> None:
    text = created("[red]客服[/red]", "--model", "kantu-mini", "--endpoint", "chat", "--requests-per-minute", "10")
    shown = kantu_("keys", "list").stdout
    (key,) = listed()
    for part in ("[red]客服[/red]", key["id"], f"{text[:7]}…", "有效", "kantu-mini、chat", "请求 10/分钟"):
        assert part in shown
    assert text not in shown
    assert text not in json.dumps(key)
    assert "digest" not in key


def test_no_date_and_no_id_is_cut_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    created("客服部", "--model", "kantu-mini", "--expires", "30d", "--requests-per-minute", "10")
    key = listed()[0]
    first, second, third = kantu_("keys", "list").stdout.splitlines()
    assert first == f"{key['id']}  有效  客服部"
    assert f"到期 {datetime.fromtimestamp(key['expires_at']):%Y-%m-%d %H:%M}  最近使用 -" in second
    assert third.split() == ["范围", "kantu-mini", "限额", "请求", "10/分钟"]


def test_an_empty_list_says_so_beside_it() -> None:
    assert listed() == []
    result = kantu_("keys", "list")
    assert result.stdout == ""
    assert "kantu keys create" in result.stderr


def test_a_revoked_key_is_refused_from_the_next_request_on(home: Path) -> None:
    text = created("n")
    actor = actor_of(home, text)
    result = kantu_("keys", "revoke", actor.key_id)
    assert (result.exit_code, result.stdout) == (0, "")
    with pytest.raises(AuthenticationError, match="revoked_api_key"):
        actor_of(home, text)
    assert listed()[0]["state"] == "revoked"
    assert "已撤销" in kantu_("keys", "list").stdout


def test_revoking_an_unknown_key_says_so() -> None:
    result = kantu_("keys", "revoke", "key_unknown")
    assert result.exit_code == 1
    assert "[key_not_found]" in result.stderr


def test_the_database_is_the_one_of_the_settings(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = tmp_path / "kantu.yaml"
    config.write_text(f"store: {{database_url: 'sqlite:///{tmp_path}/other.db'}}")
    created("n", "--config", str(config))
    assert not (home / "kantu.db").exists()
    monkeypatch.setenv("KANTU_CONFIG", str(config))
    assert [key["name"] for key in listed()] == ["n"]
    monkeypatch.setenv("KANTU_STORE_DATABASE_URL", f"sqlite:///{tmp_path}/third.db")
    assert listed() == []


def test_keys_live_in_either_database(database_url: str, monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("KANTU_STORE_DATABASE_URL", database_url)
    text = created("n", "--endpoint", "chat")
    (key,) = listed()
    assert (key["endpoints"], key["hint"]) == (["chat"], text[:7])
    assert kantu_("keys", "revoke", key["id"]).exit_code == 0
    assert listed()[0]["state"] == "revoked"
    assert [path.name for path in home.iterdir()] == ["audit"]  # whose key is in no database


# serve


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[Settings]:
    """What the server would be started with."""
    started: list[Settings] = []
    monkeypatch.setattr("kantu.service.start.serve", started.append)
    return started


def test_serve_hands_flags_over_environment_over_file_to_the_server(
    served: list[Settings], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "kantu.yaml"
    config.write_text("server: {port: 1, drain_seconds: 5}\nmodel: {quantize: int8}")
    monkeypatch.setenv("KANTU_CONFIG", str(config))
    monkeypatch.setenv("KANTU_SERVER_PORT", "2")
    monkeypatch.setenv("KANTU_SERVER_HOST", "::1")
    assert kantu_("serve", "--port", "3", "-m", "some-model", "--allow-insecure").exit_code == 0
    (settings,) = served
    assert (settings.server.port, settings.server.host, settings.server.drain_seconds) == (3, "::1", 5)
    assert (settings.model.name, settings.model.quantize) == ("some-model", "int8")
    assert settings.server.allow_insecure


def test_serve_without_flags_changes_nothing(served: list[Settings]) -> None:
    assert kantu_("serve").exit_code == 0
    assert served == [Settings()]


def test_serve_does_not_start_with_settings_that_are_wrong(served: list[Settings]) -> None:
    result = kantu_("serve", "--quantize", "int2")
    assert result.exit_code == 2
    assert "model.quantize" in result.stderr
    assert served == []


# reload


def test_reload_tells_the_running_service(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "[service_not_running]" in kantu_("reload").stderr
    sent: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda process, number: sent.append((process, number)))
    prepare_home(home)
    (home / "tasks").mkdir()
    (home / "tasks" / "card.yaml").write_text(CARD, "utf-8")
    with only_service(home, limits_are_shared=False):
        told = kantu_("reload")
    assert (told.exit_code, sent) == (0, [(os.getpid(), RELOAD)])
    assert "card" in told.stderr


def test_reload_of_a_broken_file_tells_why_and_leaves_the_service_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "kill", lambda *_: pytest.fail("the service was told"))
    prepare_home(home)
    (home / "tasks").mkdir()
    for name in ("a.yaml", "b.yaml"):
        (home / "tasks" / name).write_text(CARD.replace("fields", "fileds"), "utf-8")
    with only_service(home, limits_are_shared=False):
        told = kantu_("reload")
    assert told.exit_code == 2
    assert ("a.yaml 第 4 行" in told.stderr, "b.yaml 第 4 行" in told.stderr) == (True, True)


def test_only_whoever_may_signal_the_service_may_reload_it(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def kill(process: int, number: int) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "kill", kill)
    prepare_home(home)
    with only_service(home, limits_are_shared=False):
        told = kantu_("reload")
    assert (told.exit_code, "[service_of_another]" in told.stderr) == (1, True)


# without the extra


@pytest.mark.parametrize(
    "command", [["serve"], ["reload"], ["keys", "list"], ["keys", "create", "n"], ["keys", "revoke", "i"]]
)
def test_without_the_extra_the_commands_say_what_to_install(
    command: list[str], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = importlib.util.find_spec

    def without(name: str, package: str | None = None) -> ModuleSpec | None:
        return None if name in ("fastapi", "sqlalchemy") else found(name, package)

    monkeypatch.setattr(importlib.util, "find_spec", without)
    result = kantu_(*command)
    assert result.exit_code == 1
    assert f"缺少 fastapi、sqlalchemy。请先安装：{install_command('service')} [service_missing]" in result.stderr
    assert not home.exists()


def test_help_needs_nothing_of_the_extra() -> None:
    code = (
        "import sys; from kantu.service.command_parts import NEEDED\n"
        "for name in (*NEEDED, 'anyio'): sys.modules[name] = None\n"
        "from kantu.cli import app; app(sys.argv[1:], standalone_mode=False)"
    )
    for arguments in (["--help"], ["serve", "--help"], ["keys", "--help"], ["keys", "create", "--help"]):
        shown = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        ).stdout
        assert "密钥" in shown or "服务" in shown


def test_keys_are_kept_without_what_answers_requests(home: Path) -> None:
    """Which takes seconds to import."""
    code = (
        "import sys; from kantu.cli import app; app(['keys', 'list'], standalone_mode=False)\n"
        "sys.exit(bool({'fastapi', 'mcp', 'kantu.service.gateway'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_every_package_that_the_service_imports_is_looked_for() -> None:
    imported: set[str] = set()
    for path in Path(service.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.partition(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                imported.add(node.module.partition(".")[0])
    of_the_base = {"kantu", "typer", "rich", "PIL", "numpy", "jinja2", "psutil", "pydantic", "pydantic_core"}
    come_along = {"starlette", "anyio", "h11", "httpcore", "idna", "typing_extensions"}  # with one that is looked for
    assert imported - set(sys.stdlib_module_names) - of_the_base - come_along <= set(NEEDED)


# a home or a database that cannot be used


@pytest.mark.parametrize("command", [("keys", "list"), ("serve", "--port", "0")])
def test_a_database_that_is_none_is_said_without_a_traceback(home: Path, command: tuple[str, ...]) -> None:
    home.mkdir()
    (home / "kantu.db").write_bytes(b"not a database\n" * 1000)
    _is_refused(command, "database_damaged")


@pytest.mark.parametrize("command", [("keys", "list"), ("serve", "--port", "0")])
def test_a_home_that_is_a_file_is_said_without_a_traceback(home: Path, command: tuple[str, ...]) -> None:
    home.write_text("in the way")
    _is_refused(command, "home_unusable")


@pytest.mark.parametrize("command", [("keys", "list"), ("serve", "--port", "0")])
def test_a_newer_database_is_said_without_a_traceback(home: Path, command: tuple[str, ...]) -> None:
    created("n")
    database = Database.sqlite(home / "kantu.db")
    with database.session() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    _is_refused(command, "database_too_new")


def _is_refused(command: tuple[str, ...], code: str) -> None:
    result = kantu_(*command)
    assert (result.exit_code, result.stdout) == (1, "")
    *logged, said = result.stderr.splitlines()
    assert said.startswith("错误：")
    assert said.endswith(f"[{code}]")
    assert all(line.startswith("{") for line in logged)
