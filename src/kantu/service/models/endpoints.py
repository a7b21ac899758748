"""GET /v1/models."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.models.registry import ModelRegistry
from kantu.service.models.served import ServedModel

router = APIRouter(tags=["models"])

Reader = Annotated[Actor, Depends(Authorize("read", "models"))]
Models = Annotated[ModelRegistry, Depends(part(ModelRegistry))]


class ModelObject(BaseModel):
    """一个模型。"""

    id: str
    object: Literal["model"] = "model"
    created: int
    owned_by: str = "kantu"

    @classmethod
    def of(cls, model: ServedModel) -> ModelObject:
        return cls(id=model.name, created=model.created)


class ModelList(BaseModel):
    """这个密钥能用的模型。"""

    object: Literal["list"] = "list"
    data: list[ModelObject]


@router.get("/v1/models", summary="列出模型")
async def list_models(actor: Reader, models: Models) -> ModelList:
    """这个密钥能用的模型。"""
    return ModelList(data=[ModelObject.of(model) for model in models.list(actor)])


@router.get("/v1/models/{name:path}", summary="查看模型")
async def get_model(name: str, actor: Reader, models: Models) -> ModelObject:
    """一个模型的信息。"""
    return ModelObject.of(models.get(actor, name))
