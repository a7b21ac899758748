"""The public Python interface: load a model, ask it about images.

>>> import kantu
>>> vlm = kantu.load()
>>> print(vlm.ask("order.png", "为什么这个还没发货？"))
"""

from __future__ import annotations

import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

import torch

from kantu import hub
from kantu.engine.constraint import ConstraintCompiler
from kantu.engine.failures import typed_out_of_memory
from kantu.engine.generation_config import GenerationConfig
from kantu.engine.local import EngineSettings, LocalEngine
from kantu.engine.preparation import Preparation
from kantu.engine.protocol import DeltaStream, Engine
from kantu.engine.request import (
    Constraint,
    FinishReason,
    RepetitionStop,
    Request,
    SamplingParams,
    Scores,
    Timings,
    TokenLogprob,
    Usage,
    check_choices,
    stop_strings,
)
from kantu.errors import blaming, error, listed
from kantu.model.checkpoint import load_model
from kantu.model.config import VisionConfig
from kantu.model.folder import ModelFolder
from kantu.model.quantize import Quantize
from kantu.model.qwen3vl import Qwen3VL
from kantu.processing.budget import image_warnings, pixel_budgets
from kantu.processing.chat import ChatProcessor
from kantu.processing.conversation import Conversation, ImageReference, ImageSource, Turn
from kantu.processing.image import CleanImage, ImageConfig, prepare
from kantu.processing.messages import read_messages, read_question

__all__ = [
    "VLM",
    "Answer",
    "AnswerStream",
    "EngineSettings",
    "ImageSource",
    "Options",
    "default_device",
    "default_dtype",
    "load",
]

_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


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


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; prints as its text.

    Attributes:
        text: what the model said, without end tokens and stop strings.
        usage: token counts.
        timings: seconds of each phase.
        finish_reason: "stop" (the model, a stop string or the constraint ended it), "length" (cut at max_tokens; a
            constrained answer is completed there) or "repetition".
        warnings: what may have harmed the answer, in Chinese.
        logprobs: one for each token, if they were asked for.
    """

    text: str
    usage: Usage
    timings: Timings
    finish_reason: FinishReason
    warnings: tuple[str, ...] = ()
    logprobs: tuple[TokenLogprob, ...] = ()

    def __str__(self) -> str:
        return self.text


class AnswerStream:
    """The answer piece by piece: iterate over its text; `answer` is available at the end.

    The images have been read and the question has been submitted when this object exists. Dropping it early cancels.
    """

    def __init__(self, deltas: DeltaStream, warnings: tuple[str, ...]) -> None:
        self._deltas = deltas
        self._pieces: list[str] = []
        self._logprobs: list[TokenLogprob] = []
        self._answer: Answer | None = None
        self.warnings = warnings

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next non-empty piece of text."""
        while True:
            delta = next(self._deltas)
            self._pieces.append(delta.text)
            self._logprobs += delta.logprobs
            if (end := delta.end) is not None:
                text, logprobs = "".join(self._pieces), tuple(self._logprobs)
                self._answer = Answer(text, end.usage, end.timings, end.finish_reason, self.warnings, logprobs)
            if delta.text:
                return delta.text

    @property
    def answer(self) -> Answer:
        """The whole answer.

        Raises:
            InvalidRequestError: the stream has not been read to its end.
        """
        if self._answer is None:
            raise error("answer_not_finished")
        return self._answer

    def finish(self) -> Answer:
        """Read the rest and return the whole answer."""
        for _ in self:
            pass
        return self.answer

    def cancel(self) -> None:
        """Stop at the next step; reading on then raises `CancelledError`."""
        self._deltas.cancel()


