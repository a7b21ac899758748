"""The public Python interface: load a model, ask it about pictures.

>>> import kantu
>>> vlm = kantu.load()
>>> print(vlm.ask("order.png", "为什么这个还没发货？"))
"""

from __future__ import annotations

import contextlib
import math
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kantu import hub
from kantu.engine.generate import Generator
from kantu.engine.generation_config import read_generation_config
from kantu.engine.request import Delta, FinishReason, Request, SamplingParams, Timings, Usage, stop_strings
from kantu.errors import CheckpointError, InvalidRequestError, OutOfMemoryError
from kantu.model.checkpoint import load_model
from kantu.model.config import VisionConfig, read_config
from kantu.processing.chat import ChatProcessor
from kantu.processing.image import CleanImage, ImageConfig, prepare, read_image_config
from kantu.processing.messages import ImageSource, check_source, read_messages

__all__ = ["VLM", "Answer", "AnswerStream", "ImageSource", "default_device", "default_dtype", "load"]

ASK_PIXELS = 448 * 448  # 196 visual tokens, the working size for scenes and product pictures
MOST_TASK_PIXELS = 1280 * 32 * 32  # a folder whose own limit is no larger was made for it: use it
_OUT_OF_MEMORY = re.compile(r"out of memory|can't allocate memory")
_DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True, slots=True)
class Answer:
    """A finished answer; prints as its text.

    Attributes:
        text: what the model said, without end tokens and stop strings.
        usage: token counts.
        timings: seconds of each phase.
        finish_reason: "stop" (the model or a stop string ended it) or "length" (cut at max_tokens).
        warnings: what may have harmed the answer, in Chinese.
    """

    text: str
    usage: Usage
    timings: Timings
    finish_reason: FinishReason
    warnings: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.text


class AnswerStream:
    """The answer piece by piece: iterate it for text; `answer` is there when it has ended.

    The question has been checked and the pictures read when this object exists; the network runs as it is iterated.
    """

    def __init__(self, deltas: Iterator[Delta], warnings: tuple[str, ...]) -> None:
        self._deltas = deltas
        self._pieces: list[str] = []
        self._answer: Answer | None = None
        self.warnings = warnings

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        """The next non-empty piece of text."""
        while True:
            with _typed_out_of_memory():
                delta = next(self._deltas)
            self._pieces.append(delta.text)
            if delta.finish_reason is not None and delta.usage is not None and delta.timings is not None:
                text = "".join(self._pieces)
                self._answer = Answer(text, delta.usage, delta.timings, delta.finish_reason, self.warnings)
            if delta.text:
                return delta.text

    @property
    def answer(self) -> Answer:
        """The whole answer.

        Raises:
            InvalidRequestError: the stream has not been read to its end.
        """
        if self._answer is None:
            raise InvalidRequestError(
                "answer_not_finished",
                "回答还没有生成完，请先读完整个流。",
                "The answer is not finished; read the stream to its end first.",
            )
        return self._answer

    def finish(self) -> Answer:
        """Read what is left and return the whole answer."""
        for _ in self:
            pass
        return self.answer


