"""What this process takes on at once, in all and for each tenant: requests, bytes, pixels, texts, scores.

Shares are by tenant and not by key: a tenant may have any number of keys. They are taken in the order body, request,
answer, files, fetch, pixels, text, score, and nobody who waits for one holds a later one, so that waiting always ends.
"""

from __future__ import annotations

import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from kantu.errors import KantuError, error
from kantu.service.actor import Actor
from kantu.service.memory import SHORT_ANSWER_BYTES
from kantu.service.shares import Holding, Shares

_TEXTS_AT_ONCE = 2  # each may take a thread for a second
_SCORES_AT_ONCE = 16  # each takes up to 8 of the places that requests wait in for the engine
_SCORES_OF_TENANT = 4
_FETCHES_AT_ONCE = 16  # each holds a whole picture
_LINE = 256  # of one tenant's that wait for each


class Admission:
    """Used on the event loop only.

    Args:
        requests, pixels, body_bytes, answer_bytes: most at once, of all tenants; the files that bodies refer to are as
            many bytes again.
        share: of each, what one tenant takes at most, from 0 to 1; more waits in its own line.
        largest_body: in bytes; a share of the bytes is at least one body.
        wait_seconds: how long a request waits for each.
    """

    def __init__(
        self,
        *,
        requests: int,
        pixels: int,
        body_bytes: int,
        answer_bytes: int,
        share: float,
        largest_body: int,
        wait_seconds: float,
    ) -> None:
        def shares(what: str, capacity: int, least: int) -> Shares:
            most = max(least, math.ceil(capacity * share))
            return Shares(capacity, share=most, line=_LINE, seconds=wait_seconds, refusal=partial(_refusal, what))

        self._requests = shares("requests", requests, 1)
        self._pixels = shares("pixels", pixels, 1)
        self._body_bytes = shares("bytes", body_bytes, largest_body)
        self._files = shares("bytes", body_bytes, largest_body)
        self._answer_bytes = shares("answers", answer_bytes, 1)
        self._fetches = shares("requests", _FETCHES_AT_ONCE, 1)
        self._texts = Shares(
            _TEXTS_AT_ONCE, share=1, line=_LINE, seconds=wait_seconds, refusal=partial(_refusal, "requests")
        )

        self._scores = Shares(
            _SCORES_AT_ONCE,
            share=_SCORES_OF_TENANT,
            line=_LINE,
            seconds=wait_seconds,
            refusal=partial(_refusal, "requests"),
        )

    @property
    def requests(self) -> int:
        """Under way now."""
        return self._requests.held

    @property
    def pixels(self) -> int:
        """Of pictures under way now."""
        return self._pixels.held

    @property
    def body_bytes(self) -> int:
        """Of bodies in memory now."""
        return self._body_bytes.held

    @property
    def full(self) -> bool:
        """Whether one more request would wait for other tenants' to end."""
        return self._requests.full

    def request(self, actor: Actor) -> AbstractAsyncContextManager[Holding]:
        """Count one request, as soon as it may run.

        Raises:
            LimitExceededError: `too_many_requests_of_owner`.
            OverloadedError: `too_many_in_flight`.
        """
        return self._requests.hold(actor.tenant)

    def files(self, actor: Actor, size: int) -> AbstractAsyncContextManager[Holding]:
        """Count the bytes of the files that one request refers to, as soon as they may be read.

        Raises:
            LimitExceededError: `too_many_bytes_of_owner`.
            OverloadedError: `too_many_bytes_in_flight`.
        """
        return self._files.hold(actor.tenant, size)

    def fetch(self, actor: Actor) -> AbstractAsyncContextManager[Holding]:
        """Count one picture that is fetched from elsewhere, as soon as it may be.

        Raises:
            LimitExceededError: `too_many_requests_of_owner`.
            OverloadedError: `too_many_in_flight`.
        """
        return self._fetches.hold(actor.tenant)

    def picture(self, actor: Actor, pixels: int) -> AbstractAsyncContextManager[Holding]:
        """Count the pixels of one request's pictures, as soon as they may be decoded.

        Raises:
            LimitExceededError: `too_many_pixels_of_owner`.
            OverloadedError: `too_many_pixels_in_flight`.
        """
        return self._pixels.hold(actor.tenant, pixels)

    def body(self, actor: Actor, size: int) -> AbstractAsyncContextManager[Holding]:
        """Count the bytes of a body, as soon as it may be read. One whose size is not known grows.

        Raises:
            LimitExceededError: `too_many_bytes_of_owner`.
            OverloadedError: `too_many_bytes_in_flight`.
        """
        return self._body_bytes.hold(actor.tenant, size)

    def answer(self, actor: Actor, size_bytes: int) -> AbstractAsyncContextManager[Holding]:
        """Count the bytes that the answers of one request may have, if they are long, as soon as they may be begun.

        Raises:
            LimitExceededError: `too_many_answer_bytes_of_owner`.
            OverloadedError: `too_many_answer_bytes_in_flight`.
        """
        return self._answer_bytes.hold(actor.tenant, 0 if size_bytes <= SHORT_ANSWER_BYTES else size_bytes)

    def text(self, actor: Actor) -> AbstractAsyncContextManager[Holding]:
        """Count one text that is tokenized, as soon as it may be. A tenant's come one after another.

        Raises:
            LimitExceededError: `too_many_requests_of_owner`.
            OverloadedError: `too_many_in_flight`.
        """
        return self._texts.hold(actor.tenant)

    def score(self, actor: Actor) -> AbstractAsyncContextManager[Holding]:
        """Count one question whose choices the engine scores, as soon as it may be asked.

        Raises:
            LimitExceededError: `too_many_requests_of_owner`.
            OverloadedError: `too_many_in_flight`.
        """
        return self._scores.hold(actor.tenant)

    @asynccontextmanager
    async def line_of_batch(self, actor: Actor, size: int) -> AsyncIterator[None]:
        """Count the bytes of a batch's line, which can come later as well: it waits nowhere for other requests of its
        own tenant, as it holds a place that other tenants' batches need.

        Raises:
            LimitExceededError: `too_many_bytes_of_owner`, `too_many_requests_of_owner`, `too_many_pixels_of_owner`...
            OverloadedError: `too_many_bytes_in_flight`.
        """
        for shares in (self._body_bytes, self._requests, self._answer_bytes, self._files, self._pixels):
            shares.check(actor.tenant)
        async with self.body(actor, size):
            yield


def _refusal(what: str, own: bool) -> KantuError:
    return error((_OF_OWNER if own else _IN_ALL)[what])


_OF_OWNER = {
    "requests": "too_many_requests_of_owner",
    "pixels": "too_many_pixels_of_owner",
    "bytes": "too_many_bytes_of_owner",
    "answers": "too_many_answer_bytes_of_owner",
}
_IN_ALL = {
    "requests": "too_many_in_flight",
    "pixels": "too_many_pixels_in_flight",
    "bytes": "too_many_bytes_in_flight",
    "answers": "too_many_answer_bytes_in_flight",
}
