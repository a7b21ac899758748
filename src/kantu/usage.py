"""What Typer says of a command line that it cannot read, in Chinese.

Typer raises English sentences, some of its own, some pydantic's. The kinds are told apart by the names of Typer's
classes, which it keeps from Click but does not export.
"""

from __future__ import annotations

import errno
import os
import re
from typing import Any

from typer.exceptions import TyperException

from kantu.errors import KantuError, Words, error

# Errors without a class of their own: what stands in Typer's sentence, and ours with what the pattern found in it.
_SENTENCES = (
    (r"No such command '(.+)'\. Did you mean (.+)\?", "没有“{}”这个命令，是不是 {}？"),
    (r"No such command '(.+)'\.", "没有“{}”这个命令。"),
    (r"Got unexpected extra argument\(s\) \((.*)\)", "多出来的参数：{}。"),
    (r"Missing command\.", "缺少命令。"),
)
# Pydantic's types of errors, with what it knows of the limit.
_VALUES = {
    "int_parsing": "要写整数",
    "int_from_float": "要写整数",
    "float_parsing": "要写数字",
    "bool_parsing": "要写 true 或 false",
    "greater_than_equal": "不能小于 {ge}",
    "greater_than": "要大于 {gt}",
    "less_than_equal": "不能大于 {le}",
    "less_than": "要小于 {lt}",
}
_FILES = {
    errno.ENOENT: "没有这个文件，或没有它所在的文件夹",
    errno.EACCES: "没有权限",
    errno.EISDIR: "是一个文件夹",
    errno.ENOTDIR: "路径中间有一段不是文件夹",
}


def is_usage_error(error: TyperException) -> bool:
    """Whether the command line cannot be read. The other exceptions are for Typer to show; one of them is the help."""
    return error.exit_code == 2 and type(error).__name__ != "NoArgsIsHelpError"


def usage_error(failure: TyperException) -> KantuError:
    """Typer's error as one of ours, with the usage of the command on the next lines where Typer tells which it was."""
    message = _words(failure)
    context = getattr(failure, "ctx", None)
    if context is not None:
        pieces = " ".join([context.command_path, *context.command.collect_usage_pieces(context)])
        message += f"\n用法：{pieces}\n详见：{context.command_path} {context.help_option_names[0]}"
    return error("invalid_usage", words=Words(message, failure.format_message()))


def _words(error: Any) -> str:
    kind = type(error).__name__
    if kind == "MissingParameter":
        return f"缺少{_named(error.param)}。"
    if kind == "BadParameter" and error.param is not None:
        return f"{_named(error.param)} 不对：{_value_words(error)}。"
    if kind == "NoSuchOption":
        near = "、".join(error.possibilities or ())  # the nearest first
        return f"没有 {error.option_name} 这个选项{f'，是不是 {near}？' if near else '。'}"
    if kind == "BadOptionUsage":
        return f"选项 {error.option_name} {'后面不带值' if 'does not take' in error.message else '后面缺少值'}。"
    for pattern, ours in _SENTENCES:
        if found := re.fullmatch(pattern, error.message):
            return ours.format(*(text.replace("'", "").replace(", ", "、") for text in found.groups()))
    return f"命令行有误（{error.format_message()}）。"


def _named(param: Any) -> str:
    if param.param_type_name == "option":
        return f"选项 {' / '.join(param.opts)}"
    return f"参数 {param.display_name_raw}"


def _value_words(error: Any) -> str:
    cause = error.__cause__
    if isinstance(cause, OSError):
        reason = _FILES.get(cause.errno or 0) or os.strerror(cause.errno or 0)
        return f"打不开“{cause.filename}”，{reason}"
    for found in cause.errors() if hasattr(cause, "errors") else ():
        if found["type"] in _VALUES:
            return f"写的是“{found['input']}”，{_VALUES[found['type']].format(**found.get('ctx', {}))}"
    return str(error.message)
