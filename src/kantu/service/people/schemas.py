"""Accounts as clients see them."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from kantu.service.actor import Role
from kantu.service.database.schemas import FromRecord, ListOf, ListQuery
from kantu.service.people.person import PersonState
from kantu.service.people.policy import MOST_CHARACTERS

_MOST_TYPED = 256


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class ListPeople(ListQuery):
    """哪些账号。"""


class CreatePerson(_Body):
    """新账号。"""

    name: str = Field(max_length=_MOST_TYPED, description="登录名：小写字母、数字、汉字和 . _ @ -，最多 64 个字符")
    display_name: str | None = Field(None, max_length=_MOST_TYPED, description="给人看的名字；默认是登录名")
    tenant: str | None = Field(
        None, max_length=_MOST_TYPED, description="与同一租户的人和密钥共用文件和批处理；默认独立"
    )
    role: Role = Field("member", description="成员以外的角色由安全管理员授予；只有还没有安全管理员时可以直接写")


class SetRole(_Body):
    """授予角色。"""

    role: Role


class PersonObject(FromRecord):
    """一个账号。"""

    id: str
    object: Literal["person"] = "person"
    name: str = Field(description="登录名")
    display_name: str
    tenant: str
    role: Role
    state: PersonState = Field(description="active 可用，disabled 已停用；账号不会删除")
    has_totp: bool = Field(description="是否已登记第二因素")
    issuer: str | None = Field(description="在哪个身份提供方登录；null 是用这里的密码")
    created_at: int
    disabled_at: int | None
    last_login_at: int | None


class PersonList(ListOf[PersonObject]):
    """一页账号，按登录名。"""


class NewPassword(BaseModel):
    """一个账号和它的一次性密码，密码只显示这一次。"""

    object: Literal["one_time_password"] = "one_time_password"
    person: PersonObject
    one_time_password: str = Field(description="第一次登录必须换掉它")


class ChangePassword(_Body):
    """换密码。"""

    old_password: str = Field(max_length=_MOST_TYPED)
    new_password: str = Field(max_length=_MOST_TYPED, description=f"最多 {MOST_CHARACTERS} 个字符")


class EnrolmentObject(FromRecord):
    """第二因素的密钥，只显示这一次；用它的一个验证码确认之后才算数。"""

    object: Literal["totp_enrolment"] = "totp_enrolment"
    secret: str = Field(description="Base32，可以手工输入验证器")
    uri: str = Field(description="给验证器扫的二维码的内容")
    qr_code: str = Field(description="二维码，SVG 的 data: 网址")


class ConfirmTotp(_Body):
    """确认第二因素。"""

    code: str = Field(max_length=_MOST_TYPED, description="验证器现在显示的六位数字")


class RecoveryCodes(BaseModel):
    """恢复码，每个能用一次，只显示这一次。"""

    object: Literal["recovery_codes"] = "recovery_codes"
    recovery_codes: list[str]
    csrf_token: str | None = Field(description="登记之后会话换了 Cookie，这是新的；没有换时是 null")
