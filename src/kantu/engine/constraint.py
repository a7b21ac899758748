"""Constrained output: which tokens may come next so that the answer fits a schema, a pattern or a list of choices."""

from __future__ import annotations

import json
import math
import secrets
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

import llguidance
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from kantu.engine.grammar import grammar, refusal
from kantu.engine.request import Constraint
from kantu.errors import EngineError, error
from kantu.json_schema import at
from kantu.model.folder import ModelFolder

# Bounds on llguidance's automata: past them it refuses a constraint, or ends an answer. Its defaults let
# `(a{1000}){1000}` take 0.9 s and 330 MB before it is refused; with these it takes 0.15 s and 60 MB. A step that
# reaches the bound takes up to 0.15 s and is the last of its answer; any other step takes at most 10 ms. (A lower bound
# for a step would refuse sound answers: checking 500 characters of a string at once takes more than half of it.) The
# states of one answer take up to 100 MB.
_LIMITS = llguidance.LLParserLimits(
    initial_lexer_fuel=200_000, step_lexer_fuel=200_000, max_lexer_states=50_000, verbose_errors=False
)
_PROBED_TOKENS = 4  # of an answer, generated as a test before a constraint is accepted


@dataclass(frozen=True, slots=True)
class Tokens:
    """A model's tokens as llguidance sees them.

    Attributes:
        ids_of_bytes: byte -> the token that is exactly this byte, if there is one.
        end_ids: ascending.
    """

    tokenizer: llguidance.LLTokenizer
    vocab_size: int
    ids_of_bytes: Mapping[int, int]
    end_ids: tuple[int, ...]


class Matcher:
    """What one answer may still say.

    A step calls `mask_`, chooses, then calls `accept`, `forced` and `finished`. `forced` may be called before the first
    mask. Not thread-safe; every answer has its own.
    """

    def __init__(self, matcher: llguidance.LLMatcher, tokens: Tokens) -> None:
        self._matcher, self._tokens = matcher, tokens
        self._bits = torch.zeros(math.ceil(tokens.vocab_size / 32), dtype=torch.int32)

    def mask_(self, scores: Tensor) -> None:
        """Set the scores of tokens that may not come next to -inf, in scores [vocab] on the CPU.

        Raises:
            EngineError: `constraint_failed`: nothing may come.
        """
        if scores.shape != (self._tokens.vocab_size,):
            raise ValueError(f"scores of shape {tuple(scores.shape)} for a vocabulary of {self._tokens.vocab_size}")
        scores.masked_fill_(torch.from_numpy(self.refused()), -torch.inf)

    def refused(self) -> npt.NDArray[np.bool_]:
        """Which tokens may not come next, [vocab]. No PyTorch: this also runs on callers' threads (see `LocalEngine`).

        Raises:
            EngineError: `constraint_failed`: nothing may come.
        """
        self._check(not self._matcher.is_error())
        self._matcher.unsafe_compute_mask_ptr(self._bits.data_ptr(), self._bits.numel() * 4)
        allowed = self._bits.numpy()
        self._check(not self._matcher.is_error() and bool(allowed.any()))
        refused = np.unpackbits(~allowed.view(np.uint8), bitorder="little", count=self._tokens.vocab_size)
        return refused.view(np.bool_)

    def accept(self, token_id: int) -> None:
        """Take a token that was chosen under the mask.

        Raises:
            EngineError: `constraint_failed`: it may not come here.
        """
        self._check(self._matcher.consume_token(token_id))

    def forced(self) -> list[int]:
        """Accept and return the tokens that must follow now; [] if there is a choice. Never an end token.

        Raises:
            EngineError: `constraint_failed`.
        """
        if self._matcher.is_stopped():
            self._check(not self._matcher.is_error())
            return []
        tokens = self._matcher.compute_ff_tokens()
        self._check(self._matcher.consume_tokens(tokens) and not self._matcher.is_error())
        return tokens

    @property
    def finished(self) -> bool:
        """Whether nothing but an end token can follow."""
        return self._matcher.is_stopped() and not self._matcher.is_error()

    @property
    def accepts_end(self) -> bool:
        """Whether the answer may end here."""
        return self._matcher.is_accepting()

    def copy(self) -> Matcher:
        """Another matcher in the same state."""
        return Matcher(self._matcher.deep_copy(), self._tokens)

    @property
    def end_id(self) -> int:
        """One of the end tokens."""
        return self._tokens.end_ids[0]

    def is_end(self, token_id: int) -> bool:
        """Whether it is an end token."""
        return token_id in self._tokens.end_ids

    def valid(self, token_ids: Sequence[int]) -> int:
        """How many of these tokens may come; one more if they also complete the answer. Changes nothing, and does not
        compute the mask."""
        if not token_ids:
            return int(self.accepts_end)
        return self._matcher.validate_tokens([*token_ids, self.end_id])

    # --- byte by byte, on copies, to search endings (`engine.ending`)

    def behind_bytes(self, text: bytes) -> Matcher:
        """A copy of this matcher that has taken bytes which may come."""
        other = self.copy()
        if text:
            other._check(other._matcher.consume_tokens([self._tokens.ids_of_bytes[byte] for byte in text]))
        return other

    def next_bytes(self) -> bytes:
        """Every byte that may come next, ascending, except bytes that are no token by themselves."""
        valid = self._matcher.validate_tokens
        return bytes(byte for byte, token in self._tokens.ids_of_bytes.items() if valid([token]))

    def forced_bytes(self) -> bytes:
        """Bytes that must follow."""
        return b"" if self._matcher.is_stopped() else self._matcher.compute_ff_bytes()

    def repeats(self, byte: int, most: int) -> int:
        """How many repeats of one byte may follow."""
        return self._matcher.validate_tokens([self._tokens.ids_of_bytes[byte]] * most)

    def text(self, token_ids: Sequence[int]) -> bytes:
        """The bytes of these tokens."""
        return bytes(self._tokens.tokenizer.decode_bytes(list(token_ids)))

    def spelling(self, text: bytes) -> list[int]:
        """The tokens into which the tokenizer splits these bytes."""
        return self._tokens.tokenizer.tokenize_bytes(text)

    def spellings(self, text: bytes) -> Iterator[list[int]]:
        """Two ways to write these bytes: as the tokenizer splits them, which may not fit, and one token a byte."""
        yield self.spelling(text)
        yield [self._tokens.ids_of_bytes[byte] for byte in text]

    def _check(self, fine: bool) -> None:
        if not fine:
            raise error("constraint_failed")


