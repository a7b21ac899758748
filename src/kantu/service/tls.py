"""Whether a certificate and its key can be served with, before anything is started."""

from __future__ import annotations

import ssl
from pathlib import Path

from kantu.errors import InvalidRequestError


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Both or neither, readable, and belonging together.

    Raises:
        InvalidRequestError: `invalid_settings`.
    """
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise InvalidRequestError(
            "invalid_settings",
            "设置有误：server.tls_certificate 与 server.tls_key 要一起给出。",
            "Invalid settings: server.tls_certificate and server.tls_key go together.",
            param="server.tls_key" if key is None else "server.tls_certificate",
        )
    try:
        # without a password to try, an encrypted key would be asked for at the keyboard
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):  # ssl's own errors are OSErrors
        raise InvalidRequestError(
            "invalid_settings",
            "设置有误：server.tls_certificate 或 server.tls_key 无法读取、不是 PEM、有口令，或两者不成一对。",
            "Invalid settings: server.tls_certificate or server.tls_key cannot be read, is not PEM, has a password, or "
            "they do not belong together.",
            param="server.tls_certificate",
        ) from None
