"""The vocabulary between the engine and whoever asks it: frozen dataclasses, checked when made, no PyTorch."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from kantu.errors import InvalidRequestError

if TYPE_CHECKING:
    from kantu.processing.image import CleanImage

FinishReason = Literal["stop", "length"]

DEFAULT_MAX_TOKENS = 512
MAX_STOP_STRINGS = 16


@dataclass(frozen=True, slots=True)
class SamplingParams:
    """How tokens are chosen. None means what the model folder's generation_config.json says.

    Attributes:
        max_tokens: most tokens to generate, end token included; None means the folder's `max_new_tokens`, or 512, or
            what the context leaves.
        min_tokens: end tokens are masked and stop strings ignored before this many tokens.
        temperature: 0 is greedy; otherwise logits are divided by it.
        top_p: smallest set of tokens whose probabilities reach this; 1 turns it off.
        top_k: only the k most probable tokens; 0 turns it off.
        repetition_penalty: over 1 makes tokens seen in prompt or answer less likely; 1 turns it off.
        seed: makes sampling repeatable; None draws a fresh one.
        stop: the answer ends before the first of these strings.

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

    def __post_init__(self) -> None:
        _check_int("max_tokens", self.max_tokens, 1)
        _check_int("min_tokens", self.min_tokens, 0, optional=False)
        if self.max_tokens is not None and self.min_tokens > self.max_tokens:
            raise _invalid("min_tokens", "不能大于 max_tokens", "must not exceed max_tokens")
        _check_number("temperature", self.temperature, "必须是 0 到 100 之间的数", "must be 0 to 100", 0, 100)
        _check_number("top_p", self.top_p, "必须大于 0 且不超过 1", "must be over 0 and at most 1", 1e-9, 1)
        _check_int("top_k", self.top_k, 0)
        _check_number(
            "repetition_penalty", self.repetition_penalty, "必须在 0.01 到 100 之间", "must be 0.01 to 100", 0.01, 100
        )
        _check_int("seed", self.seed, 0)
        if self.seed is not None and self.seed >= 2**63:
            raise _invalid("seed", "必须小于 2 的 63 次方", "must be below 2**63")
        if len(self.stop) > MAX_STOP_STRINGS or not all(isinstance(s, str) and s for s in self.stop):
            raise _invalid(
                "stop",
                f"必须是不超过 {MAX_STOP_STRINGS} 个非空字符串",
                f"must be at most {MAX_STOP_STRINGS} non-empty strings",
            )


def stop_strings(stop: str | Sequence[str] | None) -> tuple[str, ...]:
    """What a user writes for `stop` as a tuple."""
    if stop is None:
        return ()
    if isinstance(stop, str):
        return (stop,)
    if isinstance(stop, Sequence) and not isinstance(stop, bytes):
        return tuple(stop)
    raise _invalid("stop", "必须是字符串或字符串列表", "must be a string or a list of strings")


@dataclass(frozen=True, slots=True)
class Request:
    """One question: messages in the chat template's shape, and their pictures in order, already clean.

    Attributes:
        messages: ``{"role": ..., "content": str | [{"type": "image"} | {"type": "text", "text": ...}, ...]}``.
        images: one for each image part, in order.
        sampling: how to choose tokens.
        preprocess_seconds: time already spent on decoding and resizing, for `Timings`.
    """

    messages: tuple[Mapping[str, Any], ...]
    images: tuple[CleanImage, ...] = ()
    sampling: SamplingParams = field(default_factory=SamplingParams)
    preprocess_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts. `visual_tokens` are part of `prompt_tokens`; an end token counts as generated."""

    prompt_tokens: int
    visual_tokens: int
    completion_tokens: int

    @property
    def total_tokens(self) -> int:
        return self.prompt_tokens + self.completion_tokens


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds of wall time.

    Attributes:
        preprocess_seconds: decoding, resizing, patches and tokens.
        encode_seconds: the vision tower.
        ttft_seconds: from the call to the first token, all of the above and prefill included.
        tpot_seconds: mean time per token after the first; 0 if there was only one.
        total_seconds: from the call to the last token.
    """

    preprocess_seconds: float
    encode_seconds: float
    ttft_seconds: float
    tpot_seconds: float
    total_seconds: float


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of the answer. The last one, and only it, carries the finish reason, usage and timings."""

    text: str
    token_ids: tuple[int, ...] = ()
    finish_reason: FinishReason | None = None
    usage: Usage | None = None
    timings: Timings | None = None


def _check_int(name: str, value: object, least: int, *, optional: bool = True) -> None:
    if value is None and optional:
        return
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise _invalid(name, f"必须是不小于 {least} 的整数", f"must be an integer of at least {least}")


def _check_number(name: str, value: object, rule: str, rule_en: str, least: float, most: float) -> None:
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise _invalid(name, rule, rule_en)
    if not least <= value <= most:
        raise _invalid(name, rule, rule_en)


def _invalid(name: str, rule: str, rule_en: str) -> InvalidRequestError:
    return InvalidRequestError(f"invalid_{name}", f"参数 {name} {rule}。", f"{name} {rule_en}.", param=name)
