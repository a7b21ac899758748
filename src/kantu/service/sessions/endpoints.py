"""/v1/session: log in, see who one is, log out; the sessions of oneself and of others."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from kantu.errors import error
from kantu.service.access import Authorize, Note, part
from kantu.service.actor import Actor
from kantu.service.http.json_route import JsonRoute
from kantu.service.sessions import cookie
from kantu.service.sessions.record import csrf_token_of
from kantu.service.sessions.schemas import CreateSession, Credentials, OpenSession, OpenSessions, SessionObject
from kantu.service.sessions.service import Begun, SessionService

LOGIN = "/v1/session"
"""POST to it needs neither key nor session."""

# Its body is read by the framework: `BodyMiddleware` leaves JSON for those it knows, and bounds what others send.
login_router = APIRouter(tags=["sessions"])
router = APIRouter(tags=["sessions"], route_class=JsonRoute)

Self = Annotated[Actor, Depends(Authorize("read", "account", counted=False))]
SelfChanging = Annotated[Actor, Depends(Authorize("update", "account", counted=False))]
Reader = Annotated[Actor, Depends(Authorize("read", "sessions", counted=False))]
Ender = Annotated[Actor, Depends(Authorize("delete", "sessions", counted=False))]
Sessions = Annotated[SessionService, Depends(part(SessionService))]


@login_router.post(LOGIN, summary="登录", dependencies=[Depends(Note("create", "sessions"))])
async def log_in(request: Request, response: Response, body: CreateSession, sessions: Sessions) -> SessionObject:
    """用登录名、密码（和第二因素）开始一个会话。会话在 Cookie 里，脚本读不到；回答里的 csrf_token 要随每个改动发送。"""
    begun = await sessions.begin(body.name, body.password, body.code, cookie.session_in(request.headers))
    return keep(response, begun)


@router.get(LOGIN, summary="我是谁")
async def get_session(request: Request, actor: Self, sessions: Sessions) -> SessionObject:
    """当前的会话。"""
    text = cookie.session_in(request.headers)
    if text is None or actor.person_id is None:  # the table lets no key here
        raise error("session_ended")
    return SessionObject.of(actor, await sessions.person(actor.person_id), csrf_token_of(text))


@router.delete(LOGIN, status_code=204, summary="退出")
async def log_out(response: Response, actor: SelfChanging, sessions: Sessions) -> None:
    """结束当前的会话。"""
    await sessions.end(actor, actor.session_id or "")
    cookie.drop(response)


@router.post(f"{LOGIN}/reauthentication", summary="再次输入密码")
async def reauthenticate(
    response: Response, actor: SelfChanging, body: Credentials, sessions: Sessions
) -> SessionObject:
    """危险的操作之前，再证明一次自己是谁。会话换一个 Cookie 和 csrf_token。"""
    return keep(response, await sessions.renew(actor, body.password, body.code))


@router.get("/v1/account/sessions", summary="我的会话")
async def list_own(actor: Self, sessions: Sessions) -> OpenSessions:
    """自己的、有效的会话。"""
    return await _list(sessions, actor.person_id or "")


@router.delete("/v1/account/sessions/{session_id}", status_code=204, summary="结束我的一个会话")
async def end_own(session_id: str, actor: SelfChanging, sessions: Sessions) -> None:
    """从下一个请求起，它不再有效。"""
    await sessions.end(actor, session_id)


@router.get("/v1/people/{person_id}/sessions", summary="一个人的会话")
async def list_sessions(person_id: str, _: Reader, sessions: Sessions) -> OpenSessions:
    """一个人的、有效的会话。"""
    return await _list(sessions, person_id)


@router.delete("/v1/people/{person_id}/sessions", status_code=204, summary="结束一个人的会话")
async def end_sessions(person_id: str, _: Ender, sessions: Sessions) -> None:
    """从下一个请求起，它们不再有效。"""
    await sessions.end_all(person_id)


def keep(response: Response, begun: Begun) -> SessionObject:
    """Hand a session's text to the browser."""
    cookie.keep(response, begun.text)
    return SessionObject.of(begun.actor, begun.person, begun.csrf_token)


async def _list(sessions: SessionService, person_id: str) -> OpenSessions:
    return OpenSessions(data=[OpenSession.model_validate(one) for one in await sessions.list(person_id)])
