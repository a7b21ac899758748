"""A service without keys makes itself one, and only one."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kantu.errors import StoreError
from kantu.service.database import Database
from kantu.service.keys.first_key import ensure_first_key
from kantu.service.keys.service import KeyService
from tests.service.audits import LOG

pytestmark = pytest.mark.whole


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def opens(database: Database, text: str) -> str:
    return asyncio.run(KeyService(database, LOG).authenticate(f"Bearer {text}")).key_id


def test_the_first_key_is_in_a_file_that_only_its_owner_reads(
    database: Database, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    umask = os.umask(0)
    try:
        path = ensure_first_key(database, home, LOG)
    finally:
        os.umask(umask)
    assert path == home / "first-key"
    assert path.stat().st_mode & 0o777 == 0o600
    text = path.read_text().removesuffix("\n")
    (key,) = KeyService(database, LOG).list()
    assert (key.name, key.id) == ("first", opens(database, text))
    said = capsys.readouterr()
    assert said.out == ""
    assert str(path) in said.err
    assert text not in said.err


def test_where_there_is_a_key_none_is_made(database: Database, home: Path) -> None:
    KeyService(database, LOG).create("mine")
    assert ensure_first_key(database, home, LOG) is None
    assert not home.exists()


def test_the_next_start_leaves_the_first_key_alone_even_when_it_is_revoked(database: Database, home: Path) -> None:
    path = ensure_first_key(database, home, LOG)
    assert path is not None
    before = path.read_text()
    assert ensure_first_key(database, home, LOG) is None
    KeyService(database, LOG).revoke(KeyService(database, LOG).list()[0].id)
    assert ensure_first_key(database, home, LOG) is None
    assert path.read_text() == before
    assert len(KeyService(database, LOG).list()) == 1


def test_many_that_start_at_once_make_one(database_url: str, tmp_path: Path) -> None:
    """On one machine, or, over PostgreSQL, on several."""
    databases = [Database(database_url) for _ in range(8)]
    with ThreadPoolExecutor(8) as threads:
        made = list(
            threads.map(lambda it: ensure_first_key(it[1], tmp_path / f"home{it[0] % 2}", LOG), enumerate(databases))
        )
    (path,) = [path for path in made if path is not None]
    (key,) = KeyService(databases[0], LOG).list()
    assert opens(databases[0], path.read_text().strip()) == key.id
    assert [file.name for file in tmp_path.glob("home*/*")] == ["first-key"]
    for database in databases:
        database.close()


def test_processes_that_start_at_once_on_an_empty_home_make_one(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from kantu.service.database import Database\n"
        "from kantu.service.keys.first_key import ensure_first_key; from tests.service.audits import LOG\n"
        "home = Path(sys.argv[1]); database = Database.sqlite(home / 'kantu.db'); database.upgrade()\n"
        "print(ensure_first_key(database, home, LOG) is not None)"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert sorted(process.communicate()[0].strip() for process in processes) == ["False", "False", "True"]
    assert opens(Database.sqlite(tmp_path / "kantu.db"), (tmp_path / "first-key").read_text().strip())


def test_a_file_that_a_killed_start_left_is_replaced_not_adopted(
    database: Database, home: Path, tmp_path: Path
) -> None:
    home.mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.write_text("precious")
    (home / "first-key").symlink_to(elsewhere)
    path = ensure_first_key(database, home, LOG)
    assert path is not None
    assert not path.is_symlink()
    assert elsewhere.read_text() == "precious"
    assert opens(database, path.read_text().strip())


def test_where_the_file_cannot_be_written_no_key_is_made(database: Database, tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file, not a folder")
    with pytest.raises(StoreError) as caught:
        ensure_first_key(database, tmp_path / "home", LOG)
    assert caught.value.code == "first_key_unwritable"
    assert KeyService(database, LOG).list() == []
