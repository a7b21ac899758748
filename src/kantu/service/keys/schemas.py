"""API keys as the security administrator sees them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kantu.service.actor import Limits
from kantu.service.keys.api_key import ApiKey, KeyState

_MOST_TYPED = 256
_MOST_NAMED = 100


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class KeyLimits(_Strict):
    """每分钟、每天（UTC）最多用多少；没给的不限。"""

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    visual_tokens_per_minute: int | None = None
    visual_tokens_per_day: int | None = None
    output_tokens_per_minute: int | None = None
    output_tokens_per_day: int | None = None

    def limits(self) -> Limits:
        return Limits(**self.model_dump())


class CreateKey(_Strict):
    """新密钥。"""

    name: str = Field(max_length=_MOST_TYPED, description="给人看的名字，最多 100 个字符")
    tenant: str | None = Field(
        None, max_length=_MOST_TYPED, description="与同一租户的人和密钥共用文件和批处理；默认独立"
    )
    models: list[str] | None = Field(None, max_length=_MOST_NAMED, description="能用哪些模型；默认全部")
    endpoints: list[str] | None = Field(None, max_length=_MOST_NAMED, description="能用哪些接口；默认全部")
    limits: KeyLimits = Field(default_factory=KeyLimits)
    expires_at: int | None = Field(None, description="到期的时间（Unix 秒）；默认不过期")


class KeyObject(BaseModel):
    """一个密钥；它的文字不在任何地方。"""

    id: str
    object: Literal["key"] = "key"
    name: str
    tenant: str
    hint: str = Field(description="密钥的开头，用来认出它")
    state: KeyState = Field(description="active 可用，expired 已过期，revoked 已撤销")
    models: list[str] | None
    endpoints: list[str] | None
    limits: KeyLimits
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    last_used_at: int | None = Field(description="最近一次使用，精确到分钟")

    @classmethod
    def of(cls, key: ApiKey, now: float) -> KeyObject:
        return cls(
            id=key.id,
            name=key.name,
            tenant=key.owner,
            hint=key.hint,
            state=key.state(now),
            models=None if key.models is None else list(key.models),
            endpoints=None if key.endpoints is None else list(key.endpoints),
            limits=KeyLimits(**asdict(key.limits)),
            created_at=key.created_at,
            expires_at=key.expires_at,
            revoked_at=key.revoked_at,
            last_used_at=key.last_used_at,
        )


class KeyList(BaseModel):
    """所有密钥，新的在前。"""

    object: Literal["list"] = "list"
    data: list[KeyObject]


class NewKey(BaseModel):
    """一个密钥和它的文字，文字只显示这一次。"""

    object: Literal["new_key"] = "new_key"
    key: KeyObject
    text: str = Field(description="放进 Authorization: Bearer；丢了只能另建一个")
