"""What one request reports while it is answered. Watching never makes a request fail."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from kantu.engine.request import Timings, Usage
from kantu.errors import KantuError
from kantu.service.dialect import MESSAGES
from kantu.service.watch.labels import CLIENT_CLOSED, INTERNAL_ERROR, CodeLabel, ModelLabel
from kantu.service.watch.metrics import Metrics
from kantu.service.watch.sources import Sources
from kantu.service.watch.traces import Tracing, end_chat_span, fail_chat_span

if TYPE_CHECKING:
    from opentelemetry.trace import Span

    from kantu.processing.image import CleanImage

_log = logging.getLogger(__name__)
P = ParamSpec("P")

ROUTES = {
    "chat": "/v1/chat/completions",
    "decisions": "/v1/decisions",
    "messages": MESSAGES,
    "responses": "/v1/responses",
    "tasks": "/v1/tasks/{task}",
    "tokenize": "/v1/tokenize",
}
"""By which route the answers of an endpoint are counted, those of a batch's lines too."""


@dataclass
class Notes:
    """What is learned of an HTTP request on the way, for the line and the counters at its end."""

    model: str | None = None
    code: str | None = None


notes_of_request: ContextVar[Notes | None] = ContextVar("notes_of_request", default=None)
"""Set by `WatchMiddleware`; a batch's lines have none."""


class Watch:
    """Of one application.

    Args:
        tracing: None traces nothing.
    """

    def __init__(self, tracing: Tracing | None = None) -> None:
        self.metrics = Metrics()
        self.tracing = tracing
        self.model_label = ModelLabel()
        self.code_label = CodeLabel()

    def attach(self, sources: Sources) -> None:
        """Export from now on what the other parts know too, and tell their models from other names. Once."""
        self.model_label = ModelLabel(sources.models)
        self.metrics.attach(sources)

    def started(self, endpoint: str, model: str) -> RequestWatch:
        """Watch one request, over HTTP or of a batch, whose body has been read. Never raises.

        Args:
            endpoint: whose route the answer is counted by.
            model: what the client asked for.
        """
        return RequestWatch(self, endpoint, model)

    def close(self) -> None:
        """Send the spans that are left. Blocks for a few seconds at most."""
        if self.tracing is not None:
            self.tracing.close()


def _safely(report: Callable[Concatenate[RequestWatch, P], None]) -> Callable[Concatenate[RequestWatch, P], None]:
    """A mistake in watching is logged and counted; the request goes on."""

    def safe(request: RequestWatch, /, *args: P.args, **kwargs: P.kwargs) -> None:
        try:
            report(request, *args, **kwargs)
        except Exception as error:  # watching is never worth a request
            _log.error("watching a request failed", exc_info=error)
            request.watch.metrics.watch_errors.inc()

    safe.__doc__ = report.__doc__
    return safe


class RequestWatch:
    """Call these as things happen. A context manager: leaving it by an exception is `failed`.

    After `finished` or `failed` nothing more is counted.
    """

    def __init__(self, watch: Watch, endpoint: str, model: str) -> None:
        self.watch = watch
        self._labels = (watch.model_label(model), ROUTES.get(endpoint, endpoint))
        self._notes = notes_of_request.get()
        self._span: Span | None = None
        self._ended = False
        self._start()

    def __enter__(self) -> RequestWatch:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(error, KantuError):
            self.failed(error.code)
        elif isinstance(error, asyncio.CancelledError | GeneratorExit) or error is None:
            self.failed(CLIENT_CLOSED)  # nobody waited for the end
        else:
            self.failed(INTERNAL_ERROR)

    @_safely
    def _start(self) -> None:
        if self._notes is not None:
            self._notes.model = self._labels[0]
        if self.watch.tracing is not None:
            self._span = self.watch.tracing.start_chat_span(self._labels[0])

    @_safely
    def pictures(self, images: Sequence[CleanImage], visual_tokens: int, seconds: float) -> None:
        """The pictures have been read.

        Args:
            images: as the model sees them.
            visual_tokens: of all of them.
            seconds: that it took; they are part of `Timings.preprocess_seconds` too.
        """
        metrics, pixels = self.watch.metrics, sum(image.pixels.shape[0] * image.pixels.shape[1] for image in images)
        metrics.pictures.labels(*self._labels).inc(len(images))
        metrics.picture_pixels.labels(*self._labels).inc(pixels)
        if self._span is not None:
            self._span.set_attributes(
                {
                    "kantu.pictures": len(images),
                    "kantu.pictures_seconds": seconds,
                    "kantu.visual_tokens": visual_tokens,
                }
            )

    @_safely
    def finished(self, usage: Usage, timings: Timings, finish_reasons: Sequence[str]) -> None:
        """The answers are complete.

        Args:
            usage: of all answers together.
            finish_reasons: one for each answer.
        """
        if self._ended:
            return
        self._ended = True
        metrics = self.watch.metrics
        metrics.ttft_seconds.labels(*self._labels).observe(timings.ttft_seconds)
        metrics.preprocess_seconds.labels(*self._labels).observe(timings.preprocess_seconds)
        if timings.tpot_seconds > 0:  # an answer of one token has no time between tokens
            metrics.tpot_seconds.labels(*self._labels).observe(timings.tpot_seconds)
        if self._span is not None:
            end_chat_span(
                self._span,
                {
                    "gen_ai.response.model": self._labels[0],
                    "gen_ai.response.finish_reasons": tuple(finish_reasons),
                    "gen_ai.usage.input_tokens": usage.prompt_tokens,
                    "gen_ai.usage.output_tokens": usage.completion_tokens,
                    "gen_ai.usage.cache_read.input_tokens": usage.cached_tokens,
                    "kantu.visual_tokens": usage.visual_tokens,
                    "kantu.ttft_seconds": timings.ttft_seconds,
                    "kantu.tpot_seconds": timings.tpot_seconds,
                    "kantu.preprocess_seconds": timings.preprocess_seconds,
                },
            )

    @_safely
    def failed(self, code: str) -> None:
        """The request ends with an error of ours, before or in the middle of its answer.

        Args:
            code: the error's; "client_closed" where nobody is there to hear it.
        """
        if self._ended:
            return
        self._ended = True
        if self._notes is not None:
            self._notes.code = code
        if self._span is not None:
            fail_chat_span(self._span, self.watch.code_label(code))
