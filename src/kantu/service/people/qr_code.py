"""An enrolment's address as a picture that an authenticator scans."""

from __future__ import annotations

import segno


def qr_code(text: str) -> str:
    """A QR code as a `data:` address of an SVG, with its quiet zone, dark on white whatever is around it."""
    code = segno.make_qr(text, error="m")
    return str(code.svg_data_uri(scale=4, border=4, dark="#000", light="#fff", xmldecl=False))
