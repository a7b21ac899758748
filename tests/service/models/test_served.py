"""What a service can be told to serve."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kantu.engine.process import ProcessEngine
from kantu.engine.remote.engine import RemoteEngine
from kantu.errors import InvalidRequestError, ModelNotFoundError
from kantu.service.models.served import open_model
from kantu.service.settings import ModelSettings

pytestmark = pytest.mark.whole


def test_the_embedded_model_is_served_by_its_name_from_a_process_of_its_own() -> None:
    model = open_model(ModelSettings())
    try:
        assert isinstance(model.engine, ProcessEngine)
        assert (model.name, model.default_max_tokens) == ("kantu-mini", 512)
        assert model.chat is not None
        assert model.engine.wait_ready(120)
        assert model.state == "ready"
    finally:
        model.engine.close()


def test_a_folder_is_served_by_its_own_name_or_a_given_one(tiny_folder: Path) -> None:
    for served_name, name in ((None, tiny_folder.name), ("qwen", "qwen")):
        model = open_model(ModelSettings(name=str(tiny_folder), served_name=served_name))
        model.engine.close()
        assert model.name == name


def test_upstreams_are_served_by_the_name_they_have_there() -> None:
    settings = ModelSettings(name="http://127.0.0.1:9/v1, http://127.0.0.1:10/v1", upstream_model="qwen3-vl")
    model = open_model(settings)
    try:
        assert isinstance(model.engine, RemoteEngine)
        assert (model.name, model.chat) == ("qwen3-vl", None)
        assert model.engine.stats().gauges["upstreams"] == 2
        end = time.monotonic() + 30  # nobody listens there; the first probes tell
        while model.state != "unreachable":
            assert time.monotonic() < end
            time.sleep(0.01)
    finally:
        model.engine.close()


@pytest.mark.parametrize("more", [{}, {"upstream_model": "m", "quantize": "int8"}])
def test_an_upstream_that_is_not_fully_described_is_refused(more: dict[str, str]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        open_model(ModelSettings.model_validate({"name": "http://127.0.0.1:9/v1", **more}))
    assert caught.value.code == "invalid_settings"


def test_a_model_that_is_not_there_is_said_at_once() -> None:
    with pytest.raises(ModelNotFoundError):
        open_model(ModelSettings(name="no/such-model"))
