"""The tasks that come with Kantu. Generic ones so far; those of business follow."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, Field, RootModel

from kantu.tasks import judges
from kantu.tasks.task import Task

_SMALL_TEXT_PIXELS = 1_280 * 32 * 32  # 1,280 visual tokens: a phone's screenshot unshrunk
_SCENE_PIXELS = 448 * 448

ORDER_FIELDS = ("price", "goods", "number", "date", "shop", "button")
"""What an order screen is asked for most, as kinds of question; `status` is told apart."""


class LabelledBox(BaseModel, extra="forbid"):
    """One found thing; corners in thousandths of the picture's width and height, as Qwen3-VL writes them."""

    bbox_2d: tuple[int, int, int, int]
    label: str = Field(max_length=80)


class Boxes(RootModel[list[LabelledBox]]):
    """What was found, in reading order."""


class Record(RootModel[dict[str, Any]]):
    """Fields by the words that stand beside them."""


ASK = Task("ask", "图文问答", judges.states, max_pixels=_SCENE_PIXELS)
READ = Task(
    "read",
    "文字识别",
    judges.transcribes,
    instruction="识别图中全部文字，按阅读顺序逐行写出。",
    max_pixels=_SMALL_TEXT_PIXELS,
)
LOCATE = Task(
    "locate",
    "定位",
    judges.overlaps,
    instruction="“{target}”在图中什么位置？",
    result=Boxes,
    max_pixels=_SMALL_TEXT_PIXELS,
)
EXTRACT = Task(
    "extract",
    "字段抽取",
    judges.equal_fields,
    instruction="提取图中的字段，写成 JSON。",
    result=Record,
    max_pixels=_SMALL_TEXT_PIXELS,
)

TASKS: Mapping[str, Task] = MappingProxyType({task.name: task for task in (ASK, READ, LOCATE, EXTRACT)})
"""By name."""
