"""The models that are served: each by its own name, to whoever may use it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError, KantuError, ModelNotFoundError, NotFoundError, PermissionDeniedError
from kantu.service.actor import Actor
from kantu.service.models import registry
from kantu.service.models.registry import ModelRegistry, open_models
from kantu.service.models.served import ServedModel
from kantu.service.settings import ModelSettings
from kantu.service.watch.log_file import LogFile
from tests.service.gateways import CONFIG, ScriptedEngine


def model(name: str) -> ServedModel:
    return ServedModel(name, ScriptedEngine(), CONFIG, None, 512, 256)


SMALL, LARGE = model("small"), model("large")
ALL, ONLY_LARGE = Actor("k", "o"), Actor("k", "o", models=("large", "gone"))


def test_a_model_is_found_by_its_name() -> None:
    models = ModelRegistry([SMALL, LARGE])
    assert models.get(ALL, "small") is SMALL
    assert models.get(ALL, "large") is LARGE
    assert models.get(ONLY_LARGE, "large") is LARGE


def test_a_name_that_is_not_served_is_told_what_is() -> None:
    for actor, name in ((ALL, "gpt-4o"), (ALL, ""), (ONLY_LARGE, "gone")):
        with pytest.raises(NotFoundError) as caught:
            ModelRegistry([SMALL, LARGE]).get(actor, name)
        assert (caught.value.code, caught.value.param) == ("model_not_served", "model")
        assert "small、large" in caught.value.message
        assert "small, large" in caught.value.message_en


def test_a_key_for_another_model_is_refused() -> None:
    with pytest.raises(PermissionDeniedError) as caught:
        ModelRegistry([SMALL, LARGE]).get(ONLY_LARGE, "small")
    assert (caught.value.code, caught.value.param) == ("model_not_allowed", "model")


def test_those_a_actor_may_use_are_listed_in_order() -> None:
    models = ModelRegistry([SMALL, LARGE])
    assert models.list(ALL) == [SMALL, LARGE]
    assert models.list(ONLY_LARGE) == [LARGE]
    assert models.list(Actor("k", "o", models=("gone",))) == []


def test_two_of_one_name_could_not_be_told_apart() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        ModelRegistry([SMALL, LARGE, model("small")])
    assert caught.value.code == "invalid_settings"
    assert "small" in caught.value.message


def test_closing_closes_every_engine_and_one_that_is_slow_delays_no_other() -> None:
    models = ModelRegistry([model("a"), model("b")])
    slow, quick = (each.engine for each in models)
    others_closed = threading.Event()
    slow.close = lambda: others_closed.wait(30) or pytest.fail("the other one was not closed")  # type: ignore[method-assign]
    quick.close = others_closed.set  # type: ignore[method-assign]
    models.close()
    assert others_closed.is_set()


class Opened:
    """Stands in for `open_model`, and remembers what it has opened and to which log."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.models: list[ServedModel] = []
        self.logs: list[LogFile | None] = []
        monkeypatch.setattr(registry, "open_model", self)

    def __call__(self, settings: ModelSettings, log_level: str, log_file: LogFile | None) -> ServedModel:
        if settings.name == "missing":
            raise ModelNotFoundError("model_not_found", "没有这个模型", "No such model")
        self.models.append(model(settings.name))
        self.logs.append(log_file)
        return self.models[-1]


@pytest.mark.parametrize("second", ["a", "missing"])
def test_where_one_cannot_be_served_none_is_left_running(second: str, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(monkeypatch)
    with pytest.raises(KantuError):
        open_models([ModelSettings(name="a"), ModelSettings(name=second)])
    assert opened.models
    assert all(each.engine.closed for each in opened.models)  # type: ignore[attr-defined]


def test_each_engine_logs_to_a_file_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Opened(monkeypatch)
    settings = [ModelSettings(name=name) for name in "abc"]
    open_models(settings, "info", LogFile(Path("/log/kantu.log"), 10, 2))
    assert [str(log.path) for log in opened.logs if log is not None] == [
        "/log/kantu.engine.log",
        "/log/kantu.engine2.log",
        "/log/kantu.engine3.log",
    ]
    opened.logs.clear()
    open_models(settings)
    assert opened.logs == [None, None, None]