class VLM:
    """A loaded model. Its methods keep no state, so several threads may ask at once.

    Attributes:
        name: the name or path it was loaded by.
        folder: where its files are.
        device, dtype: where and in which precision it runs.
    """

    def __init__(self, name: str, folder: Path, generator: Generator) -> None:
        """Use `kantu.load`."""
        self.name = name
        self.folder = folder
        self._generator = generator

    @property
    def device(self) -> torch.device:
        return self._generator.device

    @property
    def dtype(self) -> torch.dtype:
        return self._generator.dtype

    @property
    def context_tokens(self) -> int:
        """Most tokens of prompt and answer together."""
        return self._generator.model.config.text.max_position_embeddings

    def ask(
        self,
        images: ImageSource | Sequence[ImageSource],
        question: str,
        *,
        max_tokens: int | None = None,
        min_tokens: int = 0,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] | None = None,
        max_pixels: int | None = None,
    ) -> Answer:
        """Ask one question about any number of pictures.

        Args:
            images: one or a list of path, bytes or PIL image; an empty list asks without a picture.
            question: what to ask.
            max_tokens: most tokens of the answer; by default the folder's `max_new_tokens`, or 512, or what the
                context leaves.
            min_tokens: the answer cannot end before this many tokens.
            temperature, top_p, top_k: None means the folder's generation_config.json; temperature 0 is greedy, and a
                folder that says `do_sample: false` is greedy until a temperature is given.
            seed: makes a sampled answer repeatable.
            stop: the answer ends before any of these strings.
            max_pixels: pixel budget of each picture (1,024 pixels are one visual token); by default the folder's own
                limit where that is at most 1,280 visual tokens, else 448 x 448.

        Raises:
            InvalidRequestError: an argument out of range, an empty question, a picture that is not accepted
                (`ImageError`), or a prompt that does not fit the context (`PromptTooLongError`).
            OutOfMemoryError: the request needs more memory than is left.
        """
        sampling = SamplingParams(max_tokens, min_tokens, temperature, top_p, top_k, None, seed, stop_strings(stop))
        return self._start(*_question(images, question), sampling, max_pixels).finish()

    def stream(
        self,
        images: ImageSource | Sequence[ImageSource],
        question: str,
        *,
        max_tokens: int | None = None,
        min_tokens: int = 0,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] | None = None,
        max_pixels: int | None = None,
    ) -> AnswerStream:
        """As `ask`, piece by piece. Errors in the request are raised here, not while reading."""
        sampling = SamplingParams(max_tokens, min_tokens, temperature, top_p, top_k, None, seed, stop_strings(stop))
        return self._start(*_question(images, question), sampling, max_pixels)

    def chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int | None = None,
        min_tokens: int = 0,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] | None = None,
        max_pixels: int | None = None,
    ) -> Answer:
        """Answer a conversation of OpenAI-shaped messages (see `kantu.processing.messages.read_messages`).

        Pictures come as ``data:`` URLs, or as ``{"type": "image", "image": path | bytes | PIL image}``; no URL is ever
        fetched. The other arguments and the errors are those of `ask`.
        """
        sampling = SamplingParams(max_tokens, min_tokens, temperature, top_p, top_k, None, seed, stop_strings(stop))
        return self._start(*read_messages(messages), sampling, max_pixels).finish()

    def stream_chat(
        self,
        messages: Sequence[Mapping[str, Any]],
        *,
        max_tokens: int | None = None,
        min_tokens: int = 0,
        temperature: float | None = None,
        top_p: float | None = None,
        top_k: int | None = None,
        seed: int | None = None,
        stop: str | Sequence[str] | None = None,
        max_pixels: int | None = None,
    ) -> AnswerStream:
        """As `chat`, piece by piece. Errors in the request are raised here, not while reading."""
        sampling = SamplingParams(max_tokens, min_tokens, temperature, top_p, top_k, None, seed, stop_strings(stop))
        return self._start(*read_messages(messages), sampling, max_pixels)

    def _start(
        self,
        messages: tuple[dict[str, Any], ...],
        images: tuple[ImageSource, ...],
        sampling: SamplingParams,
        max_pixels: int | None,
    ) -> AnswerStream:
        config = self._generator.image_config
        budget = pixel_budget(config, max_pixels)
        started = time.perf_counter()
        clean = tuple(prepare(image, config, max_pixels=budget) for image in images)
        seconds = time.perf_counter() - started
        deltas = self._generator.start(Request(messages, clean, sampling, preprocess_seconds=seconds))
        return AnswerStream(deltas, _shrink_warnings(clean))


def load(
    name_or_path: str | Path | None = None,
    *,
    device: str | torch.device | None = None,
    dtype: str | torch.dtype | None = None,
    quantize: str | None = None,
) -> VLM:
    """Load a model.

    Args:
        name_or_path: None for the embedded `kantu-mini`, a short name (`qwen3-vl-8b`), `owner/name`, or a folder.
        device: None takes CUDA where there is a usable one, else the CPU.
        dtype: None takes bfloat16 where the device computes in it, else float32.
        quantize: not supported yet.

    Raises:
        ModelNotFoundError: the name leads nowhere, or the model has not been pulled.
        CheckpointError: the folder is damaged or of an unsupported kind.
        OutOfMemoryError: the weights do not fit.
        InvalidRequestError: an unknown device or dtype, or `quantize`.
    """
    if quantize is not None:
        raise InvalidRequestError(
            "quantize_not_supported",
            "暂不支持量化（quantize），请先不传这个参数。",
            "quantize is not supported yet; leave it out.",
            param="quantize",
        )
    target = _device(device)
    precision = _dtype(dtype, target)
    folder = hub.locate(name_or_path)
    config = read_config(folder)  # first: what is not supported is said before what is missing
    generation_config = read_generation_config(folder)
    image_config = read_image_config(folder)
    chat = ChatProcessor.from_folder(folder)
    if max(generation_config.end_ids) >= config.text.vocab_size:
        raise CheckpointError(
            "end_token_out_of_range",
            "generation_config.json 的 eos_token_id 超出了模型的词表。",
            "eos_token_id in generation_config.json lies outside the model's vocabulary.",
            param="eos_token_id",
        )
    _check_patches(image_config, config.vision)
    with _typed_out_of_memory():
        model = load_model(folder, device=target, dtype=precision)
    generator = Generator(model, chat, image_config, generation_config, target, precision)
    return VLM(str(name_or_path or hub.EMBEDDED), folder, generator)


