"""What is known of a file: the vocabulary between the layers of this package."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import Literal, get_args

from kantu.errors import KantuError, error
from kantu.service.database.ids import Ids

UploadPurpose = Literal["vision", "user_data", "batch"]
"""What an owner can upload: pictures (two names of OpenAI's for them) and the input of a batch."""

Purpose = Literal["vision", "user_data", "batch", "batch_output"]

PICTURES: tuple[Purpose, ...] = ("vision", "user_data")

FILE_IDS = Ids("file-")

_LONGEST_NAME = 255
_UNPRINTABLE = ("Cc", "Cf", "Cs", "Zl", "Zp")  # controls, direction overrides, lone surrogates, line separators


@dataclass(frozen=True, slots=True)
class FileRecord:
    """One file.

    Attributes:
        size: bytes of its content.
        created_at, expires_at: unix seconds; from `expires_at` on it does not exist for anybody.
    """

    id: str
    owner: str
    filename: str
    purpose: Purpose
    size: int
    created_at: int
    expires_at: int


def clean_filename(name: str) -> str:
    """The last component of a name, without what cannot be printed, at most 255 characters; `file` if none is left.

    A name is only ever shown: no path is made of it.
    """
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(letter for letter in last if unicodedata.category(letter) not in _UNPRINTABLE).strip()
    return kept[:_LONGEST_NAME] if kept.strip(".") else "file"


def check_upload_purpose(purpose: str) -> UploadPurpose:
    """`purpose`, where it is one that can be uploaded.

    Raises:
        InvalidRequestError: `unsupported_purpose`.
    """
    for known in get_args(UploadPurpose):
        if purpose == known:
            return known  # type: ignore[no-any-return]
    raise error("unsupported_purpose")


def file_not_found(param: str | None = None) -> KantuError:
    """There is none, or it is somebody else's: nobody can tell which."""
    return error("file_not_found", param=param)
