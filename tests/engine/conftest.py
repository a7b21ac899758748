"""Fixtures of the engine's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kantu.engine.local import LocalEngine
from tests.engine.engines import Parts


@pytest.fixture(scope="session")
def parts(tiny_folder: Path) -> Parts:
    """A tiny random model in float32 with its processors."""
    return Parts(tiny_folder)


@pytest.fixture
def engine(parts: Parts) -> Iterator[LocalEngine]:
    """An engine over it; its accounts are checked when the test is over."""
    with parts.engine() as engine:
        yield engine
