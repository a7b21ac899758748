"""Fixtures shared by the whole suite."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from tests.tiny_checkpoint import write_tiny_checkpoint


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
