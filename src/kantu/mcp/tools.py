"""A task as a tool: its name, what it takes and gives, all made of the task's own data."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from mcp_types import Tool, ToolAnnotations
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictStr, ValidationError, create_model

from kantu.mcp.output import output_schema
from kantu.processing.validation import fault
from kantu.tasks.builtin import TASKS
from kantu.tasks.given import NumberOrText
from kantu.tasks.task import Task

# What the variables of the built-in tasks mean; those of a user's own task are told by its instruction.
_MEANINGS = {
    "question": "要问的问题",
    "target": "要找的文字或物体",
    "text": "与图片放在一起看的文字",
    "x": "横坐标：图宽的千分之几，0 到 1000 的整数",
    "y": "纵坐标：图高的千分之几，0 到 1000 的整数",
    "keys": "要提取的字段，用顿号隔开，如“商家、金额”",
}
_READ_ONLY = {"read_only_hint": True, "destructive_hint": False, "open_world_hint": False}
_WISHES = ("evidence", "force", "model")


@dataclass(frozen=True)
class Call:
    """What a client asks for.

    Attributes:
        model: None leaves it to the server.
    """

    task: Task
    images: tuple[str, ...]
    given: Mapping[str, str]
    evidence: bool = True
    force: bool = False
    model: str | None = None


@dataclass(frozen=True)
class TaskTool:
    """One task.

    Attributes:
        picture: what a picture is named by, in Chinese.
        models: what `model` may be, the default first; without any there is no such argument.
    """

    task: Task
    picture: str
    models: tuple[str, ...] = ()

    @cached_property
    def definition(self) -> Tool:
        """As clients are told of it."""
        task = self.task
        schema = self._arguments.model_json_schema()
        for argument in schema["properties"].values():
            argument.pop("title")  # pydantic's, made of the name
        return Tool(
            name=task.name,
            title=task.title,
            description=_description(task),
            input_schema={**schema, "title": task.title},
            output_schema=output_schema(task),
            annotations=ToolAnnotations(title=task.title, **_READ_ONLY),
        )

    def read(self, arguments: Mapping[str, Any]) -> Call:
        """The call that a client's arguments make.

        Raises InvalidRequestError: `unknown_parameter`, `missing_parameter`, `invalid_parameter`.
        """
        try:
            read = dict(self._arguments.model_validate(dict(arguments)))
        except ValidationError as failure:
            wrong = fault(failure.errors(include_url=False), arguments)
            assert wrong is not None  # arguments are an object, so that every fault has a name
            raise wrong from None
        given = {name: read[f"variable_{at}"] for at, name in enumerate(self.task.variables)}
        wishes = {name: read[name] for name in _WISHES if name in read}
        return Call(self.task, tuple(read["images"]), given, **wishes)

    @cached_property
    def _arguments(self) -> type[BaseModel]:
        """Checks arguments, and describes them. Its fields have names of their own, as variables may have any."""
        task = self.task
        fields: dict[str, Any] = {"images": (self._images, Field(alias=self._named("images")))}
        for at, name in enumerate(task.variables):
            told = _MEANINGS.get(name) if task.name in TASKS else None
            default = task.defaults.get(name, ...)
            kind = NumberOrText if name in task.thousandths else StrictStr
            fields[f"variable_{at}"] = (kind, Field(default, alias=name, description=told))
        fields["evidence"] = (
            StrictBool,
            Field(True, alias=self._named("evidence"), description="是否查找各字段在图中的位置；false 更快"),
        )
        fields["force"] = (
            StrictBool,
            Field(
                False, alias=self._named("force"), description="问题没有指明对象（如“它是什么？”）也照问；只对 ask 有用"
            ),
        )
        if self.models:
            told = f"模型：{'、'.join(self.models)}；不填用 {self.models[0]}"
            fields["model"] = (StrictStr, Field(self.models[0], alias=self._named("model"), description=told))
        return create_model(task.name, __config__=ConfigDict(extra="forbid"), **fields)

    @property
    def _images(self) -> Any:
        least = 1 if self.task.needs_picture else 0
        told = self.picture + ("；可以没有图片" if least == 0 else "")
        return Annotated[list[StrictStr], Field(min_length=least, description=told)]

    def _named(self, name: str) -> str:
        """An argument of ours; a variable of the same name goes before."""
        while name in self.task.variables:
            name += "_"
        return name


def tools_of(tasks: Iterable[Task], picture: str, models: Collection[str] = ()) -> dict[str, TaskTool]:
    """A tool for each task, by name."""
    return {task.name: TaskTool(task, picture, tuple(models)) for task in tasks}


def _description(task: Task) -> str:
    if not task.instruction:
        return f"{task.title}：就图片提一个问题，得到一段回答。"
    return f"{task.title}。模型会照这样做：{task.instruction}"
