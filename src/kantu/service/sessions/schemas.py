"""Sessions as clients see them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kantu.service.actor import Actor, Role, Unfinished
from kantu.service.database.schemas import FromRecord
from kantu.service.people.person import ROLE_NAMES, Person
from kantu.service.permissions import allowed_to

_MOST_CHARACTERS = 256


class Credentials(BaseModel):
    """证明自己是谁。"""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    password: str = Field(max_length=_MOST_CHARACTERS, description="密码")
    code: str | None = Field(None, max_length=_MOST_CHARACTERS, description="第二因素的六位数字，或一个恢复码")


class CreateSession(Credentials):
    """登录。"""

    name: str = Field(max_length=_MOST_CHARACTERS, description="登录名")


class SessionObject(BaseModel):
    """当前的会话：您是谁，还要先做什么。"""

    object: Literal["session"] = "session"
    id: str
    person_id: str
    name: str = Field(description="登录名")
    display_name: str
    tenant: str
    role: Role
    role_name: str = Field(description="角色的中文名")
    unfinished: Unfinished | None = Field(
        description="先要做的事：password 换密码，totp 登记第二因素；做完之前什么都不能用"
    )
    is_fresh: bool = Field(description="是否刚刚输入过密码；危险的操作需要")
    has_totp: bool = Field(description="是否已登记第二因素")
    issuer: str | None = Field(description="在哪个身份提供方登录；null 是用这里的密码")
    may: list[str] = Field(description="这个角色能做的，每项是“动作 对象”，见 docs/permissions.md")
    csrf_token: str = Field(description="每个改动（不是 GET 的请求）都要放在 X-CSRF-Token 里")

    @classmethod
    def of(cls, actor: Actor, person: Person, csrf_token: str) -> SessionObject:
        return cls(
            id=actor.session_id or "",
            person_id=person.id,
            name=person.name,
            display_name=person.display_name,
            tenant=person.tenant,
            role=person.role,
            role_name=ROLE_NAMES[person.role],
            unfinished=actor.unfinished,
            is_fresh=actor.is_fresh,
            has_totp=person.has_totp,
            issuer=person.issuer,
            may=allowed_to(person.role),
            csrf_token=csrf_token,
        )


class OpenSession(FromRecord):
    """一个有效的会话。"""

    id: str
    object: Literal["open_session"] = "open_session"
    address: str | None = Field(description="登录时的地址")
    created_at: int
    last_used_at: int = Field(description="最近一次使用，精确到分钟")
    expires_at: int = Field(description="最晚到什么时候")


class OpenSessions(BaseModel):
    """有效的会话，新的在前。"""

    object: Literal["list"] = "list"
    data: list[OpenSession]
