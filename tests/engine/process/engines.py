"""Engines in processes for the tests of this folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from kantu.engine.process import ProcessEngine, ProcessSettings
from kantu.engine.protocol import DeltaStream, Engine
from kantu.engine.request import Request, SamplingParams
from kantu.processing.conversation import Turn
from kantu.processing.image import CleanImage
from tests.engine.process.fakes import Fake

WAIT_SECONDS = 60.0  # after which a test fails


@contextmanager
def process_engine(make: Callable[[], Engine] = Fake, **settings: Any) -> Iterator[ProcessEngine]:
    """One that restarts at once, closed at the end."""
    engine = ProcessEngine(make, ProcessSettings(**{"restart_seconds": 0.01} | settings))
    try:
        yield engine
    finally:
        engine.close()


def question(text: str, *images: CleanImage, **sampling: Any) -> Request:
    return Request((Turn("user", text),), images, SamplingParams(**sampling))


def answer(engine: Engine, text: str, *images: CleanImage) -> str:
    return "".join(delta.text for delta in DeltaStream(engine, question(text, *images)))


def started(engine: Engine, text: str = "wait") -> DeltaStream:
    """A request of which the engine's thread has taken notice."""
    stream = DeltaStream(engine, question(text))
    next(stream)
    return stream


def until(condition: Callable[[], bool]) -> None:
    """Wait for something that is about to happen."""
    deadline = time.monotonic() + WAIT_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