class ConstraintCompiler:
    """Compiles constraints for one model's tokens. Thread-safe.

    The tokenizer is read when first needed (about 1 s for 151,936 tokens). After that a typical schema takes a few
    milliseconds, so results are not cached.
    """

    def __init__(self, folder: ModelFolder, vocab_size: int, end_ids: Collection[int]) -> None:
        """For the tokenizer of a model folder that `Tokenizer.from_folder` accepts.

        Args:
            vocab_size: of the network; may exceed the tokenizer's, and no answer contains the rest.
            end_ids: the only added tokens that can come out of a constrained answer.
        """
        self._folder, self._vocab_size, self._end_ids = folder, vocab_size, sorted(end_ids)
        self._lock = threading.Lock()
        self._tokens: Tokens | None = None

    def compile(self, constraint: Constraint) -> Matcher:
        """A matcher at the start of an answer.

        Raises:
            InvalidRequestError: `invalid_constraint`: it is not what its kind says; `constraint_not_supported`: it
                says something that cannot be enforced, or costs too much.
            CheckpointError: the tokenizer cannot be read.
        """
        tokens = self._read()
        matcher = llguidance.LLMatcher(tokens.tokenizer, grammar(constraint), log_level=0, limits=_LIMITS)
        if failure := matcher.get_error():
            raise refusal(constraint, failure, _fails)
        try:
            _probe(Matcher(matcher.deep_copy(), tokens))
        except EngineError:
            path = () if constraint.kind == "json_schema" else None
            raise error("constraint_not_supported.no_answer", at=at(path)) from None
        return Matcher(matcher, tokens)

    def _read(self) -> Tokens:
        with self._lock:
            if self._tokens is None:
                text = self._folder.text("tokenizer.json")
                try:
                    tokenizer = llguidance.LLTokenizer(
                        _without_names(text), n_vocab=self._vocab_size, eos_token=self._end_ids
                    )
                except Exception as failure:  # the library raises bare exceptions
                    raise error("invalid_tokenizer.constraint", path=self._folder.path) from failure
                self._tokens = Tokens(tokenizer, self._vocab_size, _ids_of_bytes(tokenizer), tuple(self._end_ids))
            return self._tokens


def _probe(start: Matcher) -> None:
    """Go a few tokens into an answer: some constraints turn out to be empty or too large only there.

    Masks are computed first: this needs no GIL, and constraints that are too large fail in it.

    Raises:
        EngineError: `constraint_failed`.
    """
    for _ in range(_PROBED_TOKENS):
        allowed = np.flatnonzero(~start.refused())
        following = [token for token in allowed[[0, len(allowed) // 2, -1]].tolist() if not start.is_end(token)]
        if not following:
            return
        start.accept(following[-1])
        start.forced()
        if start.finished:
            return


def _ids_of_bytes(tokenizer: llguidance.LLTokenizer) -> dict[int, int]:
    found = {byte: tokenizer.tokenize_bytes(bytes([byte])) for byte in range(256)}
    return {byte: tokens[0] for byte, tokens in found.items() if len(tokens) == 1}


def _fails(source: str) -> bool:
    """Whether llguidance refuses a grammar."""
    return bool(llguidance.LLMatcher.validate_grammar(source, None, limits=_LIMITS))


def _without_names(text: str) -> str:
    """tokenizer.json with added tokens that no text can spell, and without a normalizer.

    Otherwise llguidance would find added tokens in forced text and normalise it: the choice "<|im_end|>" would end the
    answer, and "e" with a combining accent could not be said.
    """
    content = json.loads(text)
    names = {token["content"] for token in content["added_tokens"]}
    for token in content["added_tokens"]:
        token |= {"content": f"<{secrets.token_hex(16)}>", "special": True}
    vocab = content["model"]["vocab"]
    content["model"]["vocab"] = {token: i for token, i in vocab.items() if token not in names}
    return json.dumps(content | {"normalizer": None, "truncation": None, "padding": None})
