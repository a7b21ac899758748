"""Fixtures of the drawing tests."""

from __future__ import annotations

import pytest

from kantu.synth.draw.faces import DEBIAN_PACKAGES, missing_fonts


@pytest.fixture(scope="session")
def needs_fonts() -> None:
    """Skip where Debian's Chinese fonts are not installed: a page drawn with other fonts is another page."""
    if missing := missing_fonts():
        pytest.skip(f"{len(missing)} font files missing; apt-get install {' '.join(DEBIAN_PACKAGES)}")
