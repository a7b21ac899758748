"""The body and the answers of the tasks' endpoints."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from kantu.solve.result import TaskResult
from kantu.tasks.given import NumberOrText
from kantu.tasks.task import Task


class _Body(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TaskRequest(_Body):
    """一个任务：图片，加任务要填的内容。"""

    model: StrictStr
    images: list[StrictStr] = Field(
        default_factory=list, description="图片：data: 网址、允许的网址，或上传文件的 id（file-…）"
    )
    input: dict[str, NumberOrText] = Field(
        default_factory=dict, description="任务要填的内容，见 GET /v1/tasks 的 input；整数也可以写成数"
    )
    evidence: StrictBool = Field(True, description="是否查找各字段在图中的位置；false 更快")
    force: StrictBool = Field(False, description="问题没有指明对象（如“它是什么？”）也照问；只对 ask 有用")
    max_pixels: StrictInt | None = Field(None, description="每张图片的像素上限，代替任务自己的")


class TaskInput(BaseModel):
    """要填的一项。"""

    name: str
    default: str | None = Field(description="不填时的内容；null 表示必须填")


class TaskDescription(BaseModel):
    """一个任务。"""

    object: Literal["task"] = "task"
    id: str
    title: str
    instruction: str = Field(description="给模型的话；{…} 处填入 input；空表示直接用 input.question")
    input: list[TaskInput]
    result_schema: dict[str, Any] | None = Field(description="结果的 JSON Schema；null 表示结果是文字")
    max_pixels: int | None = Field(
        description="每张图片的像素预算（1024 像素 = 1 个视觉词元），可用请求的 max_pixels 代替；null 表示由模型决定"
    )

    @classmethod
    def of(cls, task: Task) -> TaskDescription:
        """What a client needs to know of a task."""
        return cls(
            id=task.name,
            title=task.title,
            instruction=task.instruction,
            input=[TaskInput(name=name, default=task.defaults.get(name)) for name in task.variables],
            result_schema=task.schema(),
            max_pixels=task.max_pixels,
        )


class TaskList(BaseModel):
    """全部任务。"""

    object: Literal["list"] = "list"
    data: list[TaskDescription]


class TaskAnswer(TaskResult[Any]):
    """一个任务的结果。"""

    object: Literal["task.result"] = "task.result"
    id: str
    created: int
