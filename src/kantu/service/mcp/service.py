"""Messages of the Model Context Protocol, answered by the same tasks as POST /v1/tasks/{task}."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio
from anyio import to_thread
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from kantu.errors import Words, error
from kantu.service.files.record import FILE_IDS
from kantu.service.http.actor import actor_of
from kantu.service.limits.limiter import Limiter
from kantu.service.models.registry import ModelRegistry
from kantu.service.tasks.schemas import TaskRequest
from kantu.service.tasks.service import TaskService
from kantu.solve.result import TaskResult

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

    from kantu.mcp.server import Context
    from kantu.mcp.tools import Call, TaskTool

_PICTURE = "图片文件的 id（file-…），先用 POST /v1/files 上传；不收 base64 和网址"
_FILE_ID = Words("应为上传文件的 id（file-…）", "it must be the id of an uploaded file (file-…)")


class McpService:
    """Every message stands for itself: there are no sessions. Used on the event loop only.

    The SDK's manager does the protocol. Its checks of Host and Origin are not used: the gateway's names are not known
    here, and `check_origin` refuses pages of other origins. Importing the SDK would take a quarter of the gateway's
    start, so the first message does it.
    """

    def __init__(self, tasks: TaskService, models: ModelRegistry, limiter: Limiter) -> None:
        self._tasks, self._models, self._limiter = tasks, models, limiter
        self._tools_by_models: dict[tuple[str, ...], Mapping[str, TaskTool]] = {}
        self._tools_are_of = tasks.tasks
        self._wanted, self._running = asyncio.Event(), asyncio.Event()
        self._manager: StreamableHTTPSessionManager | None = None

    async def run(self) -> None:
        """Messages are answered while this runs, once."""
        await self._wanted.wait()
        self._manager = await to_thread.run_sync(self._import_manager)
        async with self._manager.run():
            self._running.set()
            await anyio.sleep_forever()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one message. Cancelling it ends all that it has begun."""
        self._wanted.set()
        await self._running.wait()
        assert self._manager is not None
        await self._manager.handle_request(scope, receive, send)

    def _import_manager(self) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        from kantu.mcp.server import server_over

        server = server_over(self._tools, self._answer)
        return StreamableHTTPSessionManager(server, json_response=True, stateless=True)

    def _tools(self, context: Context) -> Mapping[str, TaskTool]:
        """Those of whoever asks; without a model that it may use there are none."""
        from kantu.mcp.tools import tools_of

        actor = actor_of(_request(context).scope)
        names = tuple(model.name for model in self._models.list(actor))
        tasks = self._tasks.tasks
        if tasks is not self._tools_are_of:  # they have been read again
            self._tools_are_of = tasks
            self._tools_by_models.clear()
        if names not in self._tools_by_models:
            self._tools_by_models[names] = tools_of(tasks.values() if names else (), _PICTURE, names)
        return self._tools_by_models[names]

    async def _answer(self, context: Context, call: Call) -> TaskResult[Any]:
        request = _request(context)
        actor = actor_of(request.scope)
        await self._limiter.admit(actor)
        for number, image in enumerate(call.images):
            if not FILE_IDS.fits(image):
                raise error("invalid_parameter.expected", param=f"images.{number}", expected=_FILE_ID)
        assert call.model is not None
        body = TaskRequest(
            model=call.model,
            images=list(call.images),
            input=dict(call.given),
            evidence=call.evidence,
            force=call.force,
        )
        return await self._tasks.result(actor, call.task.name, body, request.state.deadline)


def _request(context: Context) -> Request:
    """The HTTP request that a message came with."""
    assert isinstance(context.request, Request)
    return context.request
