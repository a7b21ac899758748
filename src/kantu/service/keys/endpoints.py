"""/v1/keys: make, list and revoke API keys, for security administrators."""

from __future__ import annotations

import time
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.http.json_route import JsonRoute
from kantu.service.keys.schemas import CreateKey, KeyList, KeyObject, NewKey
from kantu.service.keys.service import KeyService
from kantu.service.threads import on_thread

router = APIRouter(prefix="/v1/keys", tags=["keys"], route_class=JsonRoute)

Reader = Annotated[Actor, Depends(Authorize("read", "keys", counted=False))]
Creator = Annotated[Actor, Depends(Authorize("create", "keys", counted=False))]
Revoker = Annotated[Actor, Depends(Authorize("revoke", "keys", counted=False))]
Keys = Annotated[KeyService, Depends(part(KeyService))]


@router.post("", summary="新建密钥")
async def create_key(_: Creator, body: CreateKey, keys: Keys) -> NewKey:
    """新密钥，和它只显示这一次的文字。"""
    create = partial(
        keys.create,
        body.name,
        owner=body.tenant,
        models=body.models,
        endpoints=body.endpoints,
        limits=body.limits.limits(),
        expires_at=body.expires_at,
    )
    key, text = await on_thread(create)
    return NewKey(key=KeyObject.of(key, time.time()), text=text)


@router.get("", summary="列出密钥")
async def list_keys(_: Reader, keys: Keys) -> KeyList:
    """所有密钥，撤销了的也在，新的在前。"""
    now = time.time()
    return KeyList(data=[KeyObject.of(key, now) for key in reversed(await on_thread(keys.list))])


@router.delete("/{key_id}", summary="撤销密钥")
async def revoke_key(key_id: str, _: Revoker, keys: Keys) -> KeyObject:
    """从下一个请求起不能再用，也不能恢复；记录还在。"""
    return KeyObject.of(await on_thread(partial(keys.revoke, key_id)), time.time())
