"""The body of a chat completion -> what the engine understands. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kantu.engine.request import Constraint, RepetitionStop, SamplingParams, stop_strings
from kantu.errors import InvalidRequestError, error
from kantu.json_schema import at, subschemas
from kantu.processing.conversation import Conversation
from kantu.processing.messages import Message, TextPart, conversation_of
from kantu.service.chat.schemas import ChatRequest, JSONObjectFormat, JSONSchemaFormat, RepetitionDetection
from kantu.service.settings import RequestSettings

_MOST_TEMPERATURE = 2  # OpenAI's
# Of a token in an answer's JSON, on average: its text, its own logprob, and each alternative (measured: 1,400 to 1,550
# for a Chinese token with 20).
_TEXT_BYTES, _LOGPROB_BYTES, _ALTERNATIVE_BYTES = 8, 100, 70


def read_conversation(messages: Sequence[Message], limits: RequestSettings) -> Conversation:
    """The turns of the messages and where their pictures come from.

    Raises:
        InvalidRequestError: `too_many_messages`, `too_many_parts`, `too_many_images`, `too_many_characters`.
    """
    parts = [
        part
        for message in messages
        for part in (message.content if isinstance(message.content, list) else [message.content or ""])
    ]
    texts = [part if isinstance(part, str) else part.text for part in parts if isinstance(part, str | TextPart)]
    for count, most, code in (
        (len(messages), limits.max_messages, "too_many_messages"),
        (len(parts), limits.max_parts, "too_many_parts"),
        (len(parts) - len(texts), limits.max_images, "too_many_images"),
        (sum(map(len, texts)), limits.max_characters, "too_many_characters"),
    ):
        if count > most:
            raise error(code, count=count, most=most)
    return conversation_of(messages)


def read_sampling(body: ChatRequest, limits: RequestSettings) -> SamplingParams:
    """How to choose tokens.

    Raises:
        InvalidRequestError: a value out of range, two that contradict each other, or more than the service allows.
    """
    _check_together(body)
    if body.temperature is not None and not 0 <= body.temperature <= _MOST_TEMPERATURE:  # the engine itself takes more
        raise error("invalid_temperature.service", most=_MOST_TEMPERATURE)
    if body.n is not None and body.n > limits.max_answers:
        raise error("invalid_parameter.at_most", most=limits.max_answers, param="n")
    for name in ("max_completion_tokens", "max_tokens"):
        if (getattr(body, name) or 0) > limits.max_completion_tokens:
            raise error("invalid_parameter.at_most", most=limits.max_completion_tokens, param=name)
    logprobs = (body.top_logprobs or 0) if body.logprobs else None
    given = {
        name: value
        for name in ("min_tokens", "min_p", "presence_penalty", "frequency_penalty", "n")
        if (value := getattr(body, name)) is not None
    }
    try:
        return SamplingParams(
            max_tokens=body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens,
            temperature=body.temperature,
            top_p=body.top_p,
            top_k=body.top_k,
            repetition_penalty=body.repetition_penalty,
            seed=body.seed,
            stop=stop_strings(body.stop),
            logprobs=logprobs,
            constraint=_constraint(body),
            repetition=_repetition(body.repetition_detection),
            **given,
        )
    except InvalidRequestError as failure:
        raise _as_sent(failure, body) from None


def most_output_tokens(sampling: SamplingParams, default_max_tokens: int) -> int:
    """What all answers of a request can have at most."""
    return (sampling.max_tokens or max(default_max_tokens, sampling.min_tokens)) * sampling.n


def most_answer_bytes(sampling: SamplingParams, most_tokens: int) -> int:
    """About how many bytes of JSON all answers of a request can have at most, if their tokens are of the usual length.

    Args:
        most_tokens: see `most_output_tokens`.
    """
    each = _TEXT_BYTES
    if sampling.logprobs is not None:
        each += _LOGPROB_BYTES + sampling.logprobs * _ALTERNATIVE_BYTES
    return most_tokens * each


def _check_together(body: ChatRequest) -> None:
    if body.top_logprobs and not body.logprobs:
        raise error("invalid_parameter.logprobs", param="top_logprobs")
    if body.stream_options is not None and not body.stream:
        raise error("invalid_parameter.stream", param="stream_options")
    if None not in (body.max_tokens, body.max_completion_tokens) and body.max_tokens != body.max_completion_tokens:
        raise error("invalid_parameter.max_tokens", param="max_tokens")


def _constraint(body: ChatRequest) -> Constraint | None:
    form, outputs = body.response_format, body.structured_outputs
    given: list[Constraint] = []
    if isinstance(form, JSONSchemaFormat):
        given.append(Constraint.json_schema(form.json_schema.schema_))
        if form.json_schema.strict:
            _check_strict(form.json_schema.schema_)
    elif isinstance(form, JSONObjectFormat):
        given.append(Constraint("json_object"))
    if outputs is not None:
        if outputs.regex is not None:
            given.append(Constraint("regex", outputs.regex))
        if outputs.choice is not None:
            given.append(Constraint.choice(outputs.choice))
        if outputs.json_ is not None:
            given.append(Constraint.json_schema(outputs.json_))
        if not given:
            raise error("invalid_parameter.empty", param="structured_outputs")
    if len(given) > 1:
        raise error("invalid_parameter.several", param="structured_outputs")
    return given[0] if given else None


def constraint_path(body: ChatRequest) -> str:
    """Where in the body the constraint stands. It has one."""
    form, outputs = body.response_format, body.structured_outputs
    if isinstance(form, JSONSchemaFormat):
        return "response_format.json_schema.schema"
    if outputs is None:
        return "response_format"
    return "structured_outputs." + next(iter(outputs.model_dump(by_alias=True, exclude_none=True)), "json")


def _check_strict(schema: Mapping[str, Any]) -> None:
    """Refuse a schema that lets undeclared keys in, by the place that does: what may come is declared.

    OpenAI refuses a strict schema that does not say `additionalProperties: false` at every object and does not require
    every key. Here an object that declares keys is closed anyway (see `engine.schema_bounds`), so leaving the word out
    asks for what strict means, and an optional key harms no one. Only what contradicts strict is refused: an object
    that is open by its own words, or declares nothing.
    """
    for path, part in subschemas(dict(schema)):
        if part.get("additionalProperties", False) is not False:
            raise error("constraint_not_supported.strict_additional", at=at((*path, "additionalProperties")))
        kinds = part.get("type")
        is_object = kinds == "object" or (isinstance(kinds, list) and "object" in kinds)
        if is_object and not part.keys() & {"properties", "additionalProperties", "$ref", "allOf", "anyOf", "oneOf"}:
            raise error("constraint_not_supported.strict_properties", at=at(path))


def _repetition(detection: RepetitionDetection | None) -> RepetitionStop | None:
    return None if detection is None else RepetitionStop(**detection.model_dump(exclude_none=True))


def _as_sent(error: InvalidRequestError, body: ChatRequest) -> InvalidRequestError:
    """The error, of the engine's parameters, in the names of the body."""
    name = error.param or ""
    sent = {
        "choices": "structured_outputs.choice",
        "logprobs": "top_logprobs",
        "max_pattern_size": "repetition_detection.max_pattern_size",
        "max_tokens": "max_tokens" if body.max_completion_tokens is None else "max_completion_tokens",
        "min_count": "repetition_detection.min_count",
        "min_pattern_size": "repetition_detection.min_pattern_size",
    }.get(name)
    if sent is not None:
        error.param = sent
        error.message, error.message_en = (text.replace(name, sent, 1) for text in (error.message, error.message_en))
    return error
