"""The page's Content-Security-Policy."""

from __future__ import annotations

import base64
import hashlib
import re

_SCRIPT = re.compile(r"<script(?P<attributes>[^>]*)>(?P<body>.*?)</script>", re.DOTALL)
_FIXED = (
    "default-src 'none'",
    "connect-src 'self'",
    "img-src 'self' data: blob:",
    "font-src 'self'",
    # NiceGUI, Vue and Quasar write styles into the page
    "style-src 'self' 'unsafe-inline'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
)


def policy_of(html: str) -> str:
    """The policy of one page: files of this server, and the scripts written into `html`, each by its SHA-256.

    Neither `unsafe-inline` nor `unsafe-eval` for scripts, so that nothing that a model writes can become one.
    """
    inline = [match["body"] for match in _SCRIPT.finditer(html) if " src=" not in match["attributes"]]
    scripts = " ".join(["script-src 'self'", *(f"'sha256-{_digest(body)}'" for body in inline)])
    return "; ".join((*_FIXED, scripts))


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
