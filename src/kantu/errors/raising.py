"""From a row of the catalogue to an error."""

from __future__ import annotations

import errno
import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kantu.errors.catalogue import ROWS, Row
from kantu.errors.types import InvalidRequestError, KantuError, NotFoundError, OverloadedError

_FIRST = {key.partition(".")[0]: row for key, row in reversed(ROWS.items())}


class Words(NamedTuple):
    """What stands for a placeholder, where it differs by language."""

    zh: str
    en: str


def listed(names: Iterable[object]) -> Words:
    """Names as a list in a sentence."""
    texts = [str(name) for name in names]
    return Words("、".join(texts), ", ".join(texts))


def error(
    key: str, /, *, param: str | None = None, retry_after_seconds: float | None = None, **fields: object
) -> KantuError:
    """The error of a row of the catalogue.

    Args:
        key: the code, or `code.variant` where a code has several messages.
        param: what is at fault, where the row does not say it.
        retry_after_seconds: when trying again is worth it, where the row does not say it; the message may say
            {seconds}.
        fields: what stands for the placeholders; `Words` where it differs by language.
    """
    row = ROWS[key]
    said = {"param": param, **fields}
    more: dict[str, Any] = {}
    if issubclass(row.kind, OverloadedError):
        seconds = row.retry_after_seconds if retry_after_seconds is None else retry_after_seconds
        assert seconds is not None
        more["retry_after_seconds"] = seconds
        said["seconds"] = math.ceil(seconds) if math.isfinite(seconds) else seconds
    zh = row.zh.format_map({name: value.zh if isinstance(value, Words) else value for name, value in said.items()})
    en = row.en.format_map({name: value.en if isinstance(value, Words) else value for name, value in said.items()})
    if param is None and row.param is not None:
        param = row.param.format_map(fields)
    return row.kind(key.partition(".")[0], zh, en, param=param, **more)


def not_written(failure: OSError) -> Words:
    """Why a file or device takes no more, for `output_not_written`."""
    full = failure.errno in (errno.ENOSPC, errno.EDQUOT)
    return Words("磁盘已满", "the disk is full") if full else Words("写入失败", "writing failed")


def row_of(code: str) -> Row | None:
    """The row of a code: its plain one, or else the first of its variants, which differ in their words only."""
    return ROWS.get(code) or _FIRST.get(code)


@contextmanager
def blaming(param: str, name: Words | None = None) -> Iterator[None]:
    """Errors of the request that are raised inside the block name `param`: what the caller called it.

    Args:
        name: what a person calls it. It is put before a message that does not say it.
    """
    try:
        yield
    except (InvalidRequestError, NotFoundError) as failure:
        failure.param = param
        if name is not None and name.zh not in failure.message:
            failure.message = f"{name.zh}：{failure.message}"
            failure.message_en = f"{name.en}: {failure.message_en}"
            failure.args = (failure.message,)
        raise


@contextmanager
def blaming_within(param: str) -> Iterator[None]:
    """Errors of the request that are raised inside the block name the path that leads through `param`."""
    try:
        yield
    except InvalidRequestError as failure:
        failure.param = param if failure.param is None else f"{param}.{failure.param}"
        raise
