"""A thin wrapper around `tokenizers` for byte-level BPE folders, and incremental detokenising.

It separates two kinds of text that one library call mixes: the template's own text, which may name added tokens, and
users' text, which may not.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterable, Iterator

import tokenizers
from tokenizers import decoders, models, normalizers, pre_tokenizers

from kantu.errors import error
from kantu.model.folder import ModelFolder
from kantu.processing.byte_level import BYTE_OF, token_bytes
from kantu.processing.conversation import check_text
from kantu.processing.pieces import PieceEncoder

_NFC_SHRINKS = 4  # the most times NFC shortens UTF-8; 7 bytes that spell U+0390 become 2


class Tokenizer:
    """Text to token ids and back. Immutable after loading and safe to share between threads.

    Attributes:
        vocab_size: the tokenizer's largest id plus one; a checkpoint may have more rows.
        added_tokens: every added token (special or not): text -> id.
        special_ids: ids of the added tokens that are marked special; decoding leaves them out.
    """

    def __init__(self, plain: tokenizers.Tokenizer, added: dict[str, int], special_ids: frozenset[int]) -> None:
        """Use `from_folder`. `plain` must not contain any added token."""
        self._plain = plain
        self._pieces = PieceEncoder(plain)
        self._most_bytes_each = _most_bytes_each(plain)
        self.added_tokens = added
        self.special_ids = special_ids
        self._added_by_id = {i: text for text, i in added.items()}
        self.vocab_size = max([plain.get_vocab_size(), *(i + 1 for i in added.values())])
        # Leftmost, then longest, as the library itself cuts added tokens out of a text.
        by_length = sorted(added, key=len, reverse=True)
        self._added_pattern = re.compile("|".join(map(re.escape, by_length)) or r"(?!)")

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> Tokenizer:
        """Read tokenizer.json (and the added tokens of tokenizer_config.json) of a model folder.

        Raises:
            CheckpointError: a file is missing or damaged, is not byte-level BPE, or has an added token that plain text
                could produce.
        """
        text = folder.text("tokenizer.json")
        try:
            full = tokenizers.Tokenizer.from_str(text)
        except Exception as failure:  # the library raises bare Exception
            raise error("invalid_tokenizer") from failure
        if not isinstance(full.model, models.BPE) or not isinstance(full.decoder, decoders.ByteLevel):
            raise error("invalid_tokenizer.not_bpe")
        added: dict[str, int] = {}
        special: set[int] = set()
        for token_id, token in full.get_added_tokens_decoder().items():
            if token.lstrip or token.rstrip or token.single_word or not token.content:
                raise error("invalid_tokenizer.matching", content=token.content)
            added[token.content] = token_id
            if token.special:
                special.add(token_id)
        _check_declared(folder, added)
        return cls(_without_added_tokens(full, text, added), added, frozenset(special))

    def encode(self, text: str, *, allow_special: bool) -> list[int]:
        """Turn text into token ids; nothing is added before or after.

        Args:
            allow_special: whether text that spells an added token becomes that token. Use False for all users' text:
                then no text can yield an added token.

        Raises:
            InvalidRequestError: `invalid_text` for text that is not valid Unicode (lone surrogates).
        """
        if not allow_special:
            return self._encode_plain(text)
        ids: list[int] = []
        for piece, token_id in self.split_added(text):
            ids += self._encode_plain(piece) if token_id is None else [token_id]
        return ids

    def encode_pieces(self, text: str) -> Iterator[list[int]]:
        """As `encode` without added tokens, in lists to be joined. A long text is read only as far as needed."""
        check_text(text)
        return self._pieces.encode(text)

    def least_tokens(self, text: str) -> int:
        """A lower bound of the text's number of tokens, found without encoding. It may be far below that number."""
        return -(-len(text.encode(errors="replace")) // self._most_bytes_each) if self._most_bytes_each else 0

    def split_added(self, text: str) -> list[tuple[str, int | None]]:
        """Cut text at the added tokens it spells: (text, None) or (token, id), in order."""
        pieces: list[tuple[str, int | None]] = []
        start = 0
        for match in self._added_pattern.finditer(text):
            if match.start() > start:
                pieces.append((text[start : match.start()], None))
            pieces.append((match[0], self.added_tokens[match[0]]))
            start = match.end()
        if start < len(text):
            pieces.append((text[start:], None))
        return pieces

    def decode(self, ids: Iterable[int]) -> str:
        """Turn token ids into text without special tokens.

        Bytes that are not UTF-8 become U+FFFD. An incomplete character at the very end is left out, and so are ids
        beyond the vocabulary.
        """
        text = codecs.getincrementaldecoder("utf-8")("replace").decode(b"".join(map(self.token_bytes, ids)))
        return str(text)

    def token_bytes(self, token_id: int) -> bytes:
        """Bytes that a token adds to the answer; none for special tokens and ids beyond the vocabulary."""
        if token_id in self.special_ids:
            return b""
        if (added := self._added_by_id.get(token_id)) is not None:
            return added.encode()
        return token_bytes(self._plain, token_id)

    def token_id(self, token: str) -> int:
        """Return the id of an added token or a vocabulary entry.

        Raises:
            CheckpointError: `token_missing` if the tokenizer does not have it.
        """
        found = self.added_tokens.get(token)
        if found is None:
            found = self._plain.token_to_id(token)
        if found is None:
            raise error("token_missing", token=token)
        return int(found)

    def _encode_plain(self, text: str) -> list[int]:
        return [token_id for piece in self.encode_pieces(text) for token_id in piece]


class IncrementalDetokenizer:
    """Turns a stream of token ids into a stream of text that never ends inside a character.

    The joined pieces equal `Tokenizer.decode` of all the ids. A push takes time in proportion to its token's length.
    """

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def push(self, token_id: int) -> str:
        """Return the text that this token completes; "" in the middle of a character."""
        return str(self._decoder.decode(self._tokenizer.token_bytes(token_id)))


def _check_declared(folder: ModelFolder, added: dict[str, int]) -> None:
    """Check that the added tokens in tokenizer_config.json are those of tokenizer.json."""
    declared = folder.json("tokenizer_config.json", missing_ok=True).get("added_tokens_decoder") or {}
    for token_id, token in declared.items():
        content = token.get("content") if isinstance(token, dict) else token
        if not isinstance(content, str) or str(added.get(content)) != token_id:
            raise error("invalid_tokenizer.declared", content=content)


def _without_added_tokens(full: tokenizers.Tokenizer, text: str, added: dict[str, int]) -> tokenizers.Tokenizer:
    """Build the tokenizer for plain text: same model, no added tokens. `text` is tokenizer.json.

    BPE yields only entries of its own vocabulary. Without added tokens in it, plain text cannot become one.
    """
    model = full.model
    plain = tokenizers.Tokenizer(model)  # shares the model, so this costs nothing
    if any(plain.token_to_id(char) is None for char in BYTE_OF):  # a byte without a token would be dropped silently
        raise error("invalid_tokenizer.bytes")
    overlap = {text for text in added if plain.token_to_id(text) is not None}
    if overlap:  # some trainers put added tokens into the vocabulary too
        raw = json.loads(text)["model"]
        merges = [tuple(m) if isinstance(m, list) else tuple(m.split(" ")) for m in raw["merges"]]
        if any("".join(pair) in overlap for pair in merges) or any(part in overlap for p in merges for part in p):
            raise error("invalid_tokenizer.forgeable")
        kept = {text: i for text, i in raw["vocab"].items() if text not in overlap}
        model = models.BPE(vocab=kept, merges=merges, ignore_merges=raw.get("ignore_merges", False))
        plain = tokenizers.Tokenizer(model)
    if full.normalizer is not None:
        plain.normalizer = full.normalizer
    plain.pre_tokenizer = full.pre_tokenizer or pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return plain


def _most_bytes_each(plain: tokenizers.Tokenizer) -> int:
    """Most bytes of text that one token can stand for; 0 if unknown."""
    longest = max(map(len, plain.get_vocab()))
    normalizer = plain.normalizer
    if normalizer is None:
        return longest
    return longest * _NFC_SHRINKS if isinstance(normalizer, normalizers.NFC) else 0
