"""The same weights under `transformers`, as a contender and as the reference of our numbers."""

from __future__ import annotations

import contextlib
import copy
import io
import threading
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image
from torch import Tensor

from kantu.contenders.contender import AskOptions, Reply, messages
from kantu.engine.request import DEFAULT_MAX_TOKENS
from kantu.errors import error
from kantu.processing.conversation import ImageSource


@dataclass(frozen=True)
class Outputs:
    """What one forward computes of a prompt, on the way and in the end.

    Attributes:
        ids: of the prompt's tokens.
        positions: of each token on three axes.
        pixels: the patches of all pictures.
        levels: the visual tokens, then what DeepStack adds at each of its levels.
        logits: of every token of the prompt.
    """

    ids: Tensor
    positions: Tensor
    pixels: Tensor
    levels: tuple[Tensor, ...]
    logits: Tensor


class Transformers:
    """Asks the weights of a folder, in any dtype, with the folder's own PIL image processor; one question at a time.

    It can be told neither schema nor choices, and tells no probabilities.

    Raises:
        MissingDependencyError: transformers is not installed, or too old to know the model.
    """

    def __init__(self, folder: Path, *, dtype: torch.dtype, device: torch.device) -> None:
        self.name = "transformers"
        transformers, image_processor = require()
        self._device = device
        self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
        self._processor = image_processor.from_pretrained(folder, local_files_only=True)
        self._model: Any = load_model(folder, dtype=dtype).to(device)
        self._defaults = self._model.generation_config
        self._model.generation_config = transformers.GenerationConfig()  # what is None would be taken from it
        self._lock = threading.Lock()  # the model keeps what belongs to one prompt

    def ask(self, pictures: Sequence[ImageSource], question: str, options: AskOptions) -> Reply:
        with self._lock:
            started = time.perf_counter()
            budget = options.max_pixels or options.task_pixels
            inputs = self._inputs(pictures, messages(pictures, question, options.history), budget)
            clock = _FirstToken()
            output = self._model.generate(**inputs, generation_config=self._config(options), streamer=clock)
            prompt_tokens = inputs["input_ids"].shape[1]
            answer = output[0, prompt_tokens:]
            text = str(self._tokenizer.decode(answer, skip_special_tokens=True))
            total = time.perf_counter() - started
        ttft = total if len(answer) == 1 else clock.first - started
        visual_tokens = int(inputs["mm_token_type_ids"].sum())
        return Reply(text, ttft, total, len(answer), visual_tokens, prompt_tokens=prompt_tokens)

    @torch.inference_mode()
    def forward(self, pictures: Sequence[Image.Image], question: str, *, max_pixels: int) -> Outputs:
        """Everything that leads to the logits of a question's prompt."""
        inputs = self._inputs(pictures, messages(pictures, question, ()), max_pixels)
        ids, pixels, grids = inputs["input_ids"], inputs["pixel_values"], inputs["image_grid_thw"]
        kinds = inputs["mm_token_type_ids"]
        positions, _ = self._model.model.get_rope_index(ids, mm_token_type_ids=kinds, image_grid_thw=grids)
        features = self._model.model.get_image_features(pixels, grids)
        levels = tuple(torch.cat(list(level)) for level in (features.pooler_output, *features.deepstack_features))
        logits = self._model(**inputs, use_cache=False).logits[0]
        return Outputs(ids[0], positions[:, 0], pixels, levels, logits)

    def close(self) -> None:
        self._model = None

    def _inputs(
        self, pictures: Sequence[ImageSource], conversation: Sequence[dict[str, Any]], max_pixels: int | None
    ) -> dict[str, Any]:
        """The prompt, with as many places as the pictures have visual tokens, and the pictures' patches."""
        text = self._tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=True)
        image_id = self._model.config.image_token_id
        pixels: dict[str, Any] = {}
        if pictures:
            size = {}
            if max_pixels is not None:
                least = min(self._processor.size["shortest_edge"], max_pixels)
                size = {"size": {"shortest_edge": least, "longest_edge": max_pixels}}
            pixels = self._processor(images=[_opened(picture) for picture in pictures], return_tensors="pt", **size)
            placeholder = self._tokenizer.convert_ids_to_tokens(image_id)
            first, *rest = text.split(placeholder)
            counts = (pixels["image_grid_thw"].prod(-1) // self._processor.merge_size**2).tolist()
            text = first + "".join(placeholder * n + piece for n, piece in zip(counts, rest, strict=True))
        tokens = self._tokenizer(text, return_tensors="pt", add_special_tokens=False, return_token_type_ids=False)
        inputs = {**tokens, **pixels, "mm_token_type_ids": (tokens["input_ids"] == image_id).long()}
        return {name: tensor.to(self._device) for name, tensor in inputs.items()}

    def _config(self, options: AskOptions) -> Any:
        """The folder's, and what the question wants otherwise."""
        config = copy.deepcopy(self._defaults)
        config.max_new_tokens = options.max_tokens or config.max_new_tokens or DEFAULT_MAX_TOKENS
        if options.min_tokens == config.max_new_tokens:  # the length is forced: no end, and no mask that costs time
            config.eos_token_id = None
        elif options.min_tokens:
            config.min_new_tokens = options.min_tokens
        if options.temperature is not None:
            config.do_sample = options.temperature > 0
            config.temperature = options.temperature or None
        if not config.do_sample:
            config.temperature = config.top_p = config.top_k = None
        if options.repetition_penalty is not None:
            config.repetition_penalty = options.repetition_penalty
        return config


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


def load_model(folder: Path, *, dtype: torch.dtype) -> Any:
    """The network of a folder, on the CPU, as transformers loads it."""
    transformers, _ = require()
    with _quiet(transformers):
        return transformers.Qwen3VLForConditionalGeneration.from_pretrained(
            folder, dtype=dtype, local_files_only=True
        ).eval()


def require() -> tuple[Any, Any]:
    """transformers and the PIL image processor in it.

    Raises:
        MissingDependencyError: not installed, or too old.
    """
    try:
        import transformers
        from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil

        _ = transformers.Qwen3VLForConditionalGeneration
    except (ImportError, AttributeError) as failure:
        raise error("transformers_missing") from failure
    return transformers, Qwen2VLImageProcessorPil


@contextlib.contextmanager
def _quiet(transformers: Any) -> Iterator[None]:
    """Loading draws a progress bar and warns of things that are none of the user's doing."""
    logging = transformers.utils.logging
    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        if shown:
            logging.enable_progress_bar()


def _opened(picture: ImageSource) -> Image.Image:
    """A picture as pixels in memory, or a file of it."""
    if isinstance(picture, Image.Image):
        return picture
    return Image.open(io.BytesIO(picture) if isinstance(picture, bytes) else picture).convert("RGB")
