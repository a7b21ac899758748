"""/v1/files: upload, list, look at, read and delete files."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import FileResponse

from kantu.errors import error
from kantu.service.access import Authorize, part
from kantu.service.actor import Actor
from kantu.service.files.download import Download
from kantu.service.files.record import check_upload_purpose
from kantu.service.files.schemas import UPLOAD_BODY, FileDeleted, FileList, FileObject, ListFiles
from kantu.service.files.service import FileService
from kantu.service.files.upload import Form, read_form
from kantu.service.pictures import Pictures

router = APIRouter(prefix="/v1/files", tags=["files"])

Creator = Annotated[Actor, Depends(Authorize("create", "files"))]
Reader = Annotated[Actor, Depends(Authorize("read", "files"))]
Deleter = Annotated[Actor, Depends(Authorize("delete", "files"))]
Files = Annotated[FileService, Depends(part(FileService))]


@router.post("", summary="上传文件", openapi_extra=dict(UPLOAD_BODY))
async def upload(
    request: Request, actor: Creator, files: Files, pictures: Annotated[Pictures, Depends(part(Pictures))]
) -> FileObject:
    """上传图片（purpose 为 vision 或 user_data）或批处理的输入（purpose 为 batch）。图片立即检查，不合格的不保存。"""
    async with files.draft(actor) as draft:
        form = await read_form(request.headers.get("content-type"), request.stream(), draft)
        purpose = check_upload_purpose(form.fields["purpose"])
        record = await files.keep(
            actor, form.filename, purpose, draft, _expires_after(form), check_picture=pictures.check
        )
    return FileObject.model_validate(record)


@router.get("", summary="列出文件")
async def list_files(
    actor: Reader,
    files: Files,
    query: Annotated[ListFiles, Query()],
) -> FileList:
    """列出自己的文件。"""
    records, more = await files.list(
        actor, purpose=query.purpose, after=query.after, limit=query.limit, order=query.order
    )
    return FileList.of(records, more)


@router.get("/{file_id}", summary="查看文件")
async def get_file(file_id: str, actor: Reader, files: Files) -> FileObject:
    """一个文件的信息。"""
    return FileObject.model_validate(await files.get(actor, file_id))


@router.get(
    "/{file_id}/content",
    summary="下载文件",
    response_class=FileResponse,
    responses={200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_content(file_id: str, actor: Reader, files: Files) -> Download:
    """一个文件的内容，原样。"""
    record = await files.get(actor, file_id)
    path = await files.path(record)
    return Download(path, record.filename)


@router.delete("/{file_id}", summary="删除文件")
async def delete_file(file_id: str, actor: Deleter, files: Files) -> FileDeleted:
    """删除一个文件和它的内容。"""
    await files.delete(actor, file_id)
    return FileDeleted(id=file_id)


def _expires_after(form: Form) -> int | None:
    anchor, seconds = (form.fields.get(f"expires_after[{name}]") for name in ("anchor", "seconds"))
    if anchor is None and seconds is None:
        return None
    if (
        anchor != "created_at"
        or seconds is None
        or not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 12)
    ):
        raise error("invalid_expires_after")
    return int(seconds)
