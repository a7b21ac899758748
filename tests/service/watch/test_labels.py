"""No label grows with what clients send."""

from __future__ import annotations

import pytest

from kantu.service.watch.labels import CodeLabel, ModelLabel, endpoint_label


def test_a_model_that_is_not_served_is_other() -> None:
    label = ModelLabel({"kantu-mini"})
    assert label("kantu-mini") == "kantu-mini"
    assert label("我的身份证号是") == "other"
    assert label(None) == "none"


def test_codes_are_ours_or_other() -> None:
    label = CodeLabel()
    assert label("queue_full") == "queue_full"
    for strange in ("", "Bad code", "x" * 65, 'a"} 1', "代码", "a\nb"):
        assert label(strange) == "other"


def test_no_more_codes_are_told_apart_than_there_could_be() -> None:
    label = CodeLabel()
    seen = {label(f"code_{number}") for number in range(1000)}
    assert len(seen) == 257
    assert label("code_0") == "code_0"
    assert label("code_999") == "other"


@pytest.mark.parametrize(
    ("template", "path", "label"),
    [
        ("/v1/files/{file_id}", "/v1/files/file-1", "/v1/files/{file_id}"),
        ("/readyz", "/readyz", "/readyz"),
        ("/health", "/health", "/health"),
        ("/page", "/page/main.js", "page"),
        ("", "/", "page"),
        (None, "/v1/chat/completions", "/v1/chat/completions"),
        (None, "/v1/files/file-1", "other"),
        (None, "/wp-login.php", "other"),
    ],
)
def test_endpoints_are_route_templates(template: str | None, path: str, label: str) -> None:
    assert endpoint_label(template, path) == label
