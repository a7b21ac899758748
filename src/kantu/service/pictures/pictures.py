"""Fetch, guard, decode and resize the pictures of one request, on worker threads and within the process's limits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

from kantu.errors import blaming
from kantu.processing import container
from kantu.processing.budget import picture_warnings, pixel_budgets
from kantu.processing.conversation import PictureSource
from kantu.processing.data_url import is_data_url, read_data_url, too_many_bytes
from kantu.processing.image import DEFAULT_LIMITS, CleanImage, ImageConfig, prepare
from kantu.service.admission import Admission

S = TypeVar("S", str, bytes)
T = TypeVar("T")

_LARGE = 2**17  # bytes; for less, changing threads costs more
_MOST_FETCHES = 16  # each holds a whole picture


@dataclass(frozen=True, slots=True)
class ReadPictures:
    """Clean pictures, in order.

    Attributes:
        seconds: what it took.
        warnings: for the user, in Chinese.
    """

    images: tuple[CleanImage, ...]
    seconds: float
    warnings: tuple[str, ...]


class Pictures:
    """Reads pictures. Used on the event loop only.

    Args:
        read_file: (owner, file id) -> bytes of an uploaded picture.
        fetch: URL -> bytes, by the rules of `service.fetch`.
        most_pixels: the service's limit of a picture after resizing.
        workers: pictures decoded at once.
    """

    def __init__(
        self,
        config: ImageConfig,
        admission: Admission,
        read_file: Callable[[str, str], Awaitable[bytes]],
        fetch: Callable[[str], Awaitable[bytes]],
        *,
        most_pixels: int,
        workers: int,
    ) -> None:
        self._config, self._admission = config, admission
        self._read_file, self._fetch = read_file, fetch
        self._most_pixels = most_pixels
        self._workers = CapacityLimiter(workers)
        self._fetches = asyncio.Semaphore(_MOST_FETCHES)

    @asynccontextmanager
    async def read(
        self, sources: Sequence[PictureSource], owner: str, max_pixels: int | None
    ) -> AsyncIterator[ReadPictures]:
        """The pictures, whose pixels stay counted until the block is left.

        Raises:
            InvalidRequestError, ImageError: a picture, URL or `max_pixels` that is not accepted.
            NotFoundError: a file that is not the owner's.
            OverloadedError, LimitExceededError: too many pixels are in flight.
        """
        started = time.perf_counter()
        with blaming("mm_processor_kwargs.max_pixels"):
            budgets = pixel_budgets(self._config, max_pixels, most_pixels=self._most_pixels)
        contents = [await self._bytes(source, owner) for source in sources]
        pixels = [await self._declared_pixels(*each) for each in zip(sources, contents, strict=True)]
        async with self._admission.picture(owner, sum(pixels)):
            clean = [
                await self._prepare(source, data, budgets[source.detail])
                for source, data in zip(sources, contents, strict=True)
            ]
            del contents
            yield ReadPictures(tuple(clean), time.perf_counter() - started, picture_warnings(clean))

    async def _bytes(self, source: PictureSource, owner: str) -> bytes:
        with blaming(source.path):
            if source.file_id is not None:
                return await self._read_file(owner, source.file_id)
            url = source.url or ""
            if is_data_url(url):
                return await _off_the_loop(read_data_url, url)
            async with self._fetches:
                return await self._fetch(url)

    async def _declared_pixels(self, source: PictureSource, data: bytes) -> int:
        with blaming(source.path):
            return await _off_the_loop(_declared_pixels, data)

    async def _prepare(self, source: PictureSource, data: bytes, budget: int) -> CleanImage:
        work = partial(prepare, data, self._config, max_pixels=budget)
        with blaming(source.path):
            return await to_thread.run_sync(work, limiter=self._workers)


async def _off_the_loop(work: Callable[[S], T], data: S) -> T:
    """`work(data)`, on a thread where there is so much data that others would notice: 14 MB of PNG take 20 ms."""
    return await to_thread.run_sync(work, data) if len(data) > _LARGE else work(data)


def _declared_pixels(data: bytes) -> int:
    """What the header says; raises ImageError for what is no picture. Too large ones are refused by the guard."""
    if len(data) > DEFAULT_LIMITS.max_bytes:
        raise too_many_bytes()
    header = container.inspect(data)
    return min(header.width * header.height, DEFAULT_LIMITS.max_pixels)
