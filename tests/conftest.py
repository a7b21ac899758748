"""Fixtures shared by the whole suite."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import psutil
import pytest

from tests.tiny_checkpoint import write_tiny_checkpoint

IN_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 8 * 2**30


def pytest_configure(config: pytest.Config) -> None:
    """Tests keep their files in memory where there is room, as thousands of transactions each wait for the disk.

    They are gone at the end; `--basetemp` keeps them.
    """
    if hasattr(config, "workerinput") or config.option.basetemp or not _is_roomy(IN_MEMORY):
        return
    folder = tempfile.mkdtemp(prefix="kantu-tests-", dir=IN_MEMORY)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))


def _is_roomy(folder: Path) -> bool:
    """Whether it has room for the files of all tests, and may hold programs."""
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        return False
    found = os.statvfs(folder)
    room = min(found.f_bavail * found.f_frsize, psutil.virtual_memory().available)
    return room >= _ROOM_BYTES and not found.f_flag & os.ST_NOEXEC


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A complete tiny random checkpoint folder; treat it as read-only."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Files with long tests first, so that no worker is left with one at the end."""
    if hasattr(config, "workerinput"):  # of pytest-xdist
        long = {item.path for item in items if item.get_closest_marker("whole")}
        items.sort(key=lambda item: item.path not in long)


def pytest_collection_finish() -> None:
    """What was imported and collected stays: the garbage collector need not go through all of it again and again.

    It took seconds each time, of whichever test was running, and five times at the end.
    """
    gc.freeze()
