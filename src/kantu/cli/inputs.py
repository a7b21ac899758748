"""Which of a command's words are pictures. A name that was misspelt must not become part of what is asked: the answer
would be about other pictures than the user thinks."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kantu.errors import error

if TYPE_CHECKING:
    from kantu.tasks.task import Task

_LIKE_A_FILE = re.compile(r"^(?:[./~\\]|[A-Za-z]:[/\\]|data:)|://|\.[A-Za-z][A-Za-z0-9]{1,4}$")


def may_be_picture(word: str) -> bool:
    """Whether a word is a file or a folder, or reads like the name or the address of one."""
    return os.path.exists(word) or _LIKE_A_FILE.search(word) is not None  # noqa: PTH110 - as below


def is_file(word: str) -> bool:
    """As `Path.is_file`, which raises for a question longer than a file name may be."""
    return os.path.isfile(word)  # noqa: PTH113


def pictures_and_texts(inputs: Sequence[str], task: Task) -> tuple[list[str], list[str]]:
    """Pictures are the files that stand first."""
    count = next((at for at, word in enumerate(inputs) if not is_file(word)), len(inputs))
    pictures, texts = list(inputs[:count]), list(inputs[count:])
    needed = sum(name not in task.defaults for name in task.variables)
    if not pictures or _begin_with_a_misspelt_picture(texts, needed):
        word = inputs[count]
        raise error("image_unreadable" if os.path.exists(word) else "image_not_found", path=word)  # noqa: PTH110
    return pictures, texts


def _begin_with_a_misspelt_picture(texts: Sequence[str], needed: int) -> bool:
    """Texts that are needed, and a text that stands alone, may also be addresses: they may be what is asked about."""
    if len(texts) <= needed:
        return False
    first, *more = texts
    if more:
        return may_be_picture(first) or any(map(is_file, more))
    from kantu.batch.inputs import PICTURE_SUFFIXES

    return Path(first).suffix.lower() in PICTURE_SUFFIXES
