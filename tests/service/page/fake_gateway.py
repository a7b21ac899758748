"""A gateway with the real page and an invented API, as a process: `python -m tests.service.page.fake_gateway`.

It prints its port. What it answers is decided by a word in the newest question; `GET /seen` tells what it was asked.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, RedirectResponse, StreamingResponse

from kantu.aigc import SENTENCE
from kantu.service.page import install
from kantu.service.settings import Settings
from kantu.service.tasks.schemas import TaskAnswer, TaskDescription
from kantu.tasks.builtin import TASKS
from tests.service.page.fake_results import result_of

KEY = "kt-fake"
CODE = "246810"
SESSION = {
    "object": "session",
    "id": "ses_1",
    "person_id": "per_1",
    "name": "zhang",
    "display_name": "张三",
    "tenant": "t",
    "role": "member",
    "role_name": "成员",
    "unfinished": None,
    "is_fresh": True,
    "has_totp": True,
    "issuer": "https://login.example",
    "may": ["create chat", "create tokenize", "read models"],
    "csrf_token": "c",
}
USAGE = {
    "prompt_tokens": 412,
    "completion_tokens": 18,
    "total_tokens": 430,
    "visual_tokens": 384,
    "prompt_tokens_details": {"cached_tokens": 96},
}
INJECTION = '<img src=x onerror="document.title=\'gone\'"><script>document.title="gone"</script><b>粗</b>'
BOXES = (
    "按钮和状态在这里：\n```json\n"
    '[{"bbox_2d": [40, 60, 620, 120], "label": "待商家发货"}, '
    '{"bbox_2d": [640, 880, 960, 950], "label": "催发货"}]\n```'
)
ANSWERS = {
    "发货": "待商家发货，商家还没有寄出。",
    "注入": INJECTION,
    "标出": BOXES,
    "记录": '{"状态":"待商家发货","实付":"128.00"}',
}


def build() -> FastAPI:
    app = FastAPI()
    seen: dict[str, Any] = {"chats": [], "tokenized": [], "tasks": [], "keys": [], "cancelled": 0}

    def refusal(request: Request) -> JSONResponse | None:
        seen["keys"].append(request.headers.get("authorization"))
        if request.headers.get("authorization") == f"Bearer {KEY}":
            return None
        if request.headers.get("x-csrf-token") == SESSION["csrf_token"]:
            return None
        return _error(401, "invalid_api_key", "API 密钥无效。")

    @app.get("/seen")
    async def tell() -> dict[str, Any]:
        return seen

    @app.get("/v1/session/providers")
    async def providers() -> Any:
        return {"object": "list", "data": [{"label": "用公司账号登录", "path": "/v1/session/oidc"}]}

    @app.get("/v1/session/oidc")
    async def identity_provider() -> Any:
        return RedirectResponse("/#second-factor", 303)  # there and back

    @app.post("/v1/session/oidc")
    async def second_factor(request: Request) -> Any:
        if (await request.json())["code"] != CODE:
            return _error(401, "wrong_totp_code", "验证码不对。")
        return SESSION

    @app.get("/v1/session")
    async def session() -> Any:
        return SESSION

    @app.get("/v1/account/sessions")
    async def sessions() -> Any:
        return {"object": "list", "data": []}

    @app.get("/v1/models")
    async def models(request: Request) -> Any:
        names = ("kantu-mini", "qwen3-vl-4b")
        return refusal(request) or {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}

    @app.post("/v1/tokenize")
    async def tokenize(request: Request) -> Any:
        if refused := refusal(request):
            return refused
        body = await request.json()
        seen["tokenized"].append({name: value for name, value in body.items() if name != "messages"})
        pictures = len(body["messages"][-1]["content"])
        return {"visual_tokens": 384 * pictures, "prompt_tokens": 384 * pictures + 9, "warnings": []}

    @app.post("/v1/chat/completions")
    async def chat(request: Request) -> Any:
        if refused := refusal(request):
            return refused
        body = await request.json()
        seen["chats"].append(body)
        question = body["messages"][-1]["content"][-1]["text"]
        if "忙" in question:
            return _error(429, "request_limit_exceeded", "这个密钥这一分钟的请求数已用完，请在 12 秒后重试。")
        return StreamingResponse(_stream(question, seen), media_type="text/event-stream")

    @app.get("/v1/tasks")
    async def tasks(request: Request) -> Any:
        described = [TaskDescription.of(task).model_dump() for task in TASKS.values()]
        return refusal(request) or {"object": "list", "data": described}

    @app.post("/v1/tasks/{task}")
    async def run_task(request: Request, task: str) -> Any:
        if refused := refusal(request):
            return refused
        body = await request.json()
        seen["tasks"].append({"task": task, **body})
        if "忙" in json.dumps(body["input"], ensure_ascii=False):
            return _error(429, "request_limit_exceeded", "这个密钥这一分钟的请求数已用完，请在 12 秒后重试。")
        while "慢" in json.dumps(body["input"], ensure_ascii=False):
            await asyncio.sleep(0.05)
            if await request.is_disconnected():
                seen["cancelled"] += 1
                return None
        return TaskAnswer(id="task-0123456789abcdef01234567", created=1764000000, **result_of(task, body))

    install(app, Settings())
    return app


async def _stream(question: str, seen: dict[str, Any]) -> AsyncIterator[str]:
    answer = next((text for word, text in ANSWERS.items() if word in question), "好。")
    if "慢" in question:
        answer = "还在看" * 4000
    label = {"sentence": SENTENCE, "AIGC": None}
    first = {"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}
    try:
        yield _event({"choices": [first], "kantu": {"warnings": [], "timings": None, "label": label}})
        for at in range(0, len(answer), 3):
            yield _event({"choices": [{"index": 0, "delta": {"content": answer[at : at + 3]}, "finish_reason": None}]})
            await asyncio.sleep(0.05 if "慢" in question else 0)
            if "断" in question:
                yield _event(
                    {"error": {"message": "显存不足，请减小图片。", "type": "server_error", "code": "out_of_memory"}}
                )
                return
    except asyncio.CancelledError:
        seen["cancelled"] += 1
        raise
    yield _event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    yield _event({"choices": [], "usage": USAGE})
    yield "data: [DONE]\n\n"


def _event(chunk: dict[str, Any]) -> str:
    return f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"


def _error(status: int, code: str, message: str) -> JSONResponse:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": code}
    return JSONResponse({"error": error}, status, {"x-request-id": "req_0123456789abcdef01234567"})


def main() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        print(listener.getsockname()[1], flush=True)
        uvicorn.Server(uvicorn.Config(build(), log_level="warning")).run(sockets=[listener])


if __name__ == "__main__":
    main()