class VLM:
    """A loaded model. Any number of threads may ask at once: their questions run together.

    Attributes:
        name: the name or path it was loaded by.
        folder: where its files are.
        device, dtype: where and in which precision it runs.
        context_tokens: most tokens of prompt and answer together.
        engine: the engine behind these methods, for callers that need more than they offer.
    """

    def __init__(
        self,
        name: str,
        folder: Path,
        engine: Engine,
        image_config: ImageConfig,
        *,
        device: torch.device,
        dtype: torch.dtype,
        context_tokens: int,
    ) -> None:
        """Use `kantu.load`."""
        self.name = name
        self.folder = folder
        self.engine = engine
        self.device = device
        self.dtype = dtype
        self.context_tokens = context_tokens
        self._image_config = image_config
        self._close = weakref.finalize(self, engine.close)  # the engine's thread does not keep this object alive

    def ask(self, images: ImageSource | Sequence[ImageSource], question: str, **options: Unpack[Options]) -> Answer:
        """Ask one question about any number of images.

        Args:
            images: one or a list of path, data: URL, bytes or PIL image; an empty list asks without an image.
            question: what to ask.
            options: see `Options`.

        Raises:
            InvalidRequestError: an argument out of range, an empty question, an image that is not accepted
                (`ImageError`), a prompt that does not fit the context (`PromptTooLongError`), or a constraint that
                cannot be enforced at all, or not within `max_tokens` (`constraint_needs_tokens`).
            OutOfMemoryError: the request needs more memory than is left.
            OverloadedError: too many requests are waiting.
        """
        return self.stream(images, question, **options).finish()

    def stream(
        self, images: ImageSource | Sequence[ImageSource], question: str, **options: Unpack[Options]
    ) -> AnswerStream:
        """As `ask`, piece by piece."""
        return self._start(read_question(images, question), options)

    def ask_many(
        self, images: ImageSource | Sequence[ImageSource], questions: Sequence[str], **options: Unpack[Options]
    ) -> tuple[Answer, ...]:
        """Ask several questions about the same images at once; they are read once. The first error is raised."""
        if isinstance(questions, str) or not questions:
            raise error("invalid_questions")
        asked = [read_question(images, question) for question in questions]
        clean, seconds = self._read(asked[0].images, options.get("max_pixels"))
        requests = [self._request(conversation.turns, clean, seconds, options) for conversation in asked]
        warnings = image_warnings([image.resizing for image in clean])
        streams = [AnswerStream(DeltaStream(self.engine, request), warnings) for request in requests]
        return tuple(stream.finish() for stream in streams)

    def score(
        self,
        images: ImageSource | Sequence[ImageSource],
        question: str,
        choices: Sequence[str],
        *,
        max_pixels: int | None = None,
    ) -> Scores:
        """How probable each of `choices` is as the answer, without generating one. Errors are those of `ask`."""
        check_choices(choices)
        conversation = read_question(images, question)
        clean, seconds = self._read(conversation.images, max_pixels)
        return self.engine.score(self._request(conversation.turns, clean, seconds, {}), choices)

    def chat(self, messages: Sequence[Mapping[str, Any]], **options: Unpack[Options]) -> Answer:
        """Answer a conversation of OpenAI-shaped messages (see `kantu.processing.messages.read_messages`).

        Images come as ``data:`` URLs, or as ``{"type": "image", "image": ...}`` with what `ask` takes; no URL is ever
        fetched. Options and errors are those of `ask`.
        """
        return self.stream_chat(messages, **options).finish()

    def stream_chat(self, messages: Sequence[Mapping[str, Any]], **options: Unpack[Options]) -> AnswerStream:
        """As `chat`, piece by piece."""
        return self._start(read_messages(messages), options)

    def detach(self) -> Engine:
        """Return the engine, which the caller must close: dropping this object leaves it running."""
        self._close.detach()
        return self.engine

    def close(self) -> None:
        """Stop the engine and cancel its requests. This also happens when the object is dropped."""
        self._close()

    def __enter__(self) -> VLM:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self, conversation: Conversation, options: Options) -> AnswerStream:
        _sampling(options)  # before any image is read
        clean, seconds = self._read(conversation.images, options.get("max_pixels"))
        request = self._request(conversation.turns, clean, seconds, options)
        return AnswerStream(DeltaStream(self.engine, request), image_warnings([image.resizing for image in clean]))

    def _read(
        self, references: Sequence[ImageReference], max_pixels: int | None
    ) -> tuple[tuple[CleanImage, ...], float]:
        """The clean images, and how many seconds reading took."""
        config = self._image_config
        budgets = pixel_budgets(config, max_pixels)
        started = time.perf_counter()
        clean = []
        for reference in references:
            assert reference.local is not None  # Python has no others
            with blaming(reference.path):
                clean.append(prepare(reference.local, config, max_pixels=budgets[reference.detail]))
        return tuple(clean), time.perf_counter() - started

    def _request(
        self, turns: tuple[Turn, ...], images: tuple[CleanImage, ...], seconds: float, options: Options
    ) -> Request:
        return Request(
            turns,
            images,
            _sampling(options),
            preprocess_seconds=seconds,
            timeout_seconds=options.get("timeout_seconds"),
        )


