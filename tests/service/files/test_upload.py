"""Forms as they arrive."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from kantu.errors import InvalidRequestError
from kantu.service.disk.room import DiskRoom
from kantu.service.files.content import ContentStore
from kantu.service.files.upload import Form, read_form
from tests.service.files.conftest import stream

BOUNDARY = "multipart/form-data; boundary=xyz"


def _encode(fields: Mapping[str, str], *files: tuple[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    request = httpx.Request("POST", "http://kantu", data=fields, files=list(files))
    return request.headers["content-type"], request.read()


def _read(folder: Path, content_type: str | None, body: bytes, piece: int = 2**16) -> tuple[Form, bytes]:
    async def read() -> tuple[Form, bytes]:
        async with ContentStore(folder, DiskRoom(folder, 0)).draft() as draft:
            pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
            form = await read_form(content_type, stream(*pieces), draft)
            await draft.flush()
            return form, draft.read()

    return asyncio.run(read())


def _refused(folder: Path, content_type: str | None, body: bytes) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        _read(folder, content_type, body)
    return caught.value.code


@pytest.mark.parametrize("piece", [1, 7, 2**16])
def test_a_form_cut_anywhere_gives_the_file_and_its_fields(folder: Path, piece: int) -> None:
    data = bytes(range(256)) + b"\r\n--xy\r\n--" + bytes(100)
    fields = {"purpose": "batch", "expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    content_type, body = _encode(fields, ("file", ("看图.jsonl", data)))
    form, read = _read(folder, content_type, body, piece)
    assert read == data
    assert form == Form("看图.jsonl", fields)


def test_the_file_may_come_before_its_purpose(folder: Path) -> None:
    part = 'Content-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    body = "--xyz\r\n" + part.format("file", '; filename="a"', "data")
    body += "--xyz\r\n" + part.format("purpose", "", "vision") + "--xyz--\r\n"
    form, read = _read(folder, BOUNDARY, body.encode())
    assert (form, read) == (Form("a", {"purpose": "vision"}), b"data")


@pytest.mark.parametrize(
    ("parameters", "name"),
    [
        ("filename*=UTF-8''%E5%9B%BE.jsonl", "图.jsonl"),
        ("filename*=utf-8'zh-CN'%E5%9B%BE.jsonl", "图.jsonl"),
        ("filename=\"_.jsonl\"; filename*=UTF-8''%E5%9B%BE.jsonl", "图.jsonl"),
        ("filename*=UTF-8''%E5%9B%BE.jsonl; filename=\"_.jsonl\"", "图.jsonl"),
        ("FileName*=ISO-8859-1'en'%A3.jsonl", "£.jsonl"),
        ("filename=\"_.jsonl\"; filename*=UTF-8''%FF.jsonl", "_.jsonl"),  # not UTF-8
        ("filename=\"_.jsonl\"; filename*=KLINGON''%41", "_.jsonl"),
        ("filename=\"_.jsonl\"; filename*=unicode-escape''%5Cu0041", "_.jsonl"),
        ("filename=\"_.jsonl\"; filename*=UTF-8''", "_.jsonl"),
        ('filename="_.jsonl"; filename*=', "_.jsonl"),
        ("filename=\"a; filename*=UTF-8''b\"", "a; filename*=UTF-8''b"),  # within quotes
        ('filename="图.jsonl"', "图.jsonl"),
        ('filename="%E5%9B%BE.jsonl"', "%E5%9B%BE.jsonl"),  # only the star says that it is encoded
    ],
)
def test_a_name_in_another_encoding_is_read(folder: Path, parameters: str, name: str) -> None:
    part = 'Content-Disposition: form-data; name="{}"{}\r\n\r\n{}\r\n'
    body = "--xyz\r\n" + part.format("purpose", "", "batch")
    body += "--xyz\r\n" + part.format("file", "; " + parameters, "data") + "--xyz--\r\n"
    assert _read(folder, BOUNDARY, body.encode()) == (Form(name, {"purpose": "batch"}), b"data")


@pytest.mark.parametrize(
    "content_type", [None, "", "application/json", "multipart/form-data", "multipart/mixed; boundary=x"]
)
def test_other_bodies_are_no_uploads(folder: Path, content_type: str | None) -> None:
    assert _refused(folder, content_type, b"{}") == "unsupported_media_type"


@pytest.mark.parametrize("missing", ["file", "purpose"])
def test_file_and_purpose_are_needed(folder: Path, missing: str) -> None:
    parts = {"file": '; filename="a"\r\n\r\ndata', "purpose": "\r\n\r\nvision"}
    ((name, rest),) = (item for item in parts.items() if item[0] != missing)
    body = f'--xyz\r\nContent-Disposition: form-data; name="{name}"{rest}\r\n--xyz--\r\n'
    with pytest.raises(InvalidRequestError) as caught:
        _read(folder, BOUNDARY, body.encode())
    assert (caught.value.code, caught.value.param) == ("missing_parameter", missing)


def test_unknown_fields_are_refused(folder: Path) -> None:
    assert (
        _refused(folder, *_encode({"purpose": "vision", "colour": "red"}, ("file", ("a", b"")))) == "unknown_parameter"
    )


def test_two_files_are_refused(folder: Path) -> None:
    form = _encode({"purpose": "vision"}, ("file", ("a", b"1")), ("file", ("b", b"2")))
    assert _refused(folder, *form) == "invalid_multipart"


def test_a_long_field_is_refused(folder: Path) -> None:
    assert _refused(folder, *_encode({"purpose": "x" * 2000}, ("file", ("a", b"")))) == "invalid_multipart"


def test_a_form_that_is_cut_off_is_refused(folder: Path) -> None:
    content_type, body = _encode({"purpose": "batch"}, ("file", ("a", b"data" * 100)))
    for end in (0, 1, len(body) // 2, len(body) - 60, len(body) - 6):
        assert _refused(folder, content_type, body[:end]) == "invalid_multipart"


@pytest.mark.parametrize(
    "body",
    [
        b"nothing like a form",
        b"--xyz\r\nno colon\r\n\r\n",
        b"--xyz\r\n" + b"A: b\r\n" * 10_000,
        b"--xyz\r\nA: " + b"b" * 2**20,
    ],
)
def test_what_is_no_form_is_refused(folder: Path, body: bytes) -> None:
    assert _refused(folder, BOUNDARY, body) == "invalid_multipart"
