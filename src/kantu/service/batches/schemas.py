"""Batches as clients see them: OpenAI's shapes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kantu.service.batches.record import ENDPOINTS, Batch, Endpoint, Problem, Status
from kantu.service.database.repository import fields_of
from kantu.service.database.schemas import FromRecord, ListOf, ListQuery
from kantu.service.language import Language

_Key = Annotated[str, StringConstraints(max_length=64)]
_Value = Annotated[str, StringConstraints(max_length=512)]


class OutputExpiresAfter(BaseModel):
    """结果文件保存多久。"""

    model_config = ConfigDict(extra="forbid")

    anchor: Literal["created_at"] = Field(description="从结果文件写好时算起")
    seconds: int = Field(ge=1, description="秒数，最长为 store.file_days 天")


class CreateBatch(BaseModel):
    """开始一个批处理。"""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "input_file_id": "file-3f0c9a61b2d84e57a0c1d2e3",
                    "endpoint": "/v1/chat/completions",
                    "completion_window": "24h",
                }
            ]
        },
    )

    input_file_id: str = Field(description="上传的 JSONL，purpose 为 batch")
    endpoint: Endpoint = Field(
        pattern=ENDPOINTS, description="/v1/chat/completions、/v1/responses 或 /v1/tasks/ 加任务名"
    )
    completion_window: Literal["24h"]
    metadata: Annotated[dict[_Key, _Value], Field(max_length=16)] | None = None
    output_expires_after: OutputExpiresAfter | None = None


class ListBatches(ListQuery):
    """哪些批处理。"""

    after: str | None = Field(None, description="从这个批处理之后开始")


class BatchProblem(FromRecord):
    """输入文件里的一个错误。"""

    code: str
    message: str
    param: str | None
    line: int | None = Field(description="第几行，从 1 开始")


class BatchProblems(BaseModel):
    """输入文件里的错误。"""

    object: Literal["list"] = "list"
    data: list[BatchProblem]


class RequestCounts(FromRecord):
    """请求数。"""

    total: int
    completed: int
    failed: int


class BatchObject(FromRecord):
    """一个批处理。"""

    id: str = Field(examples=["batch_3f0c9a61b2d84e57a0c1d2e3"])
    object: Literal["batch"] = "batch"
    endpoint: str
    errors: BatchProblems | None
    input_file_id: str
    completion_window: str
    status: Status
    output_file_id: str | None
    error_file_id: str | None
    created_at: int
    in_progress_at: int | None
    expires_at: int
    finalizing_at: int | None
    completed_at: int | None
    failed_at: int | None
    expired_at: int | None
    cancelling_at: int | None
    cancelled_at: int | None
    request_counts: RequestCounts
    metadata: dict[str, str] | None

    @classmethod
    def of(cls, batch: Batch, language: Language) -> BatchObject:
        """The object of a record."""
        problems = [_problem(problem, language) for problem in batch.problems]
        told = {
            "errors": BatchProblems(data=problems) if problems else None,
            "request_counts": RequestCounts.model_validate(batch),
            "metadata": batch.labels,
        }
        return cls.model_validate(fields_of(batch) | told)


class BatchList(ListOf[BatchObject]):
    """一页批处理。"""


def _problem(problem: Problem, language: Language) -> BatchProblem:
    message = problem.message if language == "zh" else problem.message_en
    return BatchProblem(code=problem.code, message=message, param=problem.param, line=problem.line)
