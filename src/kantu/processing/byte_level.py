"""The alphabet of byte-level BPE, in which vocabularies write bytes as printable characters (GPT-2)."""

from __future__ import annotations

import tokenizers


def token_bytes(plain: tokenizers.Tokenizer, token_id: int) -> bytes:
    """The bytes that an entry of a byte-level vocabulary stands for; none for ids beyond the vocabulary."""
    token = plain.id_to_token(token_id)
    return b"" if token is None else bytes(BYTE_OF[char] for char in token)


def _byte_alphabet() -> dict[str, int]:
    """Byte-level BPE writes a byte as one printable character; this maps the character back to the byte.

    Printable Latin-1 bytes stand for themselves; the rest take the characters from U+0100 on, in order (GPT-2).
    """
    itself = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [b for b in range(256) if b not in set(itself)]
    return {chr(b): b for b in itself} | {chr(0x100 + i): b for i, b in enumerate(others)}


BYTE_OF = _byte_alphabet()
