"""Fixtures of the tests of this folder."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kantu.engine.process import ProcessEngine
from tests.engine.process.engines import WAIT_SECONDS, process_engine


@pytest.fixture
def engine(nothing_is_left: None) -> Iterator[ProcessEngine]:
    """One that is ready; its accounts are checked when the test is over."""
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        yield engine
        engine.check()


@pytest.fixture
def nothing_is_left() -> Iterator[None]:
    """Every thread and file descriptor that a test opened is gone."""
    files = len(list(Path("/proc/self/fd").iterdir()))
    yield
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("kantu-process")] == []
    assert len(list(Path("/proc/self/fd").iterdir())) == files
