"""What a test's process takes on at once: plenty, except for what the test says."""

from __future__ import annotations

from typing import Any

from kantu.service.admission import Admission


def admission_with(**limits: Any) -> Admission:
    """An `Admission` of these limits."""
    plenty = {
        "requests": 1000,
        "pixels": 10**9,
        "body_bytes": 10**9,
        "answer_bytes": 10**9,
        "share": 1.0,
        "largest_body": 1,
        "wait_seconds": 60.0,
    }
    return Admission(**{**plenty, **limits})
