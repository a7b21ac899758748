"""A model that answers at once, and pictures for it."""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Unpack

from PIL import Image

from kantu.errors import error
from kantu.solve.result import Finding, PictureBox, Review, Suggestion, TaskResult, TaskTimings, TaskUsage, TaskVersion
from kantu.tasks.task import Task
from kantu.vlm.tasks import Images, TaskMethods, TaskOptions, known_task


def png(colour: str = "white", size: tuple[int, int] = (32, 32)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "PNG")
    return buffer.getvalue()


def pictures(folder: Path, count: int) -> Path:
    """A folder of that many pictures, no two alike."""
    folder.mkdir(exist_ok=True)
    for number in range(count):
        (folder / f"{number:03}.png").write_bytes(png(f"#{number:06x}"))
    return folder


def result(
    record: Any, *, task: str = "order", confidence: float | None = 0.9, fields: Mapping[str, Finding] | None = None
) -> TaskResult[Any]:
    return TaskResult[Any](
        task=TaskVersion(name=task, title="任务", version="0"),
        result=record,
        confidence=confidence,
        fields=dict(fields or {}),
        review=Review(needed=False),
        model="fake",
        usage=TaskUsage(),
        timings=TaskTimings(),
    )


def finding(confidence: float | None, *boxes: tuple[int, int, int, int]) -> Finding:
    return Finding(confidence=confidence, boxes=tuple(PictureBox(x1=a, y1=b, x2=c, y2=d) for a, b, c, d in boxes))


class FakeModel(TaskMethods):
    """Answers with the names of its pictures, fails for those called `broken`, and suggests for those called `vague`.

    Attributes:
        asked: what was asked, in the order in which it came.
        most: how many were under way at once.
    """

    def __init__(self, broken: tuple[str, ...] = (), dies_at: int | None = None, vague: tuple[str, ...] = ()) -> None:
        self.broken, self.dies_at, self.vague = broken, dies_at, vague
        self.asked: list[tuple[list[str], dict[str, str]]] = []
        self.most = self._running = 0
        self._lock = threading.Lock()

    def run(
        self, task: Task | str, images: Images, given: Mapping[str, str] | None = None, **options: Unpack[TaskOptions]
    ) -> TaskResult[Any]:
        assert isinstance(images, list)
        names = [image.name if isinstance(image, Path) else "bytes" for image in images]
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
        try:
            known_task(task).instruct(**(given or {}))
            with self._lock:
                if len(self.asked) == self.dies_at:
                    raise error("engine_closed")
                self.asked.append((names, dict(given or {})))
            if set(names) & set(self.broken):
                raise error("image_damaged")
            if set(names) & set(self.vague):
                better = Suggestion(message="问得不清楚。", questions=("几件？",))
                return result(None).model_copy(update={"suggestion": better})
            return result("、".join(names))
        finally:
            with self._lock:
                self._running -= 1

    def __enter__(self) -> FakeModel:
        return self

    def __exit__(self, *_: object) -> None:
        pass
