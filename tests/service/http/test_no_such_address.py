"""What is said of an address that does not exist."""

from __future__ import annotations

import pytest

from kantu.service.http.no_such_address import endpoint_not_found

TWICE, SLASHES, LACKS, SLASH = "/v1 写了两次。", "它有连续的斜杠。", "它少了 /v1。", "它末尾多了斜杠。"
ADVICE = "base_url 应该像"


@pytest.mark.parametrize("path", ["/v1/nothing", "/nothing", "/v1/图", "/health/", "/v2/models", "/chat"])
def test_it_is_named_in_both_languages(path: str) -> None:
    error = endpoint_not_found(path)
    assert error.message == f"没有这个地址：{path}。"
    assert error.message_en == f"There is no such endpoint: {path}."


@pytest.mark.parametrize(
    ("path", "hints"),
    [
        ("/v1/v1/chat/completions", [TWICE]),
        ("/v1/v1/v1/models", [TWICE]),
        ("/v1/v1/files/file-1/content", [TWICE]),
        ("/v1//chat/completions", [SLASHES]),
        ("//v1/models", [SLASHES]),
        ("/v1//v1/models", [SLASHES, TWICE]),
        ("/chat/completions", [LACKS]),
        ("//models", [SLASHES, LACKS]),
        ("/v1/chat/completions/", [SLASH]),
        ("/models/", [LACKS, SLASH]),
    ],
)
def test_what_is_wrong_with_a_base_url_is_said(path: str, hints: list[str]) -> None:
    error = endpoint_not_found(path)
    assert error.message.startswith(f"没有这个地址：{path}。{''.join(hints)}{ADVICE}")
    assert error.message_en.startswith(f"There is no such endpoint: {path}. It ")
    assert "base_url should look like" in error.message_en


@pytest.mark.parametrize("path", ["/v1/v1/messages", "/v1/messages/", "/v1//messages/count_tokens"])
def test_anthropic_s_clients_have_a_base_url_without_v1(path: str) -> None:
    error = endpoint_not_found(path)
    assert "base_url 应该像 http://127.0.0.1:8000 这样" in error.message
    assert "http://127.0.0.1:8000: no /v1" in error.message_en


@pytest.mark.parametrize("path", ["//", "//x", "/a//b", "/v1/v1x", "/v1/v1"])
def test_where_nothing_of_the_api_was_meant_nothing_is_guessed(path: str) -> None:
    assert ADVICE not in endpoint_not_found(path).message


@pytest.mark.parametrize("path", ["/a\nb", "/a\x00b", "/\u202egnp", "/a\x1b[31m"])
def test_what_cannot_be_printed_is_quoted(path: str) -> None:
    error = endpoint_not_found(path)
    assert "%" in error.message
    assert (error.message + error.message_en).isprintable()


def test_a_long_path_is_cut() -> None:
    assert len(endpoint_not_found("/" + "a" * 60_000).message) < 300
