"""What this process takes on at once: requests, the pixels their pictures will be decoded into, and long answers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager

from kantu.errors import OverloadedError

_RETRY_SECONDS = 1.0
_SHORT_ANSWER_BYTES = 2**19  # as all answers without logprobs are; they are bounded by the number of requests


class Admission:
    """Used on the event loop only.

    Attributes:
        requests, pixels, answer_bytes: under way now.
    """

    def __init__(self, most_requests: int, most_pixels: int, most_answer_bytes: int = 2**27) -> None:
        self._most_requests, self._most_pixels = most_requests, most_pixels
        self._most_answer_bytes = most_answer_bytes
        self.requests = 0
        self.pixels = 0
        self.answer_bytes = 0

    @property
    def full(self) -> bool:
        """Whether one more request would be refused."""
        return self.requests >= self._most_requests

    @contextmanager
    def request(self) -> Iterator[None]:
        """Count one request.

        Raises:
            OverloadedError: `too_many_in_flight`.
        """
        if self.full:
            raise OverloadedError(
                "too_many_in_flight",
                "正在处理的请求太多，请稍后重试。",
                "Too many requests are in flight; try again later.",
                retry_after_seconds=_RETRY_SECONDS,
            )
        self.requests += 1
        try:
            yield
        finally:
            self.requests -= 1

    @contextmanager
    def picture(self, pixels: int) -> Iterator[None]:
        """Count the pixels of one request's pictures. A request alone is always let in: the guard bounds it.

        Raises:
            OverloadedError: `too_many_pixels_in_flight`.
        """
        if self.pixels and self.pixels + pixels > self._most_pixels:
            seconds = max(_RETRY_SECONDS, math.log2(1 + self.pixels / self._most_pixels))
            raise OverloadedError(
                "too_many_pixels_in_flight",
                "正在处理的图片太多，请稍后重试。",
                "Too many pixels are in flight; try again later.",
                retry_after_seconds=seconds,
            )
        self.pixels += pixels
        try:
            yield
        finally:
            self.pixels -= pixels

    @contextmanager
    def answer(self, size_bytes: int) -> Iterator[None]:
        """Count the bytes that the answers of one request may have, if they are long.

        Raises:
            OverloadedError: `too_many_answer_bytes_in_flight`.
        """
        counted = 0 if size_bytes <= _SHORT_ANSWER_BYTES else size_bytes
        if counted and self.answer_bytes and self.answer_bytes + counted > self._most_answer_bytes:
            raise OverloadedError(
                "too_many_answer_bytes_in_flight",
                "正在生成的长回答（logprobs）太多，请稍后重试，或减小 top_logprobs。",
                "Too many long answers (logprobs) are in flight; try again later, or lower top_logprobs.",
                retry_after_seconds=_RETRY_SECONDS,
            )
        self.answer_bytes += counted
        try:
            yield
        finally:
            self.answer_bytes -= counted
