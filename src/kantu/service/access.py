"""Who may use an endpoint: the first thing every route of the API depends on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from kantu.service.gateway import Gateway
from kantu.service.http.caller import caller_of
from kantu.service.identity import Caller, check_endpoint

# For the OpenAPI document only; the header is read by `CallerMiddleware`.
_BEARER = HTTPBearer(auto_error=False, scheme_name="api_key", description="kantu keys create 给出的密钥")


async def get_gateway(request: Request) -> Gateway:
    """The application's `Gateway`. A coroutine, as FastAPI would call a function on a thread."""
    return cast(Gateway, request.app.state.gateway)


GatewayOf = Annotated[Gateway, Depends(get_gateway)]


async def any_key(request: Request, _: Annotated[object, Depends(_BEARER)]) -> Caller:
    """A dependency: a caller with a good key, whatever it is for. Counts as no request.

    Its address is one that `CallerMiddleware` guards.
    """
    return caller_of(request.scope)


def authorize(endpoint: str) -> Callable[..., Awaitable[Caller]]:
    """A dependency: the caller, who may use `endpoint` and has not used up its requests.

    Args:
        endpoint: one of `identity.ENDPOINTS`.
    """

    async def caller(gateway: GatewayOf, found: Annotated[Caller, Depends(any_key)]) -> Caller:
        check_endpoint(found, endpoint)
        await gateway.limiter.admit(found)
        return found

    return caller
