"""What the engine's process writes to the log, once it has loaded the service's model."""

from __future__ import annotations

import json
import logging
import warnings
from functools import partial
from pathlib import Path

import pytest

from kantu.engine.process import ProcessEngine
from kantu.engine.protocol import Engine
from kantu.errors import EngineError
from kantu.service.models.load import load_engine

pytestmark = pytest.mark.whole

SECRET = "身份证 110101199003077578"
WAIT_SECONDS = 120


def load_and_talk(folder: Path, level: str) -> Engine:
    """In the child: everything that could let a request's words out."""
    engine = load_engine(str(folder), None, "cpu", {}, level)
    ours = logging.getLogger("kantu.engine.core")
    ours.info("nothing happened")
    try:
        raise ValueError(SECRET)
    except ValueError:
        ours.exception("a step failed")
    ours.warning("a listener failed: %s", SECRET)
    logging.getLogger("torch").error("cannot run %s", SECRET)
    warnings.warn(SECRET, stacklevel=1)
    return engine


def load_and_fail(folder: Path) -> Engine:
    load_engine(str(folder), None, "cpu", {}, "info")
    raise RuntimeError(SECRET)


@pytest.mark.parametrize(("level", "events"), [("info", ["nothing happened"]), ("warning", [])])
def test_its_log_is_the_services_json_without_content(
    tiny_folder: Path, capfd: pytest.CaptureFixture[str], level: str, events: list[str]
) -> None:
    engine = ProcessEngine(partial(load_and_talk, tiny_folder, level))
    try:
        assert engine.wait_ready(WAIT_SECONDS)
    finally:
        engine.close()
    text = capfd.readouterr().err
    lines = [json.loads(line) for line in text.splitlines()]
    assert SECRET not in text
    assert "110101" not in text
    events = [*events, "a step failed", "a listener failed: (hidden)", "library", "library"]
    assert [line["event"] for line in lines] == events
    failed = lines[events.index("a step failed")]
    assert (failed["level"], failed["logger"], failed["exception"]) == ("error", "kantu.engine.core", "ValueError")
    assert [line["logger"] for line in lines[-2:]] == ["torch", "py.warnings"]


def test_a_load_that_fails_is_logged_by_its_type_and_place(
    tiny_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    engine = ProcessEngine(partial(load_and_fail, tiny_folder))
    try:
        with pytest.raises(EngineError, match="engine_load_failed"):
            engine.wait_ready(WAIT_SECONDS)
    finally:
        engine.close()
    text = capfd.readouterr().err
    (line,) = (json.loads(line) for line in text.splitlines())
    assert SECRET not in text
    assert (line["logger"], line["exception"]) == ("kantu.engine.process.child", "RuntimeError")
    assert line["frames"][-1].endswith(":load_and_fail")
