"""Stages over HTTP: what `kantu pipeline serve` serves, and `RemoteStage` calls."""

from __future__ import annotations

import socket
import sys
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import ip_address
from typing import Any

import uvicorn
from fastapi import FastAPI, Request, Response
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool

from kantu.contenders.pipeline.kept import Kept, Key
from kantu.contenders.pipeline.parts import OF_A_PICTURE, STAGES, StageName
from kantu.contenders.pipeline.wire import REFUSAL, WIRES, Refusal, Told
from kantu.errors import KantuError, error, row_of

_MOST_BYTES = 64 * 2**20  # of a request: the largest picture that intake takes, as PNG in base64
_JSON = "application/json"


def create_app(stages: Mapping[StageName, Callable[[Any], Any]], kept: Kept | None = None) -> FastAPI:
    """An application with POST /STAGE for each stage, and GET /health, which names them.

    Args:
        kept: what stages that see nothing but a picture have answered; the same request is answered out of it.
    """
    app = FastAPI(title="kantu pipeline", docs_url=None, redoc_url=None, openapi_url=None)
    answers = Kept() if kept is None else kept
    for name, stage in stages.items():
        app.post(f"/{name}")(_endpoint(name, stage, answers))

    @app.get("/health")
    def health() -> dict[str, Any]:
        return {"stages": list(stages), "kept_answers": len(answers), "kept_bytes": answers.bytes}

    return app


def serve(stages: Mapping[StageName, Callable[[Any], Any]], host: str, port: int, *, allow_insecure: bool) -> None:
    """Serve until told to stop; the address is told on standard error once connections are accepted.

    Raises InvalidRequestError: `insecure_listen.pipeline`, `cannot_listen`.
    """
    if not (allow_insecure or _is_loopback(host)):
        raise error("insecure_listen.pipeline", host=host)
    with _listener(host, port) as listener:
        told = f"[{host}]" if ":" in host else host
        names = "、".join(STAGES[name] for name in stages)
        print(f"{names}：http://{told}:{listener.getsockname()[1]}", file=sys.stderr, flush=True)
        config = uvicorn.Config(create_app(stages), log_config=None, access_log=False, server_header=False)
        uvicorn.Server(config).run(sockets=[listener])


def _endpoint(name: StageName, stage: Callable[[Any], Any], kept: Kept) -> Callable[[Request], Awaitable[Response]]:
    wire = WIRES[name]

    def made(body: bytes) -> bytes:
        try:
            wanted = wire.request.validate_json(body)
        except ValidationError:
            raise error("stage_request", stage=STAGES[name]) from None
        return wire.answer.dump_json(stage(wanted))

    def answer(body: bytes) -> Response:
        try:
            told = kept.get(Key.of(body, name), lambda: made(body))[0] if name in OF_A_PICTURE else made(body)
        except KantuError as failure:
            return _refusal(failure)
        return Response(told, media_type=_JSON)

    async def endpoint(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > _MOST_BYTES:
                return _refusal(error("stage_request.too_large", stage=STAGES[name], most=_MOST_BYTES // 2**20))
        return await run_in_threadpool(answer, bytes(body))

    return endpoint


def _refusal(failure: KantuError) -> Response:
    row = row_of(failure.code)
    status = 500 if row is None or row.status is None else row.status
    return Response(REFUSAL.dump_json(Refusal(Told.of(failure))), status, media_type=_JSON)


def _listener(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError:
        listener.close()
        raise error("cannot_listen", host=host, port=port, param="port") from None
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
