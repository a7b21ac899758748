"""Fixtures shared by the whole suite."""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from functools import partial
from pathlib import Path

import pytest

from tests.in_memory import roomy_memory
from tests.tiny_checkpoint import write_tiny_checkpoint


def pytest_configure(config: pytest.Config) -> None:
    """Tests keep their files in memory where there is room, as thousands of transactions each wait for the disk.

    They are gone at the end; `--basetemp` keeps them.
    """
    memory = roomy_memory()
    if hasattr(config, "workerinput") or config.option.basetemp or memory is None:
        return
    folder = tempfile.mkdtemp(prefix="kantu-tests-", dir=memory)
    os.environ["PYTEST_DEBUG_TEMPROOT"] = folder
    config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))


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
