"""/v1/groups: whose people use one quota together."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.database.repository import Paging
from kantu.service.groups.schemas import ChangeGroup, CreateGroup, GroupList, GroupObject, GroupPeople, ListGroups
from kantu.service.groups.service import GroupService
from kantu.service.http.json_route import JsonRoute
from kantu.service.people.schemas import PersonObject

router = APIRouter(prefix="/v1/groups", tags=["groups"], route_class=JsonRoute)

Reader = Annotated[Actor, Depends(Authorize("read", "policies", counted=False))]
Creator = Annotated[Actor, Depends(Authorize("create", "policies", counted=False))]
Changer = Annotated[Actor, Depends(Authorize("update", "policies", counted=False))]
Deleter = Annotated[Actor, Depends(Authorize("delete", "policies", counted=False))]
Groups = Annotated[GroupService, Depends(part(GroupService))]


@router.post("", summary="新建组")
async def create_group(_: Creator, body: CreateGroup, groups: Groups) -> GroupObject:
    """合用一份限额的人，起初没有人。"""
    return GroupObject.model_validate(await groups.create(body.tenant, body.name, body.limits.limits()))


@router.get("", summary="列出组")
async def list_groups(_: Reader, groups: Groups, query: Annotated[ListGroups, Query()]) -> GroupList:
    """所有组，旧的在前。"""
    return GroupList.of(*await groups.page(Paging(query.after, query.limit)))


@router.get("/{group_id}", summary="查看组")
async def get_group(group_id: str, _: Reader, groups: Groups) -> GroupObject:
    """一个组。"""
    return GroupObject.model_validate(await groups.get(group_id))


@router.put("/{group_id}", summary="改组")
async def change_group(group_id: str, _: Changer, body: ChangeGroup, groups: Groups) -> GroupObject:
    """名字和限额，代替原来的；从下一个请求起算。"""
    return GroupObject.model_validate(await groups.change(group_id, body.name, body.limits.limits()))


@router.delete("/{group_id}", status_code=204, summary="删除组")
async def delete_group(group_id: str, _: Deleter, groups: Groups) -> None:
    """还有人在里面的组不能删除。"""
    await groups.delete(group_id)


@router.get("/{group_id}/people", summary="组里的人")
async def list_people_of_group(group_id: str, _: Reader, groups: Groups) -> GroupPeople:
    """按登录名。"""
    return GroupPeople(data=[PersonObject.model_validate(one) for one in await groups.people(group_id)])


@router.put("/{group_id}/people/{person_id}", summary="让人进组")
async def put_person_in(group_id: str, person_id: str, actor: Changer, groups: Groups) -> GroupObject:
    """一个人最多在一个组里：他离开原来的。要和组是同一个租户的。"""
    return GroupObject.model_validate(await groups.put_in(actor, group_id, person_id))


@router.delete("/{group_id}/people/{person_id}", status_code=204, summary="让人出组")
async def take_person_out(group_id: str, person_id: str, actor: Changer, groups: Groups) -> None:
    """从下一个请求起，组的限额与他无关。"""
    await groups.take_out(actor, group_id, person_id)
