"""What is known of a batch: the vocabulary between the layers of this package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from kantu.errors import KantuError, error
from kantu.service.database.ids import Ids
from kantu.service.language import Language

Status = Literal["validating", "in_progress", "finalizing", "completed", "failed", "cancelling", "cancelled", "expired"]

UNFINISHED: tuple[Status, ...] = ("validating", "in_progress", "finalizing", "cancelling")

BATCH_IDS = Ids("batch_")

Endpoint = str
"""Which answers the lines of a batch: an address of `ENDPOINTS`."""
TASKS = "/v1/tasks/"
ENDPOINTS = rf"^(/v1/chat/completions|/v1/responses|{TASKS}[a-z][a-z0-9_]*)$"
WINDOW = "24h"
WINDOW_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a batch failed.

    Attributes:
        line: of the input file, from 1; None if it is not about one line.
    """

    code: str
    message: str
    message_en: str
    param: str | None = None
    line: int | None = None

    @classmethod
    def of(cls, error: KantuError, line: int | None = None) -> Problem:
        """An error, at a line."""
        return cls(error.code, error.message, error.message_en, error.param, line)


@dataclass(frozen=True, slots=True)
class Batch:
    """One batch. Times are unix seconds.

    Attributes:
        key_id: of the key that made it, whose rights and limits its lines have.
        endpoint: which answers its lines.
        language: of the errors in its files.
        labels: OpenAI's `metadata`.
        output_seconds: how long its output files are kept.
        total, completed, failed: lines.
        expires_at: when its completion window ends.
    """

    id: str
    owner: str
    key_id: str
    endpoint: Endpoint
    language: Language
    status: Status
    input_file_id: str
    output_seconds: int
    labels: dict[str, str] | None
    created_at: int
    expires_at: int
    completion_window: str = WINDOW
    total: int = 0
    completed: int = 0
    failed: int = 0
    problems: tuple[Problem, ...] = ()
    output_file_id: str | None = None
    error_file_id: str | None = None
    in_progress_at: int | None = None
    finalizing_at: int | None = None
    completed_at: int | None = None
    failed_at: int | None = None
    expired_at: int | None = None
    cancelling_at: int | None = None
    cancelled_at: int | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """The result of one line.

    Attributes:
        line: of the input file, from 1.
        succeeded: whether it belongs into the output file; else into the error file.
        result: what that file says of it, one line of JSON.
    """

    line: int
    custom_id: str
    succeeded: bool
    result: str

    @property
    def size(self) -> int:
        """Bytes in that file, with the end of the line."""
        return len(self.result.encode()) + 1


def batch_not_found(param: str | None = None) -> KantuError:
    """There is none, or it is somebody else's: nobody can tell which."""
    return error("batch_not_found", param=param)
