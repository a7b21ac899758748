"""Reads multipart/form-data (RFC 7578) as it arrives: the file goes straight to where it will stay, fields are kept.

The framework's own form parser would first write the whole file elsewhere, without a limit of ours.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from email.message import Message
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from kantu.errors import error
from kantu.service.files.content import Draft

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_FILE = "file"
_FIELDS = ("purpose", "expires_after[anchor]", "expires_after[seconds]")
_CHARSETS = ("utf-8", "iso-8859-1")
_MOST_FIELD_BYTES = 1024


@dataclass(frozen=True, slots=True)
class Form:
    """What came with the file: its name, as sent, and the other fields."""

    filename: str
    fields: Mapping[str, str]


async def read_form(content_type: str | None, body: AsyncIterator[bytes], draft: Draft) -> Form:
    """Write the part `file` of a form into `draft`.

    Raises:
        InvalidRequestError: `unsupported_media_type`, `invalid_multipart`, `unknown_parameter`, `missing_parameter`,
            and what `Draft.write` raises.
        StoreError: what `Draft.write` raises.
    """
    kind, options = parse_options_header(content_type)
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise error("unsupported_media_type.upload")
    parts = _Parts()
    try:
        parser = MultipartParser(options[b"boundary"], parts.callbacks())
        async for data in body:
            parser.write(data)
            for piece in parts.take():
                await draft.write(piece)
    except FormParserError:
        parts.ended = False
    if not parts.ended:
        raise error("invalid_multipart")
    if parts.filename is None:
        raise error("missing_parameter", param=_FILE)
    if "purpose" not in parts.fields:
        raise error("missing_parameter", param="purpose")
    return Form(parts.filename, {name: bytes(value).decode("utf-8", "replace") for name, value in parts.fields.items()})


class _Parts:
    """Listens to the parser. Keeps at most what one chunk of the body holds of the file."""

    def __init__(self) -> None:
        self.filename: str | None = None
        self.fields: dict[str, bytearray] = {}
        self.ended = False
        self._name = ""
        self._header = bytearray()
        self._value = bytearray()
        self._disposition = b""
        self._pieces: list[bytes] = []

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_header,
            "on_header_value": self._on_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._on_data,
            "on_end": self._end,
        }

    def take(self) -> list[bytes]:
        """The file's bytes since the last call."""
        taken, self._pieces = self._pieces, []
        return taken

    def _begin(self) -> None:
        self._disposition = b""

    def _on_header(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _end_header(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        self._name = options.get(b"name", b"").decode("utf-8", "replace")
        if self._name in self.fields or (self._name == _FILE and self.filename is not None):
            raise error("invalid_multipart")
        if self._name == _FILE:
            plain = options.get(b"filename", b"").decode("utf-8", "replace")
            self.filename = _extended_filename(self._disposition) or plain
        elif self._name in _FIELDS:
            self.fields[self._name] = bytearray()
        else:
            raise error("unknown_parameter.form")

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        if self._name == _FILE:
            self._pieces.append(data[start:end])
            return
        value = self.fields[self._name]
        value += data[start:end]
        if len(value) > _MOST_FIELD_BYTES:
            raise error("invalid_multipart")

    def _end(self) -> None:
        self.ended = True


def _extended_filename(disposition: bytes) -> str | None:
    """`filename*` of a Content-Disposition, in UTF-8 or ISO-8859-1 (RFC 5987); None where there is none to be read.

    It goes before `filename` (RFC 6266, section 4.3), which then is only what older programs understand. RFC 7578
    wants no `filename*` in forms, but some clients write every name outside ASCII so.
    """
    header = Message()
    header["content-disposition"] = disposition.decode("latin-1")
    for name, value in header.get_params([], "content-disposition"):
        if name.lower() != "filename" or not isinstance(value, tuple):
            continue
        charset, _, text = value
        with suppress(UnicodeError):  # `text` has a character for each byte
            if (charset or "").lower() in _CHARSETS:
                return text.encode("latin-1").decode(charset)
    return None
