"""Who is asked: Kantu, transformers on the same folder, or an OpenAI-compatible server."""

from __future__ import annotations

import base64
import contextlib
import functools
import io
import json
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Unpack

import torch
from PIL import Image

from kantu.bench.apart import Apart
from kantu.bench.work import Work
from kantu.engine.remote.wire import Upstream
from kantu.errors import MissingDependencyError, UpstreamError
from kantu.vlm import VLM, Answer, Options

_SERVER_SECONDS = 600.0  # of silence, after which a server is given up


@dataclass(frozen=True, slots=True)
class Reading:
    """One answered request; seconds of wall time from the call."""

    ttft_seconds: float
    total_seconds: float
    tokens: int

    @property
    def tpot_seconds(self) -> float:
        """Mean time of a token after the first; 0 if there was only one."""
        return (self.total_seconds - self.ttft_seconds) / max(1, self.tokens - 1)


class Rival(Protocol):
    """Someone who can be asked. Pictures start as pixels in memory, answers end as text."""

    name: str

    def reading(self, work: Work) -> Reading:
        """Ask, and time it."""
        ...

    def close(self) -> None:
        """Free what it holds."""
        ...


class Kantu:
    """Our own engine in this process."""

    def __init__(self, vlm: VLM) -> None:
        self.name, self.vlm = "kantu", vlm

    def reading(self, work: Work) -> Reading:
        """The whole by the clock out here; the first token, unless it is the whole, by the engine's."""
        started = time.perf_counter()
        answer = self.ask(work, min_tokens=work.tokens, max_tokens=work.tokens)
        total = time.perf_counter() - started
        ttft = total if work.tokens == 1 else answer.timings.ttft_seconds
        return Reading(ttft, total, answer.usage.completion_tokens)

    def ask(self, work: Work, **options: Unpack[Options]) -> Answer:
        """Greedy, as the rivals are, whatever the folder says."""
        greedy: Options = {"temperature": 0.0, "repetition_penalty": 1.0, "max_pixels": work.max_pixels}
        merged: Options = {**greedy, **options}
        return self.vlm.ask(work.picture, work.question, **merged)

    def together(self, works: Sequence[Work]) -> float:
        """Wall seconds of all of them, asked at once."""
        with ThreadPoolExecutor(len(works)) as pool:
            started = time.perf_counter()
            list(pool.map(self.reading, works))
            return time.perf_counter() - started

    def close(self) -> None:
        self.vlm.close()


class _FirstToken:
    """A streamer for `generate`: when the first token was there."""

    def __init__(self) -> None:
        self.first = 0.0
        self._prompted = False

    def put(self, value: object) -> None:
        """Called with the prompt, then with every token."""
        if self._prompted and not self.first:
            self.first = time.perf_counter()
        self._prompted = True

    def end(self) -> None: ...


class Transformers:
    """The same weights under transformers, in the same dtype, greedy, with its PIL image processor.

    Raises:
        MissingDependencyError: transformers is not installed, or too old to know the model.
    """

    def __init__(self, folder: Path, *, dtype: torch.dtype, device: torch.device) -> None:
        transformers, image_processor = _transformers()
        self.name = "transformers"
        self._device = device
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._processor = image_processor.from_pretrained(folder, local_files_only=True)
        with _no_progress_bar(transformers):
            model = transformers.Qwen3VLForConditionalGeneration.from_pretrained(
                folder, dtype=dtype, local_files_only=True
            )
        self._model: Any = model.eval().to(device)
        # Without an end token every answer has the length that is asked for, and no penalty or mask costs it time.
        self._model.generation_config = transformers.GenerationConfig(do_sample=False, pad_token_id=0)

    def reading(self, work: Work) -> Reading:
        started = time.perf_counter()
        inputs = self._inputs(work)
        clock = _FirstToken()
        output = self._model.generate(**inputs, max_new_tokens=work.tokens, streamer=clock)
        answer = output[0, inputs["input_ids"].shape[1] :]
        self._tokenizer.decode(answer, skip_special_tokens=True)
        total = time.perf_counter() - started
        ttft = total if work.tokens == 1 else clock.first - started
        return Reading(ttft, total, len(answer))

    def close(self) -> None:
        self._model = None

    def _inputs(self, work: Work) -> dict[str, Any]:
        size = {"shortest_edge": min(self._processor.size["shortest_edge"], work.max_pixels)}
        size["longest_edge"] = work.max_pixels
        pixels = self._processor(images=[work.picture], size=size, return_tensors="pt")
        content = [{"type": "image"}, {"type": "text", "text": work.question}]
        text = self._tokenizer.apply_chat_template(
            [{"role": "user", "content": content}], tokenize=False, add_generation_prompt=True
        )
        image_id = self._model.config.image_token_id
        placeholder = self._tokenizer.convert_ids_to_tokens(image_id)
        visual_tokens = int(pixels["image_grid_thw"].prod()) // self._processor.merge_size**2
        text = text.replace(placeholder, placeholder * visual_tokens)
        tokens = self._tokenizer(text, return_tensors="pt", add_special_tokens=False, return_token_type_ids=False)
        kinds = (tokens["input_ids"] == image_id).long()
        inputs = {**tokens, **pixels, "mm_token_type_ids": kinds}
        return {name: tensor.to(self._device) for name, tensor in inputs.items()}


