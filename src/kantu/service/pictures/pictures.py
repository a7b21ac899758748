"""The pictures of one request: fetched, looked at by the guard, and then decoded, within the process's limits.

Looking takes headers only, so that what a request will cost is known before anything is decoded.
"""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
import numpy.typing as npt
from anyio import to_thread

from kantu.errors import blaming, error
from kantu.processing.budget import ImageWarning, image_warnings, pixel_budgets
from kantu.processing.container import Container
from kantu.processing.conversation import ImageReference
from kantu.processing.data_url import is_data_url, read_data_url
from kantu.processing.guard import DEFAULT_LIMITS, guard
from kantu.processing.image import CleanImage, ImageConfig, Resizing, plan
from kantu.processing.quality import picture_warnings
from kantu.service.actor import Actor
from kantu.service.admission import Admission
from kantu.service.decoders.pool import Decoders

S = TypeVar("S", str, bytes)
T = TypeVar("T")

_LARGE = 2**17  # bytes; for less, changing threads costs more


@dataclass(frozen=True, slots=True)
class OpenedPicture:
    """A picture that the guard has let through, not decoded yet.

    Attributes:
        path: where it stands in the request.
    """

    path: str
    file: Container
    resizing: Resizing


@dataclass(frozen=True, slots=True)
class OpenedPictures:
    """The pictures of one request, in order.

    Attributes:
        visual_tokens: what they will take of the prompt, all together.
        seconds: what opening them took.
        warnings: what their sizes tell.
    """

    pictures: tuple[OpenedPicture, ...]
    visual_tokens: int
    seconds: float
    warnings: tuple[ImageWarning, ...]


@dataclass(frozen=True, slots=True)
class ReadPictures:
    """Clean pictures, in order.

    Attributes:
        visual_tokens: what they take of the prompt, all together.
        seconds: what it took, opening them included.
        warnings: what their sizes and pixels tell.
        files: as the guard has rebuilt them; they are held in `OpenedPictures` anyway.
    """

    images: tuple[CleanImage, ...]
    visual_tokens: int
    seconds: float
    warnings: tuple[ImageWarning, ...]
    files: tuple[bytes, ...]


