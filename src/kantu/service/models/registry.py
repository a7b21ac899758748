"""The models that are served, by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kantu.errors import InvalidRequestError, NotFoundError
from kantu.service.identity import Caller
from kantu.service.models.served import ServedModel
from kantu.service.permissions import check_model, may_use_model


class ModelRegistry:
    """Iterates over the models in their order.

    Raises:
        InvalidRequestError: `invalid_settings`: two have the same name.
    """

    def __init__(self, models: Iterable[ServedModel]) -> None:
        self._models: dict[str, ServedModel] = {}
        for model in models:
            if model.name in self._models:
                raise InvalidRequestError(
                    "invalid_settings",
                    f"设置有误：有两个模型叫 {model.name}；请用 served_name 区分。",
                    f"Invalid settings: two models are named {model.name}; tell them apart by served_name.",
                    param="served_name",
                )
            self._models[model.name] = model

    def __iter__(self) -> Iterator[ServedModel]:
        return iter(self._models.values())

    def get(self, caller: Caller, name: str) -> ServedModel:
        """The model of this name, which the caller may use.

        Raises:
            NotFoundError: `model_not_served`.
            PermissionDeniedError: `model_not_allowed`.
        """
        model = self._models.get(name)
        if model is None:
            raise NotFoundError(
                "model_not_served",
                f"没有这个模型；本服务的模型是 {'、'.join(self._models)}。",
                f"There is no such model; this service has {', '.join(self._models)}.",
                param="model",
            )
        check_model(caller, name)
        return model

    def list(self, caller: Caller) -> list[ServedModel]:
        """The models that the caller may use."""
        return [model for model in self if may_use_model(caller, model.name)]

    def close(self) -> None:
        """End all engines. Blocks."""
        for model in self:
            model.engine.close()
