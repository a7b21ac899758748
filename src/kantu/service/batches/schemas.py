"""Batches as clients see them: OpenAI's shapes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from kantu.service.batches.record import Batch, Problem, Status
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
    endpoint: Literal["/v1/chat/completions"]
    completion_window: Literal["24h"]
    metadata: Annotated[dict[_Key, _Value], Field(max_length=16)] | None = None
    output_expires_after: OutputExpiresAfter | None = None


class ListBatches(BaseModel):
    """哪些批处理。"""

    model_config = ConfigDict(frozen=True, extra="forbid")

    limit: int = Field(20, ge=1, le=100, description="最多多少个")
    after: str | None = Field(None, description="从这个批处理之后开始")


class BatchProblem(BaseModel):
    """输入文件里的一个错误。"""

    code: str
    message: str
    param: str | None
    line: int | None = Field(description="第几行，从 1 开始")


class BatchProblems(BaseModel):
    """输入文件里的错误。"""

    object: Literal["list"] = "list"
    data: list[BatchProblem]


class RequestCounts(BaseModel):
    """请求数。"""

    total: int
    completed: int
    failed: int


class BatchObject(BaseModel):
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
        return cls(
            id=batch.id,
            endpoint=batch.endpoint,
            errors=BatchProblems(data=problems) if problems else None,
            input_file_id=batch.input_file_id,
            completion_window=batch.completion_window,
            status=batch.status,
            output_file_id=batch.output_file_id,
            error_file_id=batch.error_file_id,
            created_at=batch.created_at,
            in_progress_at=batch.in_progress_at,
            expires_at=batch.expires_at,
            finalizing_at=batch.finalizing_at,
            completed_at=batch.completed_at,
            failed_at=batch.failed_at,
            expired_at=batch.expired_at,
            cancelling_at=batch.cancelling_at,
            cancelled_at=batch.cancelled_at,
            request_counts=RequestCounts(total=batch.total, completed=batch.completed, failed=batch.failed),
            metadata=batch.metadata,
        )


class BatchList(BaseModel):
    """一页批处理。"""

    object: Literal["list"] = "list"
    data: list[BatchObject]
    first_id: str | None
    last_id: str | None
    has_more: bool


def _problem(problem: Problem, language: Language) -> BatchProblem:
    message = problem.message if language == "zh" else problem.message_en
    return BatchProblem(code=problem.code, message=message, param=problem.param, line=problem.line)
