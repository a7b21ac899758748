"""Who may use an endpoint: the first thing every route of the API depends on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, cast

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from kantu.service.gateway import Gateway
from kantu.service.identity import Caller, check_endpoint

# For the OpenAPI document only; the header is read by `KeyService.authenticate`.
_BEARER = HTTPBearer(auto_error=False, scheme_name="api_key", description="kantu keys create 给出的密钥")


async def get_gateway(request: Request) -> Gateway:
    """The application's `Gateway`. A coroutine, as FastAPI would call a function on a thread."""
    return cast(Gateway, request.app.state.gateway)


GatewayOf = Annotated[Gateway, Depends(get_gateway)]


async def any_key(request: Request, gateway: GatewayOf, _: Annotated[object, Depends(_BEARER)]) -> Caller:
    """A dependency: a caller with a good key, whatever it is for. Counts as no request."""
    address = None if request.client is None else request.client.host
    found = await gateway.keys.authenticate(request.headers.get("authorization"), address)
    request.state.key_id = found.key_id
    return found


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
