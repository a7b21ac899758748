"""Fixtures of the tests of evaluation."""

from __future__ import annotations

from tests.synth.conftest import needs_fonts

__all__ = ["needs_fonts"]
