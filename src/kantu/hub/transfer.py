"""What a model hub lists, and one checked, resumable file from it. Standard library only.

Two hubs, each by its public HTTP interface:

- Hugging Face: ``GET /api/models/{repo}/revision/{revision}?blobs=true`` gives ``sha`` (the commit) and ``siblings``
  with ``rfilename``, ``size``, ``blobId`` (the git blob's SHA-1) and, for large files, ``lfs.sha256``; a file is
  ``/{repo}/resolve/{commit}/{name}``.
- ModelScope: ``GET /api/v1/models/{repo}/repo/files?Revision=..&Recursive=true`` gives ``Data.Files`` with ``Path``,
  ``Size``, ``Sha256``, ``Type``; a file is ``/models/{repo}/resolve/{revision}/{path}``.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import json
import re
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from kantu.errors import Words, error

HubName = Literal["modelscope", "huggingface"]

_SUFFIXES = (".safetensors", ".json", ".txt", ".jinja")
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_SHA1 = re.compile(r"[0-9a-f]{40}")
_TIMEOUT_SECONDS = 30.0
_LISTING_LIMIT_BYTES = 16 * 1024 * 1024
_CHUNK_BYTES = 1024 * 1024
# ModelScope refuses clients that do not name themselves.
_HEADERS = {"User-Agent": "kantu", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Progress:
    """Bytes fetched so far, of all files together; ``file`` is the one in hand."""

    file: str
    done_bytes: int
    total_bytes: int


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file a pull takes. ``git-sha1`` is what Hugging Face gives for files outside LFS (small text)."""

    name: str
    size: int
    checksum_kind: Literal["sha256", "git-sha1"]
    checksum: str
    url: str


@dataclass(frozen=True, slots=True)
class Listing:
    """The files worth taking, and the commit they belong to (ModelScope: the revision as asked)."""

    commit: str
    files: tuple[RemoteFile, ...]


_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO)


class _InterruptedError(Exception):
    """The transfer broke in a way worth another attempt."""


def list_files(hub: HubName, endpoint: str, repository: str, revision: str) -> Listing:
    """Ask the hub what a repository holds at a revision; keep the files a model needs, sorted by name.

    Raises:
        ModelNotFoundError: no such repository or revision.
        DownloadError: the hub cannot be reached, answers nonsense, or lists an unsafe name or a file without checksum.
    """
    quoted = urllib.parse.quote(revision, safe="")
    if hub == "huggingface":
        data = _get_json(f"{endpoint}/api/models/{repository}/revision/{quoted}?blobs=true", repository)
        commit = str(data.get("sha") or revision)
        entries = [_from_huggingface(entry) for entry in _entries(data.get("siblings"))]
        base = f"{endpoint}/{repository}/resolve/{urllib.parse.quote(commit, safe='')}"
    else:
        url = f"{endpoint}/api/v1/models/{repository}/repo/files?Revision={quoted}&Recursive=true"
        data = _get_json(url, repository)
        payload = data.get("Data")
        listed = _entries(payload.get("Files") if isinstance(payload, dict) else None)
        commit = revision
        entries = [_from_modelscope(entry) for entry in listed if entry.get("Type") != "tree"]
        base = f"{endpoint}/models/{repository}/resolve/{quoted}"
    files = []
    for name, size, kind, checksum in entries:
        _check_name(name)
        if not _wanted(name):
            continue
        pattern = _SHA256 if kind == "sha256" else _SHA1
        if size < 0 or not pattern.fullmatch(checksum):
            raise error("checksum_missing", name=name)
        files.append(RemoteFile(name, size, kind, checksum, f"{base}/{urllib.parse.quote(name)}"))
    return Listing(commit, tuple(sorted(files, key=lambda file: file.name)))


def fetch_file(
    file: RemoteFile,
    folder: Path,
    report: Callable[[int], None],
    *,
    attempts: int,
    retry_delay_seconds: float,
) -> Path:
    """Fetch one file into ``folder``, resuming a part left by an earlier try, and check it.

    The part's name carries the checksum, so a part of another version is never continued. A part that turns out
    wrong is removed; one that is merely short is kept for the next pull.

    Raises:
        DownloadError: ``checksum_mismatch``, ``download_interrupted`` or ``download_failed``.
        OSError: the disk refuses to be written.
    """
    target = folder / file.name
    part = folder / f"{file.name}.{file.checksum[:16]}.part"
    if target.is_file() and target.stat().st_size == file.size and _digest(target, file) == file.checksum:
        report(file.size)
        return target
    for attempt in range(attempts):
        try:
            _continue_part(file, part, report)
            break
        except _InterruptedError as failure:
            if attempt + 1 == attempts:
                done = part.stat().st_size if part.exists() else 0
                progress = Words(f"{done / 1e6:.1f} / {file.size / 1e6:.1f} MB", f"{done} of {file.size} bytes")
                raise error("download_interrupted", name=file.name, progress=progress) from failure
            time.sleep(retry_delay_seconds * 2**attempt)
    if _digest(part, file) != file.checksum:
        part.unlink()
        raise error("checksum_mismatch", name=file.name)
    part.replace(target)
    return target


