"""The options of a question, and what they say about sampling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from kantu.engine.request import Constraint, RepetitionStop, SamplingParams, stop_strings
from kantu.errors import error


class Options(TypedDict, total=False):
    """The options of `VLM.ask` and similar methods. All are optional.

    Attributes:
        max_tokens: most tokens of the answer; by default the folder's `max_new_tokens`, or 512, or what the context
            leaves.
        min_tokens: the answer cannot end before this many tokens.
        temperature, top_p, top_k, repetition_penalty: None means the folder's generation_config.json. Temperature 0 is
            greedy; a folder that says `do_sample: false` is greedy unless a temperature is given.
        min_p, presence_penalty, frequency_penalty, logprobs, repetition: see `SamplingParams`.
        seed: makes a sampled answer repeatable, no matter what else runs.
        stop: the answer ends before any of these strings.
        schema: the answer is JSON that fits this JSON Schema. What it leaves open is bounded: integers and numbers to
            19 digits (numbers to 10 more after the point, no exponent), strings without `pattern` or `format` to 2,048
            characters, arrays to 1,024 items, objects without declared keys to 256, recursion to 16 levels. Bounds that
            it states itself are kept. An object with `properties` and without `additionalProperties` has no other keys;
            an array with `prefixItems` and without `items` has no other items. See docs/gateway.md.
        regex: the whole answer matches this expression.
        choices: the answer is one of these strings.
        max_pixels: pixel budget of each image (1,024 pixels are one visual token); by default the folder's own limit
            if that is at most 1,280 visual tokens, else 448 x 448.
        timeout_seconds: the question fails with `DeadlineExceededError` if it takes longer.
    """

    max_tokens: int | None
    min_tokens: int
    temperature: float | None
    top_p: float | None
    top_k: int | None
    min_p: float
    repetition_penalty: float | None
    presence_penalty: float
    frequency_penalty: float
    repetition: RepetitionStop | None
    seed: int | None
    stop: str | Sequence[str] | None
    logprobs: int | None
    schema: Mapping[str, Any] | None
    regex: str | None
    choices: Sequence[str] | None
    max_pixels: int | None
    timeout_seconds: float | None


def sampling_of(options: Options) -> SamplingParams:
    """The part of the options that says how tokens are chosen.

    Raises:
        InvalidRequestError: a value out of range, or more than one constraint.
    """
    unknown = sorted(options.keys() - Options.__annotations__.keys())
    if unknown:
        raise TypeError(f"unknown option: {', '.join(unknown)}")
    names = SamplingParams.__dataclass_fields__.keys() - {"stop", "constraint"}
    given: dict[str, Any] = {name: value for name, value in options.items() if name in names}
    return SamplingParams(**given, stop=stop_strings(options.get("stop")), constraint=_constraint(options))


def _constraint(options: Options) -> Constraint | None:
    schema, regex, choices = options.get("schema"), options.get("regex"), options.get("choices")
    given = [
        constraint
        for constraint in (
            None if schema is None else Constraint.json_schema(schema),
            None if regex is None else Constraint("regex", regex),
            None if choices is None else Constraint.choice(choices),
        )
        if constraint is not None
    ]
    if len(given) > 1:
        raise error("invalid_constraint.several")
    return given[0] if given else None
