"""GET /v1/settings: what is set, and where it comes from. Secrets are masked; nothing is changed here."""

from __future__ import annotations

from inspect import cleandoc
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, SecretStr

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.settings import Settings, Source, is_secret, sections, variables

router = APIRouter(tags=["operation"])

MASK = "••••••"


class SettingObject(BaseModel):
    """一个设置。"""

    section: str
    name: str
    variable: str = Field(description="设它的环境变量")
    value: Any = Field(description=f"现在的值；密钥和密码写成 {MASK}")
    source: Source = Field(description="从哪里来：default 默认，file YAML 文件，environment 环境变量，flag 命令行参数")
    description: str


class SectionObject(BaseModel):
    """一组设置。"""

    name: str
    title: str


class SettingList(BaseModel):
    """所有设置。"""

    object: Literal["list"] = "list"
    sections: list[SectionObject]
    data: list[SettingObject]


def shown(settings: Settings) -> SettingList:
    """All settings as administrators see them."""
    by_place = {(section, name): variable for variable, (section, name, _) in variables().items()}
    kinds = sections()
    found = [
        SettingObject(
            section=section,
            name=name,
            variable=by_place[section, name],
            value=_value(getattr(getattr(settings, section), name), is_secret(field.annotation)),
            source=settings.source_of(section, name),
            description=field.description or "",
        )
        for section, kind in kinds.items()
        for name, field in kind.model_fields.items()
    ]
    titles = [
        SectionObject(name=name, title=cleandoc(kind.__doc__ or name).split("\n")[0]) for name, kind in kinds.items()
    ]
    return SettingList(sections=titles, data=found)


@router.get("/v1/settings", summary="查看设置")
async def get_settings(
    _: Annotated[Actor, Depends(Authorize("read", "settings", counted=False))],
    settings: Annotated[Settings, Depends(part(Settings))],
) -> SettingList:
    """设了什么，从哪里来。改设置要改文件或环境变量，然后重新启动。"""
    return shown(settings)


def _value(value: Any, is_secret: bool) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    if is_secret or isinstance(value, SecretStr):
        return MASK
    return list(map(str, value)) if isinstance(value, tuple) else str(value)