def load(
    name_or_path: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    quantize: str | None = None,
    settings: EngineSettings | None = None,
) -> VLM:
    """Load a model.

    Args:
        name_or_path: None for the embedded `kantu-mini`, a short name (`qwen3-vl-8b`), `owner/name`, or a folder.
        device: None takes CUDA if there is a usable device, else the CPU.
        dtype: None takes bfloat16 if the device computes in it, else float32.
        quantize: "int8" or "int4" keeps the decoder's weights in that many bits; the vision tower stays as it is.
        settings: sizes of the engine: caches, queue, batch.

    Raises:
        ModelNotFoundError: the name is unknown, or the model has not been pulled.
        CheckpointError: the folder is damaged or of an unsupported kind.
        OutOfMemoryError: the weights do not fit.
        InvalidRequestError: an unknown device, dtype or `quantize`.
    """
    if quantize not in (None, "int8", "int4"):
        raise error("invalid_quantize")
    target = _device(device)
    precision = _dtype(dtype, target)
    settings = settings or EngineSettings()
    folder = ModelFolder.open(hub.locate(name_or_path))
    config = folder.config  # first: an unsupported model is reported before missing files
    generation_config = GenerationConfig.from_folder(folder)
    image_config = ImageConfig.from_folder(folder)
    chat = ChatProcessor.from_folder(folder)
    if max(generation_config.end_ids) >= config.text.vocab_size:
        raise error("end_token_out_of_range")
    _check_patches(image_config, config.vision)
    constraints = ConstraintCompiler(folder, config.text.vocab_size, generation_config.end_ids)
    preparation = Preparation(chat, image_config, generation_config, constraints, settings.block_size)

    def weights() -> Qwen3VL:
        return load_model(
            folder, device=target, dtype=precision, quantize=cast(Quantize | None, quantize), prepack=True
        )

    with typed_out_of_memory():
        engine = LocalEngine(weights, preparation, device=target, dtype=precision, settings=settings)
    return VLM(
        str(name_or_path or hub.EMBEDDED),
        folder.path,
        engine,
        image_config,
        device=target,
        dtype=precision,
        context_tokens=engine.context_tokens,
    )


def _check_patches(image: ImageConfig, vision: VisionConfig) -> None:
    """Raise CheckpointError if the folder's patches do not match its vision tower."""
    pairs = (
        ("patch_size", image.patch_size, vision.patch_size),
        ("temporal_patch_size", image.temporal_patch_size, vision.temporal_patch_size),
        ("merge_size", image.merge_size, vision.spatial_merge_size),
    )
    for name, cut, read in pairs:
        if cut != read:
            raise error("processor_mismatch", name=name, cut=cut, read=read)


def default_device() -> torch.device:
    """CUDA if PyTorch can use it, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def default_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 if the device computes in it, else float32, as emulated bfloat16 is slower."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    if device.type == "cpu" and cpu_computes_bfloat16():
        return torch.bfloat16
    return torch.float32


def cpu_computes_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware (AVX-512 BF16 or AMX)."""
    features = torch.cpu.get_capabilities()
    return any(bool(features.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def _sampling(options: Options) -> SamplingParams:
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


def _device(device: str | torch.device | None) -> torch.device:
    if device is None:
        return default_device()
    try:
        target = torch.device(device)
        torch.empty(0, device=target)
    except (RuntimeError, TypeError, AssertionError, ValueError, NotImplementedError) as failure:
        raise error("device_not_available", device=device) from failure
    return target


def _dtype(dtype: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    if dtype is None:
        return default_dtype(device)
    precision = _DTYPES.get(dtype) if isinstance(dtype, str) else dtype
    if precision is None or precision not in _DTYPES.values():
        raise error("invalid_dtype", dtypes=listed(_DTYPES))
    return precision