@contextlib.contextmanager
def _typed_out_of_memory() -> Iterator[None]:
    try:
        yield
    except (RuntimeError, MemoryError) as error:
        # On the CPU PyTorch has no type of its own for it.
        if isinstance(error, RuntimeError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        raise OutOfMemoryError(
            "out_of_memory",
            "内存或显存不足。请调小 max_pixels 或 max_tokens，或换用更小的模型（kantu doctor 会列出本机能跑哪些）。",
            "Out of memory; lower max_pixels or max_tokens, or use a smaller model (see kantu doctor).",
        ) from error


def _check_patches(image: ImageConfig, vision: VisionConfig) -> None:
    """Raise CheckpointError when the folder cuts pictures otherwise than its vision tower reads them."""
    pairs = (
        ("patch_size", image.patch_size, vision.patch_size),
        ("temporal_patch_size", image.temporal_patch_size, vision.temporal_patch_size),
        ("merge_size", image.merge_size, vision.spatial_merge_size),
    )
    for name, cut, read in pairs:
        if cut != read:
            raise CheckpointError(
                "processor_mismatch",
                f"preprocessor_config.json 的 {name}（{cut}）与 config.json（{read}）不一致。",
                f"{name} is {cut} in preprocessor_config.json and {read} in config.json.",
                param=name,
            )


def default_device() -> torch.device:
    """CUDA where PyTorch can use it, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def default_dtype(device: torch.device) -> torch.dtype:
    """bfloat16 where the device computes in it, else float32: slower in bfloat16 by emulation is no gain."""
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float32
    if device.type == "cpu" and cpu_computes_bfloat16():
        return torch.bfloat16
    return torch.float32


def cpu_computes_bfloat16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware (AVX-512 BF16 or AMX)."""
    features = torch.cpu.get_capabilities()
    return any(bool(features.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))


def pixel_budget(config: ImageConfig, max_pixels: int | None) -> int:
    """The pixel budget of a picture: what was asked, within the folder's limit, or the default of `VLM.ask`.

    Raises:
        InvalidRequestError: `max_pixels` is below one visual token or above the folder's limit.
    """
    if max_pixels is None:
        return config.max_pixels if config.max_pixels <= MOST_TASK_PIXELS else ASK_PIXELS
    least = config.factor**2
    if isinstance(max_pixels, bool) or not isinstance(max_pixels, int):
        raise _invalid_pixels(least, config.max_pixels)
    if not least <= max_pixels <= config.max_pixels:
        raise _invalid_pixels(least, config.max_pixels)
    return max_pixels


def _invalid_pixels(least: int, most: int) -> InvalidRequestError:
    return InvalidRequestError(
        "invalid_max_pixels",
        f"参数 max_pixels 必须是 {least} 到 {most} 之间的整数（上限由模型规定）。",
        f"max_pixels must be an integer from {least} to {most} (the model's own limit).",
        param="max_pixels",
    )


def _question(images: object, question: object) -> tuple[tuple[dict[str, Any], ...], tuple[ImageSource, ...]]:
    if not isinstance(question, str) or not question.strip():
        raise InvalidRequestError(
            "empty_question", "问题不能为空。", "The question must not be empty.", param="question"
        )
    listed = list(images) if isinstance(images, list | tuple) else [images]
    sources = tuple(check_source(image) for image in listed)
    parts = [*({"type": "image"} for _ in sources), {"type": "text", "text": question}]
    return ({"role": "user", "content": parts if sources else question},), sources


def _shrink_warnings(images: Sequence[CleanImage]) -> tuple[str, ...]:
    """A warning for each picture whose sides were shrunk more than twofold: small text in it is likely lost."""
    warnings = []
    for number, image in enumerate(images, 1):
        (width, height), (rows, columns, _) = image.original_size, image.pixels.shape
        if math.sqrt(width * height / (rows * columns)) > 2:
            warnings.append(
                f"第 {number} 张图片从 {width}×{height} 缩小到 {columns}×{rows}，小字可能看不清；"
                "可以调大 max_pixels，或只截取需要的部分。"
            )
    return tuple(warnings)


def _device(device: str | torch.device | None) -> torch.device:
    if device is None:
        return default_device()
    try:
        target = torch.device(device)
        torch.empty(0, device=target)
    except (RuntimeError, TypeError, AssertionError, ValueError, NotImplementedError) as error:
        raise InvalidRequestError(
            "device_not_available",
            f"设备 {device} 在本机不可用。",
            f"Device {device} is not available on this machine.",
            param="device",
        ) from error
    return target


def _dtype(dtype: str | torch.dtype | None, device: torch.device) -> torch.dtype:
    if dtype is None:
        return default_dtype(device)
    precision = _DTYPES.get(dtype) if isinstance(dtype, str) else dtype
    if precision is None or precision not in _DTYPES.values():
        raise InvalidRequestError(
            "invalid_dtype",
            f"参数 dtype 只能是 {'、'.join(_DTYPES)} 之一。",
            f"dtype must be one of {', '.join(_DTYPES)}.",
            param="dtype",
        )
    return precision
