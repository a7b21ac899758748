"""Typed tasks in Python: `run`, and a method for each task that comes with Kantu."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

from kantu.aigc import LabelPolicy
from kantu.engine.cancellation import Cancellation
from kantu.errors import error, listed
from kantu.processing.conversation import ImageSource
from kantu.solve.calibration import Calibration
from kantu.solve.reader import Reader
from kantu.solve.result import TaskResult
from kantu.tasks import builtin, results
from kantu.tasks.checks import word_list
from kantu.tasks.extract import Wanted, extract_task
from kantu.tasks.task import Task

Images = ImageSource | Sequence[ImageSource]


class TaskOptions(TypedDict, total=False):
    """How a task is run. All are optional.

    Attributes:
        evidence: False asks for no boxes beside those in the record: faster.
        force: ask a question that points at nothing (它是什么？) all the same; only `ask` suggests better ones instead.
        reader: who reads printed lines, to check values and to place boxes.
        max_pixels: pixel budget of each picture, instead of the task's.
        calibration: what makes confidences of probabilities, instead of that of the model's folder.
        timeout_seconds: the task fails with `DeadlineExceededError` if it takes longer.
        cancellation: ends the task from another thread; it fails with `CancelledError` then.
        labels: which label the result has; by default as the environment says (`LabelPolicy.from_environment`).
    """

    evidence: bool
    force: bool
    reader: Reader | None
    max_pixels: int | None
    calibration: Calibration
    timeout_seconds: float | None
    cancellation: Cancellation | None
    labels: LabelPolicy


class TaskMethods(ABC):
    """What a model offers of tasks.

    Every method takes one picture or a list of them (path, data: URL, bytes or PIL image) and `TaskOptions`, and
    returns a `TaskResult`. Errors are those of `VLM.ask`, and `task_answer_invalid` from a server that does not keep to
    schemas.
    """

    @abstractmethod
    def run(
        self, task: Task | str, images: Images, given: Mapping[str, str] | None = None, **options: Unpack[TaskOptions]
    ) -> TaskResult[Any]:
        """Run a task, one that comes with Kantu by its name.

        Args:
            given: the variables of the task's instruction; of a task without one, its `question`.

        Raises:
            NotFoundError: `task_not_found`; InvalidRequestError: `task_variables`, `task_needs_picture`.
        """

    def read(self, images: Images, **options: Unpack[TaskOptions]) -> TaskResult[str]:
        """文字识别: all text, line by line in reading order."""
        return self.run(builtin.READ, images, **options)

    def read_boxes(self, images: Images, **options: Unpack[TaskOptions]) -> TaskResult[results.TextLines]:
        """文字识别: all lines, each with its box."""
        return self.run(builtin.READ_BOXES, images, **options)

    def locate(self, images: Images, target: str, **options: Unpack[TaskOptions]) -> TaskResult[results.Boxes]:
        """定位: where `target`, a text or a thing, stands."""
        return self.run(builtin.LOCATE, images, {"target": target}, **options)

    def order(
        self, images: Images, question: str | None = None, **options: Unpack[TaskOptions]
    ) -> TaskResult[results.OrderResult]:
        """订单截图客服: status and numbers, what is happening, advice, a reply to the buyer who asks `question`."""
        return self.run(builtin.ORDER, images, _given(question=question), **options)

    def match(self, images: Images, text: str, **options: Unpack[TaskOptions]) -> TaskResult[results.MatchResult]:
        """图文匹配: whether `text` fits the picture, and which phrase does not."""
        return self.run(builtin.MATCH, images, {"text": text}, **options)

    def moderate(
        self,
        images: Images,
        text: str | None = None,
        *,
        words: str | os.PathLike[str] | None = None,
        **options: Unpack[TaskOptions],
    ) -> TaskResult[results.ModerateResult]:
        """内容审核: the verdict on a picture and a text together.

        Args:
            words: a file with a list of words of your own (docs/tasks.md), in place of the one that comes with Kantu.

        Raises:
            InvalidRequestError: `word_list_invalid`.
        """
        task = builtin.MODERATE if words is None else builtin.moderate_with(word_list.load(Path(words)))
        return self.run(task, images, _given(text=text), **options)

    def problem(self, images: Images, **options: Unpack[TaskOptions]) -> TaskResult[results.ProblemResult]:
        """题目截图: the problem as printed, steps and answer."""
        return self.run(builtin.PROBLEM, images, **options)

    def chart(self, images: Images, **options: Unpack[TaskOptions]) -> TaskResult[results.ChartResult]:
        """图表解读: the chart as a table, its title, unit and conclusion."""
        return self.run(builtin.CHART, images, **options)

    def ui(self, images: Images, **options: Unpack[TaskOptions]) -> TaskResult[results.Controls]:
        """界面: the controls, each with kind, name, state and box."""
        return self.run(builtin.UI, images, **options)

    def ui_point(self, images: Images, x: int, y: int, **options: Unpack[TaskOptions]) -> TaskResult[results.Control]:
        """界面（某一点）: the control at a point in thousandths of the picture's width and height, 0 to 1000."""
        return self.run(builtin.UI_POINT, images, {"x": str(x), "y": str(y)}, **options)

    def copy(self, images: Images, **options: Unpack[TaskOptions]) -> TaskResult[results.CopyResult]:
        """商品图→文案: title, selling points, body, and the printed facts they rest on."""
        return self.run(builtin.COPY, images, **options)

    def extract(self, images: Images, wanted: Wanted, **options: Unpack[TaskOptions]) -> TaskResult[Any]:
        """字段抽取: a mapping of the keys, a record of the JSON schema, or an instance of the pydantic model."""
        task, given = extract_task(wanted)
        return self.run(task, images, given, **options)


def known_task(task: Task | str) -> Task:
    """The task itself, or the one that comes with Kantu by this name.

    Raises NotFoundError (`task_not_found`).
    """
    if isinstance(task, Task):
        return task
    if task not in builtin.TASKS:
        raise error("task_not_found.named", name=task, names=listed(builtin.TASKS))
    return builtin.TASKS[task]


def _given(**values: str | None) -> dict[str, str]:
    return {name: value for name, value in values.items() if value is not None}
