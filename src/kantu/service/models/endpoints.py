"""GET /v1/models."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from kantu.service.access import GatewayOf, authorize
from kantu.service.identity import Caller, check_model
from kantu.service.models.served import ServedModel

router = APIRouter(tags=["models"])

CallerOf = Annotated[Caller, Depends(authorize("models"))]


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
async def list_models(caller: CallerOf, gateway: GatewayOf) -> ModelList:
    """这个密钥能用的模型。"""
    allowed = caller.models is None or gateway.model.name in caller.models
    return ModelList(data=[ModelObject.of(gateway.model)] if allowed else [])


@router.get("/v1/models/{name:path}", summary="查看模型")
async def get_model(name: str, caller: CallerOf, gateway: GatewayOf) -> ModelObject:
    """一个模型的信息。"""
    check_model(caller, name, gateway.model.name)
    return ModelObject.of(gateway.model)
