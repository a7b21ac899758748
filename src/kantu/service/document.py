"""GET /openapi.json, and what it says of every endpoint: how it fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field, TypeAdapter

from kantu.service.access import Authorize


class ErrorObject(BaseModel):
    """一个错误。"""

    message: str = Field(description="给人看的，中文或英文")
    type: Literal[
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "not_found_error",
        "conflict_error",
        "rate_limit_error",
        "server_error",
    ]
    param: str | None = Field(description="有问题的参数")
    code: str = Field(description="给程序看的，见 docs/errors.md")


class ErrorBody(BaseModel):
    """失败的回答。"""

    error: ErrorObject


class AnthropicErrorDetails(BaseModel):
    """给程序看的。"""

    error_code: str = Field(description="见 docs/errors.md")
    param: str | None = Field(description="有问题的参数")


class AnthropicErrorObject(BaseModel):
    """一个错误，用 Anthropic 的说法。"""

    type: Literal[
        "invalid_request_error",
        "authentication_error",
        "permission_error",
        "not_found_error",
        "conflict_error",
        "request_too_large",
        "rate_limit_error",
        "api_error",
        "overloaded_error",
        "timeout_error",
    ]
    message: str = Field(description="给人看的，中文或英文")
    details: AnthropicErrorDetails


class AnthropicErrorBody(BaseModel):
    """失败的回答，Anthropic 的形状。"""

    type: Literal["error"]
    error: AnthropicErrorObject


_EXAMPLE = {
    "error": {
        "message": "不认识或不支持的参数：tools。",
        "type": "invalid_request_error",
        "param": "tools",
        "code": "unknown_parameter",
    }
}


_ANTHROPIC_EXAMPLE = {
    "type": "error",
    "error": {
        "type": "invalid_request_error",
        "message": "不认识或不支持的参数：tools。",
        "details": {"error_code": "unknown_parameter", "param": "tools"},
    },
}


def _failures(code: str, model: type[BaseModel], example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    """By class of status: the framework's 422, which no endpoint of ours gives, is left out where 4XX is documented."""
    content = {"application/json": {"example": example}}
    return {
        status: {"model": model, "description": f"{what}；`{code}` 见 docs/errors.md", "content": content}
        for status, what in (("4XX", "请求有误"), ("5XX", "服务端出错"))
    }


FAILURES = _failures("code", ErrorBody, _EXAMPLE)
ANTHROPIC_FAILURES = _failures("error_code", AnthropicErrorBody, _ANTHROPIC_EXAMPLE)


DOCUMENT = "/openapi.json"


def stream_schema(names: Sequence[str], shapes: Sequence[Any], end: str | None = None) -> dict[str, Any]:
    """The schema of one server-sent event, as tools read it: OpenAPI 3.1 has no word for a sequence of them, 3.2 calls
    this `itemSchema`.

    Args:
        names: that events may have; "message" is an event without one.
        shapes: of what they carry.
        end: what stands for the end, in place of JSON.
    """
    content = {"contentMediaType": "application/json", "contentSchema": {"anyOf": [_inlined(one) for one in shapes]}}
    data = content if end is None else {"anyOf": [{"const": end}, content]}
    return {
        "type": "object",
        "properties": {"event": {"enum": list(names)}, "data": {"type": "string", **data}},
        "required": ["data"],
    }


def _inlined(shape: Any) -> dict[str, Any]:
    """The JSON schema of a shape without references: FastAPI collects the schemas of whole JSON bodies only."""
    schema = TypeAdapter(shape).json_schema()
    definitions = schema.pop("$defs", {})

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        if "$ref" in node:
            return inline(definitions[node["$ref"].rpartition("/")[2]])
        return {key: inline(value) for key, value in node.items()}

    found: dict[str, Any] = inline(schema)
    return found


def document_router(document: Callable[[], dict[str, Any]], *, public: bool) -> APIRouter:
    """A router of one route, which the document leaves out.

    Args:
        public: no key is needed; else any good one will do.
    """
    router = APIRouter(dependencies=[] if public else [Depends(Authorize("read", "document", counted=False))])

    @router.get(DOCUMENT, include_in_schema=False)
    async def openapi() -> JSONResponse:
        return JSONResponse(document())

    return router