def _continue_part(file: RemoteFile, part: Path, report: Callable[[int], None]) -> None:
    have = part.stat().st_size if part.exists() else 0
    if have > file.size:
        part.unlink()
        have = 0
    if have == file.size:
        part.touch()
        report(have)
        return
    headers = {**_HEADERS, "Range": f"bytes={have}-"} if have else _HEADERS
    try:
        with _open(file.url, headers) as reply:
            # A server may ignore Range and send everything (200), or another range than asked: then start over.
            resumed = reply.status == 206 and reply.headers.get("Content-Range", "").startswith(f"bytes {have}-")
            if have and reply.status == 206 and not resumed:
                part.unlink()
                raise _InterruptedError("another range than asked")
            have = have if resumed else 0
            with part.open("ab" if resumed else "wb") as out:
                while have <= file.size and (chunk := reply.read(_CHUNK_BYTES)):
                    out.write(chunk)
                    have += len(chunk)
                    report(min(have, file.size))
    except urllib.error.HTTPError as failure:
        failure.close()
        if failure.code == 416:
            part.unlink(missing_ok=True)
            raise _InterruptedError("range not satisfiable") from failure
        if failure.code in (408, 429) or failure.code >= 500:
            raise _InterruptedError(f"HTTP {failure.code}") from failure
        raise error("download_failed", name=file.name, code=failure.code) from failure
    except (OSError, http.client.HTTPException) as failure:
        if isinstance(failure, OSError) and failure.errno in _DISK_ERRORS:
            raise  # trying again does not help
        raise _InterruptedError(type(failure).__name__) from failure
    if have < file.size:
        raise _InterruptedError("connection closed early")
    # A body longer than listed is left as it is: its checksum is wrong and the caller removes it.


def _digest(path: Path, file: RemoteFile) -> str:
    if file.checksum_kind == "sha256":
        digest = hashlib.sha256()
    else:
        # Git names a blob by the SHA-1 of this header and the contents.
        digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode(), usedforsecurity=False)
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _wanted(name: str) -> bool:
    return "/" not in name and not name.startswith(".") and name.endswith(_SUFFIXES)


def _check_name(name: str) -> None:
    """Every listed name is checked, wanted or not: a listing with one bad name is not to be trusted."""
    parts = PurePosixPath(name).parts
    bad = not parts or name.startswith("/") or "\\" in name or ":" in name or "\0" in name or ".." in parts
    if bad or (_wanted(name) and not _SAFE_NAME.fullmatch(name)):
        raise error("unsafe_file_name", name=name)


def _entries(value: object) -> list[dict[str, Any]]:
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    raise error("bad_listing")


_Entry = tuple[str, int, Literal["sha256", "git-sha1"], str]


def _from_huggingface(entry: dict[str, Any]) -> _Entry:
    name, lfs = str(entry.get("rfilename", "")), entry.get("lfs")
    if isinstance(lfs, dict):
        return name, _size(lfs.get("size", entry.get("size"))), "sha256", str(lfs.get("sha256", "")).lower()
    return name, _size(entry.get("size")), "git-sha1", str(entry.get("blobId", "")).lower()


def _from_modelscope(entry: dict[str, Any]) -> _Entry:
    return str(entry.get("Path", "")), _size(entry.get("Size")), "sha256", str(entry.get("Sha256", "")).lower()


def _size(value: object) -> int:
    return value if isinstance(value, int) else -1


def _open(url: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    request = urllib.request.Request(url, headers=headers)
    reply: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)
    return reply


def _get_json(url: str, repository: str) -> dict[str, Any]:
    try:
        with _open(url, _HEADERS) as reply:
            body = reply.read(_LISTING_LIMIT_BYTES)
        data = json.loads(body)
    except urllib.error.HTTPError as failure:
        failure.close()
        # Hugging Face answers 401, not 404, for a repository that does not exist or is private.
        if failure.code in (401, 403, 404):
            raise error("model_not_on_hub", repository=repository) from failure
        raise error("hub_error", code=failure.code) from failure
    except ValueError as failure:
        raise error("bad_listing") from failure
    except (OSError, http.client.HTTPException) as failure:
        host = urllib.parse.urlsplit(url).netloc
        raise error("hub_unreachable", host=host) from failure
    if not isinstance(data, dict):
        raise error("bad_listing")
    return data
