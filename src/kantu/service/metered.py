"""Pictures read within a key's limits, for whatever then asks a model about them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from kantu.errors import ImageError, KantuError
from kantu.processing.conversation import ImageReference
from kantu.processing.image_config import ImageConfig
from kantu.service.actor import Actor
from kantu.service.deadline import Deadline
from kantu.service.limits.limiter import Limiter
from kantu.service.pictures import Pictures
from kantu.service.pictures.pictures import ReadPictures
from kantu.service.usage.ledger import UsageLedger
from kantu.service.watch.watch import RequestWatch


class MeteredPictures:
    """Reads the pictures of requests, reserves what these may use, settles and counts what they have used."""

    def __init__(self, pictures: Pictures, limiter: Limiter, ledger: UsageLedger) -> None:
        self._pictures, self._limiter, self._ledger = pictures, limiter, ledger

    @asynccontextmanager
    async def read(
        self,
        actor: Actor,
        sources: Sequence[ImageReference],
        config: ImageConfig,
        max_pixels: int | None,
        *,
        task: str,
        model: str,
        output_tokens: int,
        used: Callable[[], int],
        deadline: Deadline,
        watch: RequestWatch,
        task_pixels: int | None = None,
        named: str = "mm_processor_kwargs.max_pixels",
    ) -> AsyncIterator[ReadPictures]:
        """The pictures decoded. They are held, and their tokens are counted, until the block is left.

        Args:
            task, model: what is asked for, for the ledger; a task, "chat" or "decisions".
            output_tokens: the most that may be generated; `used` tells how many have been so far.
            config, max_pixels, task_pixels, named: see `Pictures.open`.

        Raises:
            LimitExceededError: the key's limits; what `Pictures.open` and `Pictures.read` raise.
        """
        async with self._pictures.open(
            actor, sources, config, max_pixels, task_pixels=task_pixels, named=named
        ) as opened:
            visual_tokens = opened.visual_tokens
            # Before anything is decoded: whoever is over a limit costs nothing.
            reservation = await self._limiter.reserve(actor, visual_tokens=visual_tokens, output_tokens=output_tokens)
            try:
                async with self._pictures.read(actor, opened) as read:
                    watch.pictures(read.images, visual_tokens, read.seconds)
                    yield read
            except ImageError:
                raise  # it costs what it would have: decoding has been work, whatever became of it
            except BaseException as failure:
                failed = isinstance(failure, KantuError) or deadline.left_seconds <= 0
                if failed and not used():  # never begun costs nothing; what a client leaves does
                    visual_tokens = 0
                raise
            finally:
                self._ledger.count(actor, task, model, visual_tokens=visual_tokens, output_tokens=used())
                await reservation.settle(visual_tokens, used())