class Server:
    """A server of OpenAI's chat completions, asked by streaming HTTP for the first model it lists.

    The forced length is asked for as vLLM and SGLang understand it; elsewhere an answer may end earlier, and TPOT is
    taken from the tokens that came.

    Raises:
        InvalidRequestError: not a plain http(s) URL.
        MissingDependencyError: httpx is not installed.
        UpstreamError: it cannot be reached, or answers with an error or with something else.
    """

    def __init__(self, url: str) -> None:
        httpx = _httpx()
        self.name = url
        self._http_error = httpx.HTTPError
        upstream = Upstream(url, "any")  # checks the URL
        self._endpoint = upstream.endpoint("chat/completions")
        self._client = httpx.Client(timeout=_SERVER_SECONDS)
        with self._typed():
            listed = self._client.get(upstream.endpoint("models")).raise_for_status().json()
            self._model = str(listed["data"][0]["id"])

    def reading(self, work: Work) -> Reading:
        started = time.perf_counter()
        first, pieces, counted = None, 0, None
        with self._typed(), self._client.stream("POST", self._endpoint, json=self._body(work)) as response:
            response.raise_for_status()
            for chunk in _events(response.iter_lines()):
                counted = (chunk.get("usage") or {}).get("completion_tokens") or counted
                if chunk.get("choices"):  # some send an empty piece before anything is computed
                    pieces += bool(chunk["choices"][0]["delta"].get("content"))
                    first = first or (time.perf_counter() if pieces else None)
        ended = time.perf_counter()
        if first is None:
            raise self._unreachable()
        return Reading(first - started, ended - started, counted or pieces)

    def close(self) -> None:
        self._client.close()

    def _body(self, work: Work) -> dict[str, Any]:
        content = [
            {"type": "image_url", "image_url": {"url": _data_url(work.picture)}},
            {"type": "text", "text": work.question},
        ]
        return {
            "model": self._model,
            "messages": [{"role": "user", "content": content}],
            "max_tokens": work.tokens,
            "min_tokens": work.tokens,
            "temperature": 0,
            "stream": True,
            "stream_options": {"include_usage": True},
        }

    @contextlib.contextmanager
    def _typed(self) -> Iterator[None]:
        try:
            yield
        except (self._http_error, ValueError, LookupError, TypeError, AttributeError) as error:
            raise self._unreachable() from error

    def _unreachable(self) -> UpstreamError:
        return UpstreamError(
            "rival_unreachable",
            f"对照服务 {self.name} 无法访问，或它的回答无法识别；网址应以 /v1 结尾。",
            f"The rival {self.name} cannot be reached or its answer cannot be read; the URL should end in /v1.",
            param="against",
        )


def connect(against: str, folder: Path, *, dtype: torch.dtype, device: torch.device) -> Rival:
    """The rival named on the command line: "transformers", in a process of its own, or a URL."""
    if against != "transformers":
        return Server(against)
    _transformers()  # what is missing is said here
    return Apart(functools.partial(Transformers, folder, dtype=dtype, device=device))


def _events(lines: Iterator[str]) -> Iterator[dict[str, Any]]:
    """The JSON of each server-sent event."""
    for line in lines:
        data = line.removeprefix("data:").strip()
        if line.startswith("data:") and data != "[DONE]":
            yield json.loads(data)


def _data_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=0)  # noise does not compress; trying would be timed as the rival's
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


@contextlib.contextmanager
def _no_progress_bar(transformers: Any) -> Iterator[None]:
    logging = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _transformers() -> tuple[Any, Any]:
    try:
        import transformers
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        _ = transformers.Qwen3VLForConditionalGeneration
    except (ImportError, AttributeError) as error:
        raise MissingDependencyError(
            "transformers_missing",
            "对照需要 transformers（5.0 以上）：pip install 'transformers>=5'",
            "Comparing needs transformers 5 or newer: pip install 'transformers>=5'",
            param="transformers",
        ) from error
    return transformers, Qwen2VLImageProcessorPil


def _httpx() -> Any:
    try:
        import httpx
    except ImportError as error:
        raise MissingDependencyError(
            "httpx_missing",
            "与服务对照需要 httpx：pip install httpx",
            "Comparing with a server needs httpx: pip install httpx",
            param="httpx",
        ) from error
    return httpx