class Pictures:
    """Reads pictures. Used on the event loop only.

    Args:
        read_file: (actor, file id) -> bytes of an uploaded picture.
        fetch: URL -> bytes, by the rules of `service.fetch`.
        most_pixels: the service's limit of a picture after resizing.
    """

    def __init__(
        self,
        admission: Admission,
        decoders: Decoders,
        read_file: Callable[[Actor, str], Awaitable[bytes]],
        fetch: Callable[[str], Awaitable[bytes]],
        *,
        most_pixels: int,
    ) -> None:
        self._admission, self._decoders = admission, decoders
        self._read_file, self._fetch = read_file, fetch
        self._most_pixels = most_pixels

    @asynccontextmanager
    async def open(
        self,
        actor: Actor,
        sources: Sequence[ImageReference],
        config: ImageConfig,
        max_pixels: int | None,
        *,
        task_pixels: int | None = None,
        named: str = "mm_processor_kwargs.max_pixels",
    ) -> AsyncIterator[OpenedPictures]:
        """Have the files and look at their headers. Files that do not come in the body count until the block is left.

        Args:
            config: of the model that is to see them.
            task_pixels: the budget of the request's task, where `max_pixels` is None.
            named: what the client calls `max_pixels`.

        Raises:
            InvalidRequestError, ImageError: a picture, URL or `max_pixels` that is not accepted.
            NotFoundError: a file that is not the actor's.
            OverloadedError, LimitExceededError: too many bytes are in flight.
        """
        started = time.perf_counter()
        with blaming(named):
            budgets = pixel_budgets(config, max_pixels, most_pixels=self._most_pixels, task_pixels=task_pixels)
        elsewhere = sum(not _is_in_body(source) for source in sources)
        async with self._admission.files(actor, elsewhere * DEFAULT_LIMITS.max_bytes) as held:
            opened, held_bytes = [], 0
            for source in sources:
                with blaming(source.path):
                    data = await self._bytes(actor, source)
                    held_bytes += 0 if _is_in_body(source) else len(data)
                    if held_bytes > held.amount:
                        raise error("too_many_picture_bytes", most=held.amount // 2**20)
                    file = await _off_the_loop(_guard, data)
                    resizing = plan(file.upright, config, budgets[source.detail])
                opened.append(OpenedPicture(source.path, file, resizing))
            held.shrink(held_bytes)
            yield OpenedPictures(
                tuple(opened),
                visual_tokens=sum(picture.resizing.visual_tokens(config) for picture in opened),
                seconds=time.perf_counter() - started,
                warnings=image_warnings([picture.resizing for picture in opened]),
            )

    @asynccontextmanager
    async def read(self, actor: Actor, opened: OpenedPictures) -> AsyncIterator[ReadPictures]:
        """The pictures decoded. Their pixels count until the block is left, from when all are decoded the resized ones.

        Raises:
            ImageError: a picture that cannot be decoded, or at too high a cost.
            OverloadedError, LimitExceededError: too many pixels are in flight, or no decoder can be had.
        """
        started = time.perf_counter()
        declared = [picture.file.width * picture.file.height for picture in opened.pictures]
        resized = [picture.resizing.width * picture.resizing.height for picture in opened.pictures]
        async with self._admission.picture(actor, sum(map(max, declared, resized))) as held:
            read = [await self._decode(actor, picture, number) for number, picture in enumerate(opened.pictures, 1)]
            held.shrink(sum(resized))
            seconds = opened.seconds + time.perf_counter() - started
            warnings = (*opened.warnings, *(warning for _, found in read for warning in found))
            files = tuple(picture.file.data for picture in opened.pictures)
            yield ReadPictures(tuple(image for image, _ in read), opened.visual_tokens, seconds, warnings, files)

    async def check(self, actor: Actor, data: bytes) -> None:
        """Whether a file is a picture that a request could refer to; raises as `open` and `read`."""
        file = await _off_the_loop(_guard, data)
        async with self._admission.files(actor, len(data)), self._admission.picture(actor, file.width * file.height):
            await self._decoders.verify(actor.tenant, file)

    async def _bytes(self, actor: Actor, source: ImageReference) -> bytes:
        if source.file_id is not None:
            return await self._read_file(actor, source.file_id)
        url = source.url or ""
        if _is_in_body(source):
            return await _off_the_loop(read_data_url, url)
        async with self._admission.fetch(actor):
            return await self._fetch(url)

    async def _decode(
        self, actor: Actor, picture: OpenedPicture, number: int
    ) -> tuple[CleanImage, tuple[ImageWarning, ...]]:
        resizing = picture.resizing
        with blaming(picture.path):
            pixels = await self._decoders.render(actor.tenant, picture.file, resizing.width, resizing.height)
        return await to_thread.run_sync(partial(_look, pixels, picture.file.upright, number))


async def _off_the_loop(work: Callable[[S], T], data: S) -> T:
    """`work(data)`, on a thread where there is so much data that others would notice: 14 MB of PNG take 20 ms."""
    return await to_thread.run_sync(work, data) if len(data) > _LARGE else work(data)


def _look(
    pixels: npt.NDArray[np.uint8], size: tuple[int, int], number: int
) -> tuple[CleanImage, tuple[ImageWarning, ...]]:
    # hashed here: the caches of the engine find pictures by it, and what decodes is not to be believed
    image = CleanImage.of(pixels, size)
    return image, picture_warnings(image, number)


def _is_in_body(source: ImageReference) -> bool:
    return source.file_id is None and is_data_url(source.url or "")


def _guard(data: bytes) -> Container:
    if len(data) > DEFAULT_LIMITS.max_bytes:  # says that of a picture in a message
        raise error("image_too_many_bytes", cap=DEFAULT_LIMITS.max_bytes // 2**20)
    return guard(data)
