"""One forward for the chunks of a step: first the tower for images not in the cache, then all tokens packed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kantu.engine.looking import Looking, Shown, Watch
from kantu.engine.metrics import Metrics
from kantu.engine.paged_attention import KVStore, PagedAttention, Segment
from kantu.engine.request import Look
from kantu.engine.scheduler import Chunk
from kantu.engine.sequence import PromptImage
from kantu.engine.vision_cache import VisionCache
from kantu.model.qwen3vl import Qwen3VL
from kantu.processing.image import ImageConfig, patchify

ENCODE_PATCHES = 4096  # most patches encoded together: more gains nothing and takes memory


@dataclass(frozen=True)
class Output:
    """What a chunk ends in: logits [vocab] of the next token, and where in the pictures the model looks for it."""

    logits: Tensor
    look: Look | None


class Runner:
    """The network, its KV store and its vision cache. Of a sequence it changes only the images' visual tokens."""

    def __init__(
        self, model: Qwen3VL, image_config: ImageConfig, store: KVStore, vision: VisionCache, metrics: Metrics
    ) -> None:
        self._model, self._image_config = model, image_config
        self._store, self.vision, self._metrics = store, vision, metrics

    def run(self, chunks: Sequence[Chunk]) -> list[Output | None]:
        """Of each chunk that samples, None for the rest. Running the same chunks again is safe."""
        self._encode(image for chunk in chunks for image in chunk.sequence.needed_images(chunk.start, chunk.count))
        started = time.perf_counter()
        outputs = iter(self._forward(chunks))
        self._wait()
        prefilling = any(not chunk.sequence.decoding for chunk in chunks)
        name = "prefill_seconds" if prefilling else "decode_seconds"
        self._metrics.observe(name, time.perf_counter() - started)
        return [next(outputs) if chunk.samples else None for chunk in chunks]

    def _forward(self, chunks: Sequence[Chunk]) -> list[Output]:
        device = self._store.device
        tokens = [token for c in chunks for token in c.sequence.tokens[c.start : c.start + c.count]]
        positions = np.concatenate([c.sequence.positions(c.start, c.count) for c in chunks], axis=1)
        segments = [self._store.segment(c.sequence.blocks, c.start, c.count) for c in chunks]
        ends = np.cumsum([chunk.count for chunk in chunks])
        sampled = [int(end) - 1 for end, chunk in zip(ends, chunks, strict=True) if chunk.samples]
        visual, index = self._visual(chunks)
        watch = self._watch(chunks, segments, ends)
        logits: Tensor = self._model(
            torch.tensor(tokens, device=device),
            torch.from_numpy(positions).to(device),
            PagedAttention(self._store, segments, watch),
            visual=visual,
            visual_index=index,
            logits_at=torch.tensor(sampled, dtype=torch.long, device=device),
        )
        looks = {} if watch is None else watch.looks
        return [Output(each, looks.get(row)) for each, row in zip(logits, sampled, strict=True)]

    def _watch(self, chunks: Sequence[Chunk], segments: Sequence[Segment], ends: Iterable[int]) -> Watch | None:
        """Of the tokens of which it is to be told where the model looks; None where there are none."""
        head, merge = self._model.config.reading_head, self._image_config.merge_size
        if head is None:
            return None
        looking = [
            Looking(int(end) - 1, segment.slots, [_shown(image, merge) for image in chunk.sequence.images])
            for chunk, segment, end in zip(chunks, segments, ends, strict=True)
            if chunk.samples and chunk.sequence.answer.looks and chunk.sequence.images
        ]
        return Watch(head, looking) if looking else None

    def _visual(self, chunks: Sequence[Chunk]) -> tuple[Tensor | None, Tensor | None]:
        """Visual tokens of the placeholders in this batch, and their places in it."""
        parts: list[Tensor] = []
        places: list[Tensor] = []
        offset = 0
        for chunk in chunks:
            for image in chunk.sequence.needed_images(chunk.start, chunk.count):
                first = max(image.start, chunk.start)
                end = min(image.start + image.length, chunk.start + chunk.count)
                assert image.visual is not None
                parts.append(image.visual[:, first - image.start : end - image.start])
                places.append(torch.arange(first, end) - chunk.start + offset)
            offset += chunk.count
        if not parts:
            return None, None
        return torch.cat(parts, dim=1), torch.cat(places).to(self._store.device)

    def _encode(self, images: Iterable[PromptImage]) -> None:
        """Give every image its visual tokens, from the cache or the tower. Equal images are encoded once."""
        missing: dict[object, list[PromptImage]] = {}
        for image in images:
            if image.visual is not None:
                continue
            self._metrics.add("vision_queries")
            image.visual = self.vision.get(image.key)
            if image.visual is None:
                missing.setdefault(image.key, []).append(image)
            else:
                self._metrics.add("vision_hits")
                image.patches = None
        for batch in _batches(list(missing.values())):
            self._encode_batch(batch)

    def _encode_batch(self, batch: Sequence[list[PromptImage]]) -> None:
        started = time.perf_counter()
        first = [same[0] for same in batch]
        patches = np.concatenate(
            [
                patchify(image.clean.pixels, self._image_config) if image.patches is None else image.patches
                for image in first
            ]
        )
        grids = [image.key.grid for image in first]
        visual = self._model.encode_images(torch.from_numpy(patches).to(self._store.device), grids)
        self._wait()
        seconds = time.perf_counter() - started
        self._metrics.observe("encode_seconds", seconds)
        parts = torch.split(visual, [image.length for image in first], dim=1)
        for same, part in zip(batch, parts, strict=True):
            own = part.clone() if len(parts) > 1 else part  # a view would keep the whole batch in memory
            self.vision.put(same[0].key, own)
            for image in same:
                image.visual, image.patches = own, None
                image.encode_seconds = seconds * image.length / visual.shape[1]

    def _wait(self) -> None:
        if self._store.device.type == "cuda":
            torch.cuda.synchronize(self._store.device)  # so that each phase is timed separately


def _shown(image: PromptImage, merge_size: int) -> Shown:
    _, rows, columns = image.key.grid
    return Shown(image.start, rows // merge_size, columns // merge_size)


def _batches(images: Sequence[list[PromptImage]]) -> Iterable[list[list[PromptImage]]]:
    """Groups of at most `ENCODE_PATCHES` patches, or of one image."""
    batch: list[list[PromptImage]] = []
    total = 0
    for same in images:
        patches = int(np.prod(same[0].key.grid))
        if batch and total + patches > ENCODE_PATCHES:
            yield batch
            batch, total = [], 0
        batch.append(same)
        total += patches
    if batch:
        yield batch
