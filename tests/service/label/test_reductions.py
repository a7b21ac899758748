"""Labelling less than the standard asks for does not go unseen."""

from __future__ import annotations

import pytest

from kantu.aigc import LabelPolicy
from kantu.service.label.reductions import record_reductions


def test_each_reduction_is_recorded_by_name(caplog: pytest.LogCaptureFixture) -> None:
    record_reductions(LabelPolicy("off", {"copy": "both", "read": "metadata"}))
    told = [(record.message, record.reason) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [("label_reduced", "all=off"), ("label_reduced", "read=metadata")]


def test_whole_labels_are_nothing_to_record(caplog: pytest.LogCaptureFixture) -> None:
    record_reductions(LabelPolicy(by_task={"copy": "both"}))
    assert caplog.records == []
