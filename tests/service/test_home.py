"""KANTU_HOME is for its user's eyes only, whatever it was before."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kantu.errors import StoreError
from kantu.service.home import only_service, prepare_home, service_of

pytestmark = pytest.mark.whole


@pytest.fixture(params=[0o000, 0o022, 0o077, 0o777])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def code_of(folder: Path) -> str:
    with pytest.raises(StoreError) as caught:
        prepare_home(folder)
    assert str(folder) in caught.value.message
    return caught.value.code


@pytest.mark.usefixtures("umask")
def test_a_new_home_is_its_user_s_whatever_the_umask(tmp_path: Path) -> None:
    home = tmp_path / "home"
    prepare_home(home)
    assert mode(home) == 0o700


def test_modes_that_are_too_loose_are_mended(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for folder in (home, home / "files", home / "models"):
        folder.mkdir()
        folder.chmod(0o777)
    secret = [home / name for name in ("kantu.db", "kantu.db-wal", "kantu.db-shm", "kantu.db-ballast", "first-key")]
    for path in [*secret, home / "models" / "config.json"]:
        path.touch()
        path.chmod(0o666)
    prepare_home(home)
    assert [mode(path) for path in secret] == [0o600] * len(secret)
    assert (mode(home), mode(home / "files")) == (0o700, 0o700)
    assert mode(home / "models" / "config.json") == 0o666  # nothing secret, and nobody gets there


def test_a_home_behind_a_link_is_mended_too(tmp_path: Path) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    real.mkdir(mode=0o755)
    link.symlink_to(real)
    prepare_home(link)
    assert mode(real) == 0o700


def test_a_home_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("in the way")
    assert code_of(tmp_path / "home") == "home_unusable"
    assert code_of(tmp_path / "home" / "below") == "home_unusable"


def test_a_home_on_a_read_only_disk_is_refused(small_disk: Path) -> None:
    home = small_disk / "home"
    prepare_home(home)
    subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
    assert code_of(home) == "home_unusable"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize(
    ("home_mode", "database_mode", "code"),
    [
        (0o2770, 0o600, "home_unusable"),  # not writable for this user, who is not in the group
        (0o777, 0o600, "home_insecure"),
        (0o775, 0o644, "home_insecure"),
    ],
)
def test_what_is_somebody_else_s_and_open_is_refused(
    tmp_path: Path, home_mode: int, database_mode: int, code: str
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "kantu.db").touch()
    (home / "kantu.db").chmod(database_mode)
    home.chmod(home_mode)
    for folder in (tmp_path, *tmp_path.parents):
        if not folder.stat().st_mode & 0o077:  # this run's own
            folder.chmod(0o755)
    script = (
        "import os, sys; from pathlib import Path; from kantu.errors import StoreError\n"
        "from kantu.service.home import prepare_home\n"
        "os.setgroups([]); os.setgid(65534); os.setuid(65534)\n"
        "try: prepare_home(Path(sys.argv[1]))\n"
        "except StoreError as error: print(error.code)"
    )
    done = subprocess.run([sys.executable, "-c", script, str(home)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{code}\n"


HOLD = (
    "import sys; from pathlib import Path; from kantu.service.home import only_service\n"
    "with only_service(Path(sys.argv[1]), limits_are_shared=False): print('held', flush=True); sys.stdin.read()"
)


@pytest.mark.parametrize(("limits_are_shared", "warnings"), [(False, 1), (True, 0)])
def test_a_second_service_on_one_home_is_warned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], limits_are_shared: bool, warnings: int
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with only_service(tmp_path, limits_are_shared=limits_are_shared):
            pass
        assert capsys.readouterr().err.count("store.redis_url") == warnings
        other.kill()  # which needs no cleaning up
        other.wait()
    with only_service(tmp_path, limits_are_shared=False):
        pass
    assert capsys.readouterr().err == ""


def test_the_service_of_a_home_can_be_found_as_long_as_it_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert service_of(tmp_path) is None
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        assert service_of(tmp_path) == other.pid
        with monkeypatch.context() as elsewhere:  # its process ids are those of another container
            elsewhere.setattr("socket.gethostname", lambda: "elsewhere")
            assert service_of(tmp_path) is None
        other.kill()
        other.wait()
    assert service_of(tmp_path) is None
