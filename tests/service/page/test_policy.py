"""The Content-Security-Policy names a page's inline scripts, and no others."""

from __future__ import annotations

import base64
import hashlib

from kantu.service.page.policy import policy_of


def test_every_inline_script_is_named_by_its_digest() -> None:
    html = (
        '<script type="importmap">{"imports": {}}</script><script defer src="a.js"></script>'
        "<script>\nlet a = 1;\n</script>"
    )
    scripts = policy_of(html).split("script-src ")[1]
    expected = [
        base64.b64encode(hashlib.sha256(body).digest()).decode() for body in (b'{"imports": {}}', b"\nlet a = 1;\n")
    ]
    assert scripts == " ".join(["'self'", *(f"'sha256-{digest}'" for digest in expected)])


def test_a_page_without_inline_scripts_may_only_run_files_of_its_server() -> None:
    assert policy_of("<p>script</p>").endswith("script-src 'self'")
