"""What passes between the engine and its callers: frozen dataclasses, checked when made, no PyTorch."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kantu.errors import error

if TYPE_CHECKING:
    from kantu.processing.conversation import Turn
    from kantu.processing.image import CleanImage

FinishReason = Literal["stop", "length", "repetition"]

DEFAULT_MAX_TOKENS = 512
MAX_STOP_STRINGS = 16
MAX_STOP_CHARACTERS = 256  # of one
MAX_ALL_STOP_CHARACTERS = 2048  # of all together
MAX_LOGPROBS = 20
MAX_PATTERN_SIZE = 1024
MAX_ANSWERS = 16
MAX_CONSTRAINT_BYTES = 64 * 1024
MAX_CHOICES = 256


@dataclass(frozen=True, slots=True)
class Constraint:
    """What the answer must look like. It is compiled, or refused, before the request is admitted.

    Attributes:
        kind: "json_schema" (a JSON Schema as JSON text), "json_object" (any JSON object; `source` is empty), "regex"
            (the whole answer matches) or "choice" (a JSON list of strings, one of which is the answer).
        source: see `kind`; text, so that equal constraints are equal and hashable.
    """

    kind: Literal["json_schema", "json_object", "regex", "choice"]
    source: str = ""

    def __post_init__(self) -> None:
        if self.kind not in ("json_schema", "json_object", "regex", "choice") or not isinstance(self.source, str):
            raise error("invalid_constraint")
        if len(self.source.encode(errors="replace")) > MAX_CONSTRAINT_BYTES:
            raise error("invalid_constraint.length", limit=MAX_CONSTRAINT_BYTES // 1024)

    @classmethod
    def json_schema(cls, schema: Mapping[str, Any]) -> Constraint:
        """The answer is JSON that fits `schema`."""
        return cls("json_schema", json.dumps(schema, ensure_ascii=False))

    @classmethod
    def choice(cls, choices: Sequence[str]) -> Constraint:
        """The answer is one of `choices`."""
        return cls("choice", json.dumps(check_choices(choices), ensure_ascii=False))


@dataclass(frozen=True, slots=True)
class RepetitionStop:
    """Ends an answer whose last tokens repeat one pattern, with finish reason "repetition" (vLLM's parameters).

    Attributes:
        max_pattern_size: longest pattern looked for, in tokens; at most `MAX_PATTERN_SIZE`.
        min_pattern_size: shortest.
        min_count: how many times in a row the pattern must stand at the end; at least 2.
        where_possible: a server that cannot do so is asked all the same.
    """

    max_pattern_size: int
    min_pattern_size: int = 1
    min_count: int = 4
    where_possible: bool = False

    @classmethod
    def endless(cls) -> RepetitionStop:
        """What small models fall into when they copy a page greedily, and nobody wants to read to its end."""
        return cls(max_pattern_size=32, min_count=32, where_possible=True)

    def __post_init__(self) -> None:
        _check_int("invalid_max_pattern_size", self.max_pattern_size, 1, optional=False, most=MAX_PATTERN_SIZE)
        _check_int("invalid_min_pattern_size", self.min_pattern_size, 1, optional=False)
        _check_int("invalid_min_count", self.min_count, 2, optional=False)
        if self.min_pattern_size > self.max_pattern_size:
            raise error("invalid_min_pattern_size.over_max")


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How tokens are chosen. None means what the model folder's generation_config.json says.

    Attributes:
        max_tokens: most tokens to generate, end token included; None means the folder's `max_new_tokens`, or 512, and
            no more than the context leaves.
        min_tokens: end tokens are masked and stop strings ignored before this many tokens.
        temperature: 0 is greedy; otherwise logits are divided by it.
        top_p: smallest set of tokens whose probabilities reach this; 1 turns it off.
        top_k: only the k most probable tokens; 0 turns it off. -1 does too, as with vLLM, and is kept as 0.
        repetition_penalty: over 1 makes tokens seen in prompt or answer less likely; 1 turns it off.
        seed: makes sampling repeatable, any of 64 bits with a sign; None draws a fresh one. -1 does too, as with vLLM,
            and is kept as None.
        stop: the answer ends before the first of these strings; at most `MAX_STOP_STRINGS`, of bounded length.
        min_p: drops tokens less probable than this times the most probable one; 0 turns it off.
        presence_penalty, frequency_penalty: subtracted from the logits of tokens in the answer so far, once, and once
            for each time (OpenAI's definition).
        logprobs: how many most probable tokens to report at each step (0: only the chosen one); None reports nothing.
        n: how many answers, each with its own random numbers.
        constraint: what the answer must look like.
        repetition: ends a looping answer.

    Raises:
        InvalidRequestError: any value outside its range.
    """

    max_tokens: int | None = None
    min_tokens: int = 0
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    repetition_penalty: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    min_p: float = 0.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    logprobs: int | None = None
    n: int = 1
    constraint: Constraint | None = None
    repetition: RepetitionStop | None = None

    def __post_init__(self) -> None:
        _check_int("invalid_max_tokens", self.max_tokens, 1)
        _check_int("invalid_min_tokens", self.min_tokens, 0, optional=False)
        if self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise error("invalid_min_tokens.over_max")
        _check_number("invalid_temperature", self.temperature, 0, 100)
        _check_number("invalid_top_p", self.top_p, 1e-9, 1)
        _check_int("invalid_top_k", self.top_k, -1)
        _check_number("invalid_repetition_penalty", self.repetition_penalty, 0.01, 100)
        if self.seed is not None and (
            isinstance(self.seed, bool) or not isinstance(self.seed, int) or not -(2**63) <= self.seed < 2**63
        ):
            raise error("invalid_seed")
        _check_stop(self.stop)
        _check_number("invalid_min_p", self.min_p, 0, 1)
        _check_number("invalid_presence_penalty", self.presence_penalty, -2, 2)
        _check_number("invalid_frequency_penalty", self.frequency_penalty, -2, 2)
        _check_int("invalid_logprobs", self.logprobs, 0, most=MAX_LOGPROBS)
        _check_int("invalid_n", self.n, 1, optional=False, most=MAX_ANSWERS)
        for name, unset, meaning in (("top_k", -1, 0), ("seed", -1, None)):
            if getattr(self, name) == unset:
                object.__setattr__(self, name, meaning)


def stop_strings(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    """The user's `stop` as a tuple."""
    if stop is None:
        return ()
    if isinstance(stop, str):
        return (stop,)
    if isinstance(stop, Sequence) and not isinstance(stop, bytes):
        return tuple(stop)
    raise error("invalid_stop.type")


def check_choices(choices: object) -> tuple[str, ...]:
    """The labels to choose from: at least two, different, not empty.

    Raises:
        InvalidRequestError: anything else.
    """
    listed = tuple(choices) if isinstance(choices, Sequence) and not isinstance(choices, str | bytes) else ()
    if not 2 <= len(listed) <= MAX_CHOICES or not all(isinstance(c, str) and c for c in listed):
        raise error("invalid_choices", most=MAX_CHOICES)
    if len(set(listed)) < len(listed):
        raise error("invalid_choices.repeated")
    return listed


@dataclass(frozen=True, slots=True)
class Request:
    """One question: its turns, and their images in order, already clean.

    Attributes:
        turns: at least one; the last is the user's.
        images: one for each image placeholder, in order.
        sampling: how to choose tokens.
        preprocess_seconds: time already spent on decoding and resizing, for `Timings`.
        tenant: whose request it is; nothing computed for one tenant is ever used for another.
        line: requests of one line wait for each other; the engine is fair between lines.
        timeout_seconds: the request fails with `DeadlineExceededError` if it is not finished by then.
    """

    turns: tuple[Turn, ...]
    images: tuple[CleanImage, ...] = ()
    sampling: SamplingParams = field(default_factory=SamplingParams)
    preprocess_seconds: float = 0.0
    tenant: str = ""
    line: str = ""
    timeout_seconds: float | None = None

    def __post_init__(self) -> None:
        _check_number("invalid_timeout_seconds", self.timeout_seconds, 1e-9, 1e9)


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts. An end token counts as generated.

    Attributes:
        visual_tokens: the part of `prompt_tokens` that stands for images.
        cached_tokens: the part of `prompt_tokens` that was reused instead of computed.
    """

    prompt_tokens: int
    visual_tokens: int
    completion_tokens: int
    cached_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of wall time.

    Attributes:
        preprocess_seconds: decoding, resizing, patches and tokens.
        encode_seconds: the vision tower; this request's share of the batches its images were encoded in.
        ttft_seconds: from the call to the first token, including all of the above and prefill.
        tpot_seconds: mean time per token after the first; 0 if there was only one.
        total_seconds: from the call to the last token.
    """

    preprocess_seconds: float
    encode_seconds: float
    ttft_seconds: float
    tpot_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class Look:
    """The visual token that a model's reading head looked at when a token was chosen.

    Attributes:
        picture: which of the request's.
        row, column: which of its visual tokens, `rows` times `columns`.
        share: of the head's attention, 0 to 1.
    """

    picture: int
    row: int
    column: int
    rows: int
    columns: int
    share: float


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """How probable one token of the answer was.

    Attributes:
        token_id, token: the token and its bytes (a token may be part of a character).
        logprob: natural logarithm of its probability in the model's own distribution, before sampling changes it.
        top: the most probable tokens there, as (token id, bytes, logprob), best first.
        look: what the model looked at; None for forced tokens, without pictures, and of models without a reading head.
    """

    token_id: int
    token: bytes
    logprob: float
    top: tuple[tuple[int, bytes, float], ...] = ()
    look: Look | None = None


@dataclass(frozen=True, slots=True)
class End:
    """How an answer ended, and what it took.

    Attributes:
        stop_string: which of the request's ended it; None where none did, and from an upstream server, which does not
            tell.
    """

    finish_reason: FinishReason
    usage: Usage
    timings: Timings
    stop_string: str | None = None


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of one answer.

    Attributes:
        end: set on the last delta of each answer, and only there.
        index: which of the request's `n` answers.
        logprobs: one for each of `token_ids` where the request asked for them; tokens that a constraint forced have
            logprob 0, as they were not chosen.
    """

    text: str
    token_ids: tuple[int, ...] = ()
    end: End | None = None
    index: int = 0
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Scores:
    """How probable each choice is, given that the answer is one of them.

    Attributes:
        probabilities: one for each choice, adding up to 1; None where an upstream server reports no probabilities.
        best: index of the most probable (or, without probabilities, of the chosen) one.
    """

    probabilities: tuple[float, ...] | None
    best: int
    usage: Usage
    timings: Timings


def _check_stop(stop: tuple[str, ...]) -> None:
    if len(stop) > MAX_STOP_STRINGS or not all(isinstance(s, str) and s for s in stop):
        raise error("invalid_stop", most=MAX_STOP_STRINGS)
    if max(map(len, stop), default=0) > MAX_STOP_CHARACTERS or sum(map(len, stop)) > MAX_ALL_STOP_CHARACTERS:
        raise error("invalid_stop.length", each=MAX_STOP_CHARACTERS, together=MAX_ALL_STOP_CHARACTERS)


def _check_int(code: str, value: object, least: int, *, optional: bool = True, most: int | None = None) -> None:
    if value is None and optional:
        return
    too_large = most is not None and isinstance(value, int) and value > most
    if isinstance(value, bool) or not isinstance(value, int) or value < least or too_large:
        raise error(code, least=least, most=most)


def _check_number(code: str, value: object, least: float, most: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:  # NaN is not
        raise error(code)
