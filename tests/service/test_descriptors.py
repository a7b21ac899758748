"""How many descriptors there are, and what that means for connections."""

from __future__ import annotations

import logging
import resource
import subprocess
import sys

import pytest

from kantu.service.descriptors import limit, most_connections, raise_limit, tell

pytestmark = pytest.mark.whole

SCRIPT = """
import resource
from kantu.service.descriptors import raise_limit
print(raise_limit(), *resource.getrlimit(resource.RLIMIT_NOFILE))
"""


def test_the_soft_limit_is_raised_to_the_hard_one() -> None:
    def lower() -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (64, 1024))

    ran = subprocess.run([sys.executable, "-c", SCRIPT], preexec_fn=lower, capture_output=True, check=True)
    assert ran.stdout.split() == [b"1024", b"1024", b"1024"]


def test_raising_it_again_changes_nothing() -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        assert raise_limit() == raise_limit() == limit() >= before[0]
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.parametrize(
    ("wanted", "descriptors", "most"),
    [(4096, 65_536, 4096), (4096, 1024, 384), (100, 1024, 100), (4096, 256, 32), (4096, 4, 1)],
)
def test_each_connection_may_have_a_file_beside_it_and_some_are_kept_for_others(
    wanted: int, descriptors: int, most: int
) -> None:
    assert most_connections(wanted, descriptors) == most


def test_too_few_are_a_warning(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        tell(4096, 1024)
        tell(4096, 65_536)
    assert [(record.levelname, record.descriptors, record.count) for record in caplog.records] == [  # type: ignore[attr-defined]
        ("WARNING", 1024, 384),
        ("INFO", 65_536, 4096),
    ]
