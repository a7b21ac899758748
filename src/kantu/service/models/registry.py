"""The models that are served, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from kantu.errors import KantuError, error, listed
from kantu.service.actor import Actor
from kantu.service.models.served import ServedModel, open_model
from kantu.service.permissions import check_model, may_use_model
from kantu.service.settings import ModelSettings
from kantu.service.watch.log_file import LogFile


class ModelRegistry:
    """Iterates over the models in their order.

    Raises:
        InvalidRequestError: `invalid_settings`: two have the same name.
    """

    def __init__(self, models: Iterable[ServedModel]) -> None:
        self._models: dict[str, ServedModel] = {}
        for model in models:
            if model.name in self._models:
                raise error("invalid_settings.served_name", name=model.name)
            self._models[model.name] = model

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def get(self, actor: Actor, name: str) -> ServedModel:
        """The model of this name, which the actor may use.

        Raises:
            NotFoundError: `model_not_served`.
            PermissionDeniedError: `model_not_allowed`.
        """
        model = self._models.get(name)
        if model is None:
            raise error("model_not_served", served=listed(self._models))
        check_model(actor, name)
        return model

    def list(self, actor: Actor) -> list[ServedModel]:
        """The models that the actor may use."""
        return [model for model in self if may_use_model(actor, model.name)]

    def close(self) -> None:
        """End all engines, at once: one that hangs is waited for, for some seconds. Blocks."""
        with ThreadPoolExecutor(len(self._models)) as threads:
            list(threads.map(lambda model: model.engine.close(), self))


def open_models(
    settings: Sequence[ModelSettings], log_level: str = "info", log_file: LogFile | None = None
) -> ModelRegistry:
    """Start what the settings name, each in a process of its own. Returns at once; loading goes on there.

    Args:
        log_level, log_file: of the service; each engine logs to a file of its own beside it. None is standard error.

    Raises:
        ModelNotFoundError, CheckpointError, InvalidRequestError: as `open_model` and `ModelRegistry`; all are closed.
    """
    models: list[ServedModel] = []
    try:
        for number, each in enumerate(settings, 1):
            engine_log = None if log_file is None else log_file.beside(f"engine{number if number > 1 else ''}")
            models.append(open_model(each, log_level, engine_log))
        return ModelRegistry(models)
    except KantuError:
        for model in models:
            model.engine.close()
        raise
