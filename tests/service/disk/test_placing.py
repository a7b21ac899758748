"""Files get their names once they are whole, and locks are held by one at a time."""

from __future__ import annotations

import errno
import os
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest

from kantu.service.disk.placing import is_still, lock_at_once, locked_folder, new_file, put_in_place


def test_a_new_file_is_its_owner_s_and_new(tmp_path: Path) -> None:
    with new_file(tmp_path / "a") as file:
        file.write(b"data")
    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o600
    with pytest.raises(FileExistsError), new_file(tmp_path / "a"):
        pass


@pytest.mark.parametrize("same_disk", [True, False])
def test_a_file_takes_the_place_of_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, same_disk: bool) -> None:
    source, target, replace = tmp_path / "source", tmp_path / "folder" / "target", os.replace

    def only_within_a_folder(a: Any, b: Any) -> None:
        if not same_disk and Path(a).parent != Path(b).parent:
            raise OSError(errno.EXDEV, "another disk")
        replace(a, b)

    monkeypatch.setattr(os, "replace", only_within_a_folder)
    for data in (b"first", b"second"):
        source.write_bytes(data)
        put_in_place(source, target)
        assert target.read_bytes() == data
        assert [path.name for path in tmp_path.rglob("*")] == ["folder", "target"]


def test_one_at_a_time_is_in_a_locked_folder_even_if_it_is_deleted(tmp_path: Path) -> None:
    folder, inside, most = tmp_path / "folder", 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(20):
            with locked_folder(folder):
                inside += 1
                most = max(most, inside)
                (folder / "file").write_bytes(b"")
                inside -= 1
                shutil.rmtree(folder)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, folder.exists()) == (1, False)


def test_a_lock_is_had_by_one_and_ends_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as first, path.open("wb") as second:
        assert lock_at_once(first.fileno())
        assert not lock_at_once(second.fileno())
        first.close()
        assert lock_at_once(second.fileno())
        assert is_still(second.fileno(), path)
        path.rename(tmp_path / "renamed")
        assert not is_still(second.fileno(), path)
