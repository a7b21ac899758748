"""What a request reports while it is answered."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import numpy as np
import pytest

from kantu.engine.metrics import Stats
from kantu.engine.request import Timings, Usage
from kantu.errors import EngineError
from kantu.processing.image import CleanImage
from kantu.service.watch import Sources, Watch
from kantu.service.watch.watch import Notes, notes_of_request
from tests.service.watch.scrape import samples

LABELS = '{endpoint="/v1/chat/completions",model="m"}'
USAGE = Usage(prompt_tokens=220, visual_tokens=196, completion_tokens=12)
TIMINGS = Timings(preprocess_seconds=0.02, encode_seconds=0.05, ttft_seconds=0.2, tpot_seconds=0.03, total_seconds=0.6)


@pytest.fixture
def watch() -> Watch:
    made = Watch()
    made.attach(Sources(models={"m": Stats}, ready=lambda: True))
    return made


def test_a_whole_answer(watch: Watch) -> None:
    picture = CleanImage(np.zeros((64, 32, 3), np.uint8), "0" * 64, (32, 64))
    with watch.started("chat", "m") as request:
        request.pictures([picture, picture], visual_tokens=4, seconds=0.01)
        request.finished(USAGE, TIMINGS, ["stop"])
    series = samples(watch.metrics.text())
    assert series[f"kantu_pictures_total{LABELS}"] == 2
    assert series[f"kantu_picture_pixels_total{LABELS}"] == 2 * 64 * 32
    assert series[f"kantu_ttft_seconds_count{LABELS}"] == 1
    assert series[f"kantu_ttft_seconds_sum{LABELS}"] == 0.2
    assert series[f"kantu_tpot_seconds_sum{LABELS}"] == 0.03
    assert series[f"kantu_preprocess_seconds_sum{LABELS}"] == 0.02


def test_an_answer_of_one_token_has_no_time_between_tokens(watch: Watch) -> None:
    with watch.started("chat", "m") as request:
        request.finished(USAGE, Timings(0.1, 0, 0.2, 0.0, 0.2), ["length"])
    assert f"kantu_tpot_seconds_count{LABELS}" not in samples(watch.metrics.text())


def left_with(watch: Watch, error: BaseException | None) -> str | None:
    """The code noted for a request whose block is left by `error`."""
    notes = Notes()
    token = notes_of_request.set(notes)
    with contextlib.suppress(*([] if error is None else [type(error)])), watch.started("chat", "m"):
        if error is not None:
            raise error
    notes_of_request.reset(token)
    return notes.code


def test_leaving_by_an_exception_is_a_failure(watch: Watch) -> None:
    assert left_with(watch, EngineError("engine_crashed", "", "")) == "engine_crashed"
    assert left_with(watch, RuntimeError()) == "internal_error"
    assert left_with(watch, asyncio.CancelledError()) == "client_closed"
    assert left_with(watch, None) == "client_closed"


def test_what_comes_after_the_end_is_not_counted(watch: Watch) -> None:
    notes = Notes()
    token = notes_of_request.set(notes)
    with watch.started("chat", "m") as request:
        request.finished(USAGE, TIMINGS, ["stop"])
        request.finished(USAGE, TIMINGS, ["stop"])
    notes_of_request.reset(token)
    assert notes == Notes(model="m", code=None)
    assert samples(watch.metrics.text())[f"kantu_ttft_seconds_count{LABELS}"] == 1


def test_watching_never_fails_a_request(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR), watch.started("chat", "m") as request:
        request.pictures([object()], visual_tokens=1, seconds=0.1)  # type: ignore[list-item]
        request.finished(USAGE, "soon", ["stop"])  # type: ignore[arg-type]
    assert samples(watch.metrics.text())["kantu_watch_errors_total"] == 2
    assert {record.msg for record in caplog.records} == {"watching a request failed"}
