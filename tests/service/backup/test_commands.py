"""`kantu backup` and `kantu restore`: everything on stderr, in Chinese, with a code."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.service.database import Database
from kantu.service.keys.service import KeyService
from tests.service.audits import LOG
from tests.service.backup.conftest import Place

pytestmark = pytest.mark.whole

PASSPHRASE = "正确的马 电池 订书钉 十二\n"


def kantu_(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    monkeypatch.setenv("KANTU_HOME", str(folder))
    monkeypatch.delenv("KANTU_STORE_DATABASE_URL", raising=False)
    return folder


def names(database: Database) -> list[str]:
    return [key.name for key in KeyService(database, LOG).list()]


def test_back_up_and_restore_with_a_passphrase(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert kantu_("keys", "create", "客服部").exit_code == 0
    path = str(tmp_path / "a.backup")
    made = kantu_("backup", path, "--passphrase", "--cipher", "sm4-gcm", stdin=PASSPHRASE)
    assert (made.exit_code, made.stdout) == (0, ""), made.stderr
    assert f"已备份到 {path}" in made.stderr
    assert "没有加密" not in made.stderr
    checked = kantu_("restore", path, "--check", "--passphrase", stdin=PASSPHRASE)
    assert (checked.exit_code, "完整" in checked.stderr) == (0, True)
    monkeypatch.setenv("KANTU_HOME", str(tmp_path / "elsewhere"))
    wrong = kantu_("restore", path, "--passphrase", stdin="错误的马 电池 订书钉 十二\n")
    assert (wrong.exit_code, "[backup_key_wrong]" in wrong.stderr) == (2, True)
    done = kantu_("restore", path, "--passphrase", stdin=PASSPHRASE)
    assert (done.exit_code, done.stdout) == (0, ""), done.stderr
    assert "已恢复" in done.stderr
    assert "客服部" in kantu_("keys", "list").stdout
    again = kantu_("restore", path, "--passphrase", stdin=PASSPHRASE)
    assert (again.exit_code, "[restore_not_empty]" in again.stderr, "--force" in again.stderr) == (1, True, True)
    assert kantu_("restore", path, "--passphrase", "--force", stdin=PASSPHRASE).exit_code == 0


def test_without_a_secret_it_is_said_that_secrets_can_be_read(tmp_path: Path) -> None:
    kantu_("keys", "create", "客服部")
    made = kantu_("backup", str(tmp_path / "a.backup"))
    assert (made.exit_code, "没有加密" in made.stderr) == (0, True)


def test_a_key_file_and_the_postgres_of_the_settings(
    postgres_url: str, place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From whatever it was into whatever the settings say."""
    key, path = tmp_path / "backup.key", str(tmp_path / "a.backup")
    key.write_bytes(bytes(range(64)))
    monkeypatch.setenv("KANTU_HOME", str(place.home))
    monkeypatch.setenv("KANTU_STORE_DATABASE_URL", place.database.engine.url.render_as_string(hide_password=False))
    assert kantu_("backup", path, "--key-file", str(key)).exit_code == 0
    before = names(place.database)
    place.database.close()
    assert kantu_("restore", path, "--key-file", str(key), "--force").exit_code == 0
    assert names(place.database) == before


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["backup", "a.backup"], "nothing_to_back_up"),
        (["backup", "a.backup", "--cipher", "rot13"], "invalid_backup_key"),
        (["backup", "a.backup", "--passphrase"], "invalid_backup_key"),
        (["backup", "a.backup", "--key-file", "missing"], "backup_unreadable"),
        (["backup", "a.backup", "--key-file", "missing", "--passphrase"], "invalid_backup_key"),
        (["restore", "missing"], "backup_unreadable"),
        (["restore", "/dev/null"], "not_a_backup"),
    ],
)
def test_what_makes_no_sense_is_refused(
    arguments: list[str], code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    result = kantu_(*arguments, stdin="short\n")
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    assert result.stderr.startswith("错误：")
    assert f"[{code}]" in result.stderr
    assert not (tmp_path / "a.backup").exists()
