"""Any server that answers OpenAI's chat completions, as a contender."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from kantu.contenders.contender import AskOptions, Reply, mean_probability, messages
from kantu.engine.protocol import DeltaStream
from kantu.engine.remote.engine import RemoteEngine, RemoteSettings, Upstream
from kantu.engine.remote.wire import Dialect
from kantu.engine.request import Constraint, Request, SamplingParams
from kantu.errors import (
    InvalidRequestError,
    error,
    install_command,
    listed,
)
from kantu.processing.conversation import ImageSource
from kantu.processing.image import prepare
from kantu.processing.image_config import ImageConfig
from kantu.processing.messages import read_messages

API_KEY_VARIABLE = "KANTU_EVAL_API_KEY"
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 600.0  # of silence: a server on a CPU may read a picture for minutes
_LARGEST_PIXELS = 16_384 * 32 * 32  # as the published Qwen3-VL folders
# Sizes as Qwen3-VL rounds them, so that such a server does not resample; others do with them what they like.
_IMAGES = ImageConfig(16, 2, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), min_pixels=32 * 32, max_pixels=_LARGEST_PIXELS)


def is_url(model: str) -> bool:
    """Whether the name of a model is the address of a server."""
    return model.startswith(("http://", "https://"))


class Server:
    """Asks the model of `url`, which ends in /v1 and may name the model behind a #: http://host:8000/v1#qwen.

    A key comes from the environment (`API_KEY_VARIABLE`) alone. A schema, choices or probabilities that a
    server refuses are not asked of it again. Only a `dialect` of vllm can be told of `min_tokens` and
    `repetition_penalty`. After `read_seconds` of silence it has failed.

    Raises:
        InvalidRequestError: not such a URL, or a server of several models of which none is named.
        UpstreamError: the server does not say which model it has.
        MissingDependencyError: httpx is not installed.
    """

    def __init__(
        self, url: str, *, parallel: int, dialect: Dialect = "openai", read_seconds: float = _READ_SECONDS
    ) -> None:
        base, _, model = url.partition("#")
        key = os.environ.get(API_KEY_VARIABLE)
        self.upstream = Upstream(base, model or "?", key, dialect)
        if not model:
            self.upstream = replace(self.upstream, model=_only_model(self.upstream))
        self.name = self.upstream.model
        settings = RemoteSettings(
            connect_seconds=_CONNECT_SECONDS, read_seconds=read_seconds, max_in_flight=parallel, max_waiting=parallel
        )
        self._engine = RemoteEngine([self.upstream], settings)
        self._refused: set[str] = set()

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        wishes = repr((options.schema, options.choices, options.probability))
        if wishes in self._refused:
            options = _plain(options)
        try:
            return self._ask(pictures, question, options)
        except InvalidRequestError as error:
            if error.code != "upstream_refused" or options == _plain(options):
                raise
            reply = self._ask(pictures, question, _plain(options))
            self._refused.add(wishes)  # it answers without them: they were at fault
            return reply

    def close(self) -> None:
        self._engine.close()

    def _ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        conversation = read_messages(messages(pictures, question, options.history))
        sources = [source.local for source in conversation.images]
        budget = options.max_pixels or options.task_pixels
        sampling = SamplingParams(
            max_tokens=options.max_tokens,
            min_tokens=options.min_tokens,
            temperature=options.temperature,
            repetition_penalty=options.repetition_penalty,
            repetition=options.repetition,
            logprobs=0 if options.probability else None,
            constraint=_constraint(options),
        )
        started = time.perf_counter()
        images = tuple(prepare(source, _IMAGES, max_pixels=budget) for source in sources if source is not None)
        request = Request(conversation.turns, images, sampling, preprocess_seconds=time.perf_counter() - started)
        deltas = list(DeltaStream(self._engine, request))
        end = deltas[-1].end
        assert end is not None  # the last delta has it
        return Reply(
            "".join(delta.text for delta in deltas),
            end.timings.ttft_seconds,
            time.perf_counter() - started,
            end.usage.completion_tokens,
            end.usage.visual_tokens,
            mean_probability(token.logprob for delta in deltas for token in delta.logprobs),
            end.usage.prompt_tokens,
            end.finish_reason,
        )


def _plain(options: AskOptions) -> AskOptions:
    return replace(options, schema=None, choices=None, probability=False)


def _constraint(options: AskOptions) -> Constraint | None:
    if options.schema is not None:
        return Constraint.json_schema(options.schema)
    return None if options.choices is None else Constraint.choice(options.choices)


def _only_model(upstream: Upstream) -> str:
    """What the server calls its model."""
    try:
        import httpx
    except ImportError:
        raise error("httpx_missing.server", install=install_command("service")) from None
    headers = {} if upstream.api_key is None else {"Authorization": f"Bearer {upstream.api_key}"}
    try:
        with httpx.Client(trust_env=False, timeout=_CONNECT_SECONDS) as client:
            answer: Any = client.get(upstream.endpoint("models"), headers=headers).raise_for_status().json()
        names = [str(model["id"]) for model in answer["data"]]
    except (httpx.HTTPError, ValueError, LookupError, TypeError):
        names = []  # told below, as the library's error holds the headers with the key
    if not names:
        raise error("models_unknown", url=upstream.url, api_key_variable=API_KEY_VARIABLE)
    if len(names) > 1:
        raise error("model_not_named", url=upstream.url, name=names[0], others=listed(names[1:6]))
    return names[0]
