"""/v1/people: accounts, for administrators. /v1/account: one's own."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.database.repository import Paging
from kantu.service.http.json_route import JsonRoute
from kantu.service.people.account import AccountService
from kantu.service.people.schemas import (
    ChangePassword,
    ConfirmTotp,
    CreatePerson,
    EnrolmentObject,
    ListPeople,
    NewPassword,
    PersonList,
    PersonObject,
    RecoveryCodes,
    SetRole,
)
from kantu.service.people.service import PeopleService
from kantu.service.sessions.endpoints import SelfChanging, Sessions, keep
from kantu.service.sessions.schemas import SessionObject

router = APIRouter(prefix="/v1/people", tags=["people"], route_class=JsonRoute)
account_router = APIRouter(prefix="/v1/account", tags=["account"], route_class=JsonRoute)

Reader = Annotated[Actor, Depends(Authorize("read", "people", counted=False))]
Creator = Annotated[Actor, Depends(Authorize("create", "people", counted=False))]
Changer = Annotated[Actor, Depends(Authorize("update", "people", counted=False))]
Granter = Annotated[Actor, Depends(Authorize("update", "roles", counted=False))]
FactorRemover = Annotated[Actor, Depends(Authorize("delete", "factors", counted=False))]
People = Annotated[PeopleService, Depends(part(PeopleService))]
Account = Annotated[AccountService, Depends(part(AccountService))]


@router.post("", summary="新建账号")
async def create_person(_: Creator, body: CreatePerson, people: People) -> NewPassword:
    """新账号，和一个第一次登录必须换掉的密码。"""
    person, secret = await people.create(body.name, display_name=body.display_name, tenant=body.tenant, role=body.role)
    return NewPassword(person=PersonObject.model_validate(person), one_time_password=secret)


@router.get("", summary="列出账号")
async def list_people(_: Reader, people: People, query: Annotated[ListPeople, Query()]) -> PersonList:
    """所有账号，按登录名。"""
    return PersonList.of(*await people.page(Paging(query.after, query.limit)))


@router.get("/{person_id}", summary="查看账号")
async def get_person(person_id: str, _: Reader, people: People) -> PersonObject:
    """一个账号。"""
    return PersonObject.model_validate(await people.get(person_id))


@router.post("/{person_id}/disable", summary="停用账号")
async def disable_person(person_id: str, actor: Changer, people: People) -> PersonObject:
    """从下一个请求起不能再用；账号不会删除。"""
    return PersonObject.model_validate(await people.disable(actor, person_id))


@router.post("/{person_id}/enable", summary="启用账号")
async def enable_person(person_id: str, actor: Changer, people: People) -> PersonObject:
    """停用的账号可以再用。"""
    return PersonObject.model_validate(await people.enable(actor, person_id))


@router.post("/{person_id}/unlock", summary="解除锁定")
async def unlock_person(person_id: str, actor: Changer, people: People) -> PersonObject:
    """忘掉输错的次数。"""
    return PersonObject.model_validate(await people.unlock(actor, person_id))


@router.post("/{person_id}/password", summary="重置密码")
async def reset_password(person_id: str, actor: Changer, people: People) -> NewPassword:
    """一个新的一次性密码；这个人的会话都结束，第二因素不变。"""
    person, secret = await people.reset_password(actor, person_id)
    return NewPassword(person=PersonObject.model_validate(person), one_time_password=secret)


@router.put("/{person_id}/role", summary="授予角色")
async def set_role(person_id: str, actor: Granter, body: SetRole, people: People) -> PersonObject:
    """代替原来的角色。谁也不能给自己授予；做过一种管理员的账号不能做另一种。"""
    return PersonObject.model_validate(await people.set_role(actor, person_id, body.role))


@router.delete("/{person_id}/totp", summary="取消别人的第二因素")
async def remove_factor(person_id: str, actor: FactorRemover, people: People) -> PersonObject:
    """给丢了验证器的人；他的会话都结束。管理员下次登录要重新登记。"""
    return PersonObject.model_validate(await people.remove_factor(actor, person_id))


@account_router.put("/password", summary="换密码")
async def change_password(
    response: Response, actor: SelfChanging, body: ChangePassword, account: Account, sessions: Sessions
) -> SessionObject:
    """别处的会话都结束，这里的换一个 Cookie 和 csrf_token。"""
    person = await account.change_password(actor, body.old_password, body.new_password)
    return keep(response, await sessions.rotate(actor, person))


@account_router.post("/totp", summary="登记第二因素")
async def begin_totp(actor: SelfChanging, account: Account) -> EnrolmentObject:
    """一个给验证器（手机应用）的密钥。"""
    return EnrolmentObject.model_validate(await account.begin_totp(actor))


@account_router.put("/totp", summary="确认第二因素")
async def finish_totp(
    response: Response, actor: SelfChanging, body: ConfirmTotp, account: Account, sessions: Sessions
) -> RecoveryCodes:
    """从此登录要验证码。别处的会话都结束。"""
    person, codes = await account.finish_totp(actor, body.code)
    begun = keep(response, await sessions.rotate(actor, person))
    return RecoveryCodes(recovery_codes=codes, csrf_token=begun.csrf_token)


@account_router.delete("/totp", summary="取消第二因素")
async def remove_totp(response: Response, actor: SelfChanging, account: Account, sessions: Sessions) -> SessionObject:
    """管理员不能取消。别处的会话都结束。"""
    return keep(response, await sessions.rotate(actor, await account.remove_totp(actor)))


@account_router.post("/recovery-codes", summary="换恢复码")
async def renew_recovery_codes(actor: SelfChanging, account: Account) -> RecoveryCodes:
    """旧的都不能再用。"""
    return RecoveryCodes(recovery_codes=await account.renew_recovery_codes(actor), csrf_token=None)
