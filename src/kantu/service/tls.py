"""Whether a certificate and its key can be served with, before anything is started; whom to trust as a client."""

from __future__ import annotations

import ssl
from pathlib import Path

from kantu.errors import error


def trusting(ca_file: Path | None) -> ssl.SSLContext:
    """Trusts whom the system trusts, and the authorities in a file. Raises OSError where that cannot be read."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(cafile=ca_file)
    return context


def check_certificate(certificate: Path | None, key: Path | None) -> None:
    """Both or neither, readable, and belonging together.

    Raises:
        InvalidRequestError: `invalid_settings`.
    """
    if certificate is None and key is None:
        return
    if certificate is None or key is None:
        raise error("invalid_settings.tls_pair", param="server.tls_key" if key is None else "server.tls_certificate")
    try:
        # without a password to try, an encrypted key would be asked for at the keyboard
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key, password="")
    except (OSError, ValueError):  # ssl's own errors are OSErrors
        raise error("invalid_settings.tls_files") from None
