"""/v1/session/oidc: to the provider and back. No address that a request names is ever gone to."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse

from kantu.errors import KantuError
from kantu.service.access import Note, part
from kantu.service.errors import error_response
from kantu.service.language import language_of
from kantu.service.oidc import attempt as attempts
from kantu.service.oidc.attempt import attempt_in
from kantu.service.oidc.failed_page import failed_page
from kantu.service.oidc.login import Answer, OidcLogin
from kantu.service.oidc.schemas import Begin, ProviderObject, Providers, Returned, SecondFactor
from kantu.service.sessions import cookie
from kantu.service.sessions.endpoints import LOGIN, keep
from kantu.service.sessions.schemas import SessionObject
from kantu.service.settings import OIDC_CALLBACK, Settings

OIDC = f"{LOGIN}/oidc"
PROVIDERS = f"{LOGIN}/providers"
OPEN_TO_ALL = (("GET", PROVIDERS), ("GET", OIDC), ("POST", OIDC), ("GET", OIDC_CALLBACK))
"""They need neither key nor session."""

SECOND_FACTOR = "#second-factor"
"""What of the page a browser is sent to whose code is still missing."""

# Bodies are read by the framework, as at the other login.
oidc_router = APIRouter(tags=["sessions"])

Oidc = Annotated[OidcLogin, Depends(part(OidcLogin))]
Set = Annotated[Settings, Depends(part(Settings))]

_wanted = [Depends(Note("create", "sessions"))]


@oidc_router.get(PROVIDERS, summary="还能怎样登录")
async def list_providers(settings: Set) -> Providers:
    """公司的身份提供方，如果设置了。"""
    if settings.oidc.issuer is None:
        return Providers(data=[])
    return Providers(data=[ProviderObject(label=settings.oidc.label, path=OIDC)])


@oidc_router.get(OIDC, include_in_schema=False, dependencies=_wanted)
async def begin_oidc(request: Request, query: Annotated[Begin, Query()], oidc: Oidc, settings: Set) -> Response:
    """给浏览器打开：去身份提供方，登录之后回到 callback，再回到页面。"""
    try:
        attempt, url = await oidc.begin(fresh=query.fresh, old=cookie.session_in(request.headers))
    except KantuError as failure:
        return _failed(request, failure, settings)
    response = RedirectResponse(url, 303)
    attempts.keep(response, attempt)
    return response


@oidc_router.get(OIDC_CALLBACK, include_in_schema=False, dependencies=_wanted)
async def finish_oidc(request: Request, query: Annotated[Returned, Query()], oidc: Oidc, settings: Set) -> Response:
    """开始一个会话，回到页面；还差第二因素时页面要问验证码（POST /v1/session/oidc）。"""
    answer = Answer(query.state, query.code, query.error, query.iss)
    try:
        begun = await oidc.finish(attempt_in(request.headers, oidc.clock()), answer)
    except KantuError as failure:
        response = _failed(request, failure, settings)
        attempts.drop(response)
        return response
    if begun is None:
        return RedirectResponse(settings.oidc.home + SECOND_FACTOR, 303)
    response = RedirectResponse(settings.oidc.home, 303)
    attempts.drop(response)
    cookie.keep(response, begun.text)
    return response


@oidc_router.post(OIDC, summary="登录的第二因素", dependencies=_wanted)
async def finish_oidc_with_code(request: Request, response: Response, body: SecondFactor, oidc: Oidc) -> SessionObject:
    """从身份提供方回来之后，登记了第二因素的人还要给验证码。"""
    begun = await oidc.finish_with_code(attempt_in(request.headers, oidc.clock()), body.code)
    attempts.drop(response)
    return keep(response, begun)


def _failed(request: Request, failure: KantuError, settings: Settings) -> Response:
    """For a browser a page, for others the envelope."""
    request.state.error_code = failure.code
    if "text/html" not in request.headers.get("accept", ""):
        return error_response(failure, request.scope)
    return failed_page(failure, language_of(request.headers.get("accept-language")), settings.oidc.home)
