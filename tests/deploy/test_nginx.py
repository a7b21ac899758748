"""The nginx example of docs/deploy.md: well-formed, and of one mind with the gateway's settings."""

from __future__ import annotations

import re

from kantu.service.settings import Settings
from tests.deploy.files import ROOT

(EXAMPLE,) = re.findall(
    r"```nginx\n(.*?)```", (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8"), flags=re.DOTALL
)
PLAIN = re.sub(r"#.*", "", EXAMPLE)
DIRECTIVES = [tuple(found.split()) for found in re.split(r"[;{}]", PLAIN) if found.strip()]


def value(name: str) -> str:
    (found,) = (words[1] for words in DIRECTIVES if words[0] == name)
    return found


def test_each_line_ends_a_directive_or_a_block() -> None:
    assert [line for line in map(str.strip, PLAIN.splitlines()) if line and line[-1] not in ";{}"] == []
    assert PLAIN.count("{") == PLAIN.count("}")


def test_streams_pass_as_they_come_and_nothing_is_sent_twice() -> None:
    assert value("proxy_buffering") == "off"
    assert value("proxy_next_upstream") == "off"
    assert value("proxy_http_version") == "1.1"


def test_the_gateway_s_own_limits_come_first() -> None:
    settings = Settings()
    body = re.fullmatch(r"(\d+)m", value("client_max_body_size"))
    assert body is not None
    assert settings.server.max_body_bytes < int(body[1]) * 2**20 < 1.1 * settings.server.max_body_bytes
    for name in ("proxy_read_timeout", "proxy_send_timeout"):
        seconds = re.fullmatch(r"(\d+)s", value(name))
        assert seconds is not None
        assert int(seconds[1]) > settings.request.timeout_seconds


def test_it_leads_to_where_the_gateway_listens_by_default() -> None:
    server = Settings().server
    assert value("proxy_pass") == f"http://{server.host}:{server.port}"


def test_what_the_gateway_believes_of_its_proxy_is_all_written_by_the_proxy() -> None:
    written = {words[1]: words[2] for words in DIRECTIVES if words[0] == "proxy_set_header"}
    assert written["X-Forwarded-For"] == "$proxy_add_x_forwarded_for"  # the right-most is nginx's own word
    assert written["X-Forwarded-Proto"] == "$scheme"


def test_metrics_and_probes_stay_inside() -> None:
    closed = {words[2] for words in DIRECTIVES if words[:2] == ("location", "=")}
    assert closed == {"/metrics", "/healthz", "/readyz"}
