"""Files as clients see them: OpenAI's shapes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, Field

from kantu.service.database.repository import Order
from kantu.service.database.schemas import FromRecord, ListOf, ListQuery
from kantu.service.files.record import Purpose


class ListFiles(ListQuery):
    """哪些文件。"""

    limit: int = Field(10_000, ge=1, le=10_000, description="最多多少个")
    after: str | None = Field(None, description="从这个文件之后开始")
    order: Order = Field("desc", description="按上传时间：asc 旧的在前，desc 新的在前")
    purpose: Purpose | None = Field(None, description="只列出这种用途的")


class FileObject(FromRecord):
    """一个文件。"""

    id: str = Field(examples=["file-3f0c9a61b2d84e57a0c1d2e3"])
    object: Literal["file"] = "file"
    bytes: int = Field(validation_alias="size", description="内容的字节数")
    created_at: int = Field(description="上传的时间（Unix 秒）")
    expires_at: int = Field(description="到期的时间（Unix 秒），之后文件不再存在")
    filename: str = Field(examples=["order.png"])
    purpose: Purpose
    status: Literal["processed"] = "processed"
    status_details: None = None


class FileList(ListOf[FileObject]):
    """一页文件。"""


class FileDeleted(BaseModel):
    """删除的结果。"""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


UPLOAD_BODY: Mapping[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["file", "purpose"],
                    "properties": {
                        "file": {"type": "string", "format": "binary", "description": "图片，或批处理的 JSONL"},
                        "purpose": {
                            "type": "string",
                            "enum": ["vision", "user_data", "batch"],
                            "description": "vision 与 user_data 是图片，batch 是批处理的输入",
                        },
                        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
                        "expires_after[seconds]": {
                            "type": "integer",
                            "minimum": 1,
                            "description": "保存多少秒；默认与最长为 store.file_days 天",
                        },
                    },
                }
            }
        },
    }
}
"""The body of an upload in the OpenAPI document: it is read as it arrives, so the framework cannot tell."""
