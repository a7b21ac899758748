"""The pictures of `--draw`: what cannot be written is said before the model is asked."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantu.errors import error
from kantu.output_files import check_outputs

if TYPE_CHECKING:
    from kantu.solve.result import TaskResult
    from kantu.tasks.task import Task


def places(path: Path, pictures: Sequence[str]) -> list[Path]:
    """Where each picture's drawing goes: several are numbered."""
    if len(pictures) == 1:
        return [path]
    return [path.with_stem(f"{path.stem}-{number}") for number in range(1, len(pictures) + 1)]


def check(path: Path, pictures: Sequence[str], task: Task) -> None:
    """Before the work: the drawings can be written, and none takes the place of a picture.

    Raises InvalidRequestError: `output_unwritable`, `drawing_is_input`, and as `picture_format`.
    """
    from kantu.aigc import LabelPolicy
    from kantu.aigc.files import picture_format

    check_outputs(path)  # before it is numbered, which the name of a folder such as "." cannot be
    label = LabelPolicy.from_environment().label(task.name, "")
    for place in places(path, pictures):
        picture_format(place, label)
        check_outputs(place)
        if any(place.exists() and place.samefile(picture) for picture in pictures):
            raise error("drawing_is_input", path=place)


def draw(result: TaskResult[Any], pictures: Sequence[str], path: Path) -> None:
    """Draw a result on each of its pictures.

    Raises as `TaskResult.draw` and `save_picture`.
    """
    from kantu.aigc.files import save_picture

    for number, (picture, place) in enumerate(zip(pictures, places(path, pictures), strict=True)):
        save_picture(result.draw(picture, number), place, result.label)
