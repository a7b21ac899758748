"""GET /v1/tasks and POST /v1/tasks/{task} over HTTP."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.http.json_route import JsonRoute
from kantu.service.http.work_response import WorkResponse
from kantu.service.tasks.examples import REQUEST, RESPONSES
from kantu.service.tasks.schemas import TaskDescription, TaskList, TaskRequest
from kantu.service.tasks.service import TaskService

router = APIRouter(tags=["tasks"], route_class=JsonRoute)


@router.get("/v1/tasks", summary="有哪些任务，各要填什么、结果是什么样")
async def list_tasks(
    actor: Annotated[Actor, Depends(Authorize("read", "tasks"))],
    service: Annotated[TaskService, Depends(part(TaskService))],
) -> TaskList:
    """内置任务与自己的任务。"""
    return TaskList(data=[TaskDescription.of(task) for task in service.tasks.values()])


@router.post("/v1/tasks/{task}", summary="做一个任务：有类型的结果，附把握和图中位置", responses=RESPONSES)
async def run_task(
    request: Request,
    task: str,
    actor: Annotated[Actor, Depends(Authorize("create", "tasks"))],
    body: Annotated[TaskRequest, REQUEST],
    service: Annotated[TaskService, Depends(part(TaskService))],
) -> WorkResponse:
    """结果符合任务的 JSON Schema；每个字段有把握（0 到 1）、图中位置（原图像素）和核对出的问题。

    `review.needed` 为 true 时应由人复核，`review.reasons` 是原因。
    """
    return WorkResponse(lambda: service.run(actor, task, body, request.state.deadline))
