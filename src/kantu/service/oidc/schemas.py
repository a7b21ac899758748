"""Logging in at a provider, as clients see it."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

_MOST_TYPED = 256
_MOST_SENT = 4096


class ProviderObject(BaseModel):
    """除了登录名和密码，还能怎样登录。"""

    object: Literal["provider"] = "provider"
    id: Literal["oidc"] = "oidc"
    label: str = Field(description="按钮上的字")
    path: str = Field(description="浏览器打开它就开始登录")


class Providers(BaseModel):
    """没有就是空的。"""

    object: Literal["list"] = "list"
    data: list[ProviderObject]


class SecondFactor(BaseModel):
    """第二因素。"""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    code: str = Field(max_length=_MOST_TYPED, description="验证器上的六位数字，或一个恢复码")


class Begin(BaseModel):
    """怎样登录。"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    fresh: bool = Field(False, description="要身份提供方再问一次密码：危险的操作之前")


class Returned(BaseModel):
    """身份提供方让浏览器带回来的；别的不看。"""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: str = Field("", max_length=_MOST_SENT)
    code: str | None = Field(None, max_length=_MOST_SENT)
    error: str | None = Field(None, max_length=_MOST_SENT)
    iss: str | None = Field(None, max_length=_MOST_SENT)
