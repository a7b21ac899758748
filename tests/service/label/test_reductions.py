"""Labelling less than the standard asks for does not go unseen."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from kantu.aigc import LabelPolicy
from kantu.service.gateway import Gateway
from kantu.service.label.reductions import reductions
from tests.service.audits import entries_of
from tests.service.gateways import client_of, settings_with


def test_each_reduction_is_told_by_name(caplog: pytest.LogCaptureFixture) -> None:
    found = reductions(LabelPolicy("off", {"copy": "both", "read": "metadata"}))
    told = [(record.message, record.reason) for record in caplog.records]  # type: ignore[attr-defined]
    assert told == [("label_reduced", "all=off"), ("label_reduced", "read=metadata")]
    assert [(each.action, each.resource, each.target_id, each.after) for each in found] == [
        ("reduce", "label", "all", {"mode": "off"}),
        ("reduce", "label", "read", {"mode": "metadata"}),
    ]


def test_whole_labels_are_nothing_to_record(caplog: pytest.LogCaptureFixture) -> None:
    assert reductions(LabelPolicy(by_task={"copy": "both"})) == []
    assert caplog.records == []


@pytest.mark.anyio
async def test_a_service_that_starts_with_less_than_a_whole_label_leaves_that_in_the_audit(
    make_gateway: Callable[..., Gateway],
) -> None:
    content = {"producer": "某某科技", "label": "off", "label_by_task": ("copy=both", "read=metadata")}
    gateway = make_gateway(settings=settings_with(content=content))
    async with client_of(gateway):
        entries = entries_of(gateway.database)
    told = [(each.action, each.target_id, each.after) for each in entries if each.resource in ("service", "label")]
    assert [(action, target) for action, target, _ in told] == [("start", None), ("reduce", "all"), ("reduce", "read")]
    assert [after for _, _, after in told[1:]] == ['{"mode":"off"}', '{"mode":"metadata"}']
