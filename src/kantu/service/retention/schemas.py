"""Kept exchanges as clients see them."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from kantu.service.database.schemas import FromRecord, ListOf
from kantu.service.retention.service import Listed, Opened


class HistoryItem(FromRecord):
    """一次提问，不含全文。"""

    id: str = Field(examples=["hist_3f0c9a61b2d84e57a0c1d2e3"])
    object: Literal["history.item"] = "history.item"
    created_at: int = Field(description="回答的时间（Unix 秒）")
    expires_at: int = Field(description="到期的时间（Unix 秒），之后不再存在")
    kind: str = Field(description="任务的名字；chat 是对话补全")
    model: str
    title: str = Field(description="问题的开头")
    pictures: int = Field(description="图片的张数，用 /v1/history/{id}/pictures/{n} 读，从 0 开始")

    @classmethod
    def of(cls, listed: Listed) -> HistoryItem:
        """What a list shows."""
        return cls(**_item(listed))


class HistoryList(ListOf[HistoryItem]):
    """一页提问。"""


class HistoryObject(HistoryItem):
    """一次提问的全文。"""

    question: Any = Field(description='对话补全是各条消息，任务是填的内容；图片写成 {"picture": n}')
    answer: Any = Field(description="对话补全是各个回答的文字，任务是结果")

    @classmethod
    def opened(cls, opened: Opened) -> HistoryObject:
        """All but the pictures."""
        return cls(**_item(opened.listed), question=opened.question, answer=opened.answer)


class HistoryDeleted(BaseModel):
    """删除的结果。"""

    id: str
    object: Literal["history.item"] = "history.item"
    deleted: Literal[True] = True


class HistoryCleared(BaseModel):
    """全部删除的结果。"""

    object: Literal["history"] = "history"
    deleted: int = Field(description="删了多少条")


def _item(listed: Listed) -> dict[str, Any]:
    record = listed.record
    return {
        "id": record.id,
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "kind": listed.kind,
        "model": listed.model,
        "title": listed.title,
        "pictures": record.pictures,
    }
