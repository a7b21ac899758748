"""Writes docs/errors.md from the places in src/kantu where errors are made.

    python scripts/errors_page.py

A test fails while the page and the source differ, and where a code cannot be read from the source.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from kantu import errors
from kantu.errors import KantuError, OverloadedError
from kantu.service.errors import envelope, status_of

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "kantu"
PAGE = ROOT / "docs" / "errors.md"

# Whose errors end a command or are raised in Python; no request passes through them.
_ELSEWHERE = (
    *("bench", "contenders", "doctor", "evaluation", "hub", "model", "synth", "training"),
    *("cli.py", "standard_streams.py", "usage.py", "vlm.py"),
    *("service/commands.py", "service/server.py", "service/settings.py", "service/tls.py", "service/fetch/settings.py"),
    *("service/keys/check.py", "service/keys/expiry.py", "service/keys/first_key.py"),
)
# Classes of errors that can only end the loading of a model, which ends the start of the service.
_LOADING = ("CheckpointError", "UnsupportedModelError", "ModelNotFoundError", "DownloadError", "MissingDependencyError")
# Codes in files that requests do pass through, with why no client reads them.
_NOT_HEARD = {
    "cancelled": "whoever would hear it has left",
    "database_damaged": "ends the start of the service",
    "database_too_new": "ends the start of the service",
    "database_unwritable": "ends the start of the service",
    "engine_load_failed": "ends the start of the service, or is heard as engine_not_ready",
    "home_insecure": "ends the start of the service",
    "home_unusable": "ends the start of the service",
    "image_not_found": "a path; HTTP has none",
    "image_unreadable": "a path; HTTP has none",
    "invalid_ca_file": "a setting",
    "invalid_grid": "the grids are ours",
    "invalid_image_source": "a Python object; HTTP sends bytes",
    "invalid_remote_settings": "a setting",
    "invalid_settings": "a setting",
    "invalid_timeout_seconds": "a setting",
    "invalid_turn": "a Python object; messages over HTTP are checked before",
    "invalid_upstream": "a setting",
    "key_not_found": "of the command line",
}
# What a line of a batch, or a batch as a whole, is told; no request is answered with it.
_BATCHES = (
    *("service/batches/leases.py", "service/batches/lines.py", "service/batches/batch_files.py"),
    "service/batches/work.py",
)

# Where the place that makes the error says less than a reader needs, or several places say it.
_MEANINGS = {
    "body_too_large": "请求体超过上限（server.max_body_bytes；上传文件是 store.max_file_bytes）。",
    "chat_template_refused": "模型的对话模板不接受这样的对话；请检查消息的角色和顺序。",
    "constraint_not_supported": "输出约束（JSON Schema、正则）用到了不支持的写法，消息里说明是哪一种。",
    "engine_not_ready": "模型正在加载、加载失败，或引擎没有响应、正在重启；按 Retry-After 重试。",
    "endpoint_not_found": "没有这个地址；消息里说明是哪一个，以及 base_url 哪里写错了。",
    "image_count_mismatch": "图片占位与图片数量不符。",
    "image_unsupported_format": "不支持这种文件：只接受 PNG、JPEG、WebP、AVIF、BMP、GIF；HEIC 要先转成 JPEG。",
    "image_unsupported_variant": "图片格式的这种变体或颜色模式不受支持；请转换为 RGB 的 PNG 或 JPEG。",
    "image_url_failed": "没有从图片网址取到图片：连不上、状态码不是 200，或内容是压缩过的。",
    "image_url_not_allowed": "此服务不从这个网址读取图片（协议、域名或端口不允许）；请用 data: 网址，或先上传文件。",
    "internal_error": "服务内部出错，已记录；请把响应头 x-request-id 告诉管理员。",
    "invalid_choices": "structured_outputs.choice 必须是两个以上不重复的非空字符串。",
    "invalid_constraint": "输出约束（JSON Schema、正则、选项）无效或太长。",
    "invalid_data_url": "data: 网址不是有效的 base64 图片（data:image/png;base64,…）。",
    "invalid_expires_after": "expires_after 要有 anchor（只能是 created_at）和不超过上限的 seconds。",
    "invalid_logprobs": "参数 top_logprobs 超出范围。",
    "invalid_max_pattern_size": "参数 max_pattern_size 必须是正整数。",
    "invalid_max_pixels": "max_pixels 必须是范围内的整数（上限由模型或服务规定）。",
    "invalid_max_tokens": "参数 max_completion_tokens（或 max_tokens）必须是正整数。",
    "invalid_min_count": "参数 min_count 必须是不小于 2 的整数。",
    "invalid_min_pattern_size": "参数 min_pattern_size 必须是不大于 max_pattern_size 的正整数。",
    "invalid_min_tokens": "参数 min_tokens 必须是不小于 0、不大于 max_tokens 的整数。",
    "invalid_parameter": "参数的类型或取值无效、超过本服务的上限，或与另一个参数矛盾；param 说是哪一个。",
    "invalid_seed": "参数 seed 必须是 64 位有符号整数。",
    "invalid_stop": "参数 stop 必须是一个或几个非空字符串，且不能太多、太长（最多 16 个，每个 256 字符，合计 2048）。",
    "invalid_text": "文字不是有效的 Unicode（不成对的代理字符），或私用区字符过多。",
    "invalid_top_k": "参数 top_k 必须是正整数，或表示不限的 0、-1。",
    "output_token_limit_exceeded": "这个请求会超过密钥每分钟或每天的生成词元上限。",
    "overloaded": "排队的请求太多；按 Retry-After 重试。",
    "request_limit_exceeded": "已达到密钥每分钟或每天的请求数上限。",
    "store_full": "存储空间已满：磁盘要给数据库留出余地，或所有人的文件合计到了上限；请联系管理员。",
    "store_unavailable": "数据库或磁盘暂时不可用，什么都没有做；请稍后重试。",
    "too_many_characters": "所有消息的文字合起来太长；消息里说明上限。",
    "too_many_images": "图片太多；消息里说明上限。",
    "too_many_messages": "消息太多；消息里说明上限。",
    "too_many_parts": "内容段太多；消息里说明上限。",
    "unknown_parameter": "不认识或不支持的参数；param 说是哪一个。",
    "visual_token_limit_exceeded": "这个请求的图片会超过密钥每分钟或每天的视觉词元上限。",
}

HEADER = """\
# 错误代码

<!-- 由 scripts/errors_page.py 从 src/kantu 里产生错误的地方生成，请勿手改。 -->

每个失败的请求都得到 `{"error": {"message", "type", "param", "code"}}`。`message` 给人看，按 `Accept-Language`
是中文（默认）或英文，会随版本改写；程序请只认 `code`。

- 429 与 503 带 `Retry-After`（秒）和 `retry-after-ms`：到那时再试才有意义。
- 重试也不会成功的（413、504、507）带 `x-should-retry: false`，OpenAI 的客户端见到它就不再重试。
- 流式回答已经开始（状态 200 已发出）之后的失败，以一条 SSE 事件到达，内容是同样的 `error`，之后没有 `[DONE]`。
- 表里的 … 代表具体的名字或数字。

*In English: match on `code`; messages are for people and may be reworded. Ask for English with `Accept-Language: en`.*
"""
BATCHES_HEADER = """\
## 批处理

一行请求失败时，错误文件里这一行的 `response` 就是直接发送会得到的回答，代码见上表。下面的代码只出现在批处理的
`errors` 或错误文件里，没有 HTTP 状态；`errors` 里也可能有上表的 `missing_parameter`、`unknown_parameter`
和 `invalid_parameter`。
"""


@dataclass(frozen=True)
class Made:
    """One place that makes an error.

    Attributes:
        file: below src/kantu.
        kind: name of the class.
        message: Chinese, its fields as ….
    """

    file: str
    kind: str
    code: str
    message: str


class UnreadableCodeError(Exception):
    """A code that does not stand where the error is made."""


@dataclass(frozen=True)
class _Maker:
    """A call that makes an error: of a class, or, with `names`, of a function that hands its arguments on."""

    kind: str
    code: ast.expr
    message: ast.expr
    names: tuple[str, ...]
    tables: Mapping[str, ast.Dict]


def codes() -> tuple[dict[str, list[Made]], dict[str, list[Made]]]:
    """(codes that answer requests, codes that only batches hold) -> where they are made."""
    heard: dict[str, list[Made]] = {}
    batches: dict[str, list[Made]] = {}
    for made in all_made():
        if made.kind in _LOADING or made.code in _NOT_HEARD:
            continue
        (batches if made.file in _BATCHES else heard).setdefault(made.code, []).append(made)
    return heard, {code: made for code, made in batches.items() if code not in heard}


def page() -> str:
    """The whole page."""
    heard, batches = codes()
    statuses = {code: _answer(code, made) for code, made in heard.items()}
    rows = ["| 代码 | HTTP 状态 | type | 含义 |", "|---|---|---|---|"]
    for code in sorted(heard, key=lambda code: (statuses[code][0], code)):
        status, kind = statuses[code]
        rows.append(f"| `{code}` | {status} | `{kind}` | {_meaning(code, heard[code])} |")
    lines = ["| 代码 | 含义 |", "|---|---|"]
    lines += [f"| `{code}` | {_meaning(code, batches[code])} |" for code in sorted(batches)]
    return "\n".join([HEADER, *rows, "", BATCHES_HEADER, *lines]) + "\n"


def unused() -> set[str]:
    """Codes that this script has words for and that nobody makes."""
    heard, batches = codes()
    made = {made.code for made in all_made()}
    return (set(_MEANINGS) - set(heard) - set(batches)) | (set(_NOT_HEARD) - made)


def _answer(code: str, made: list[Made]) -> tuple[int, str]:
    """(status, type), which must be the same wherever the error is made."""
    answers = set()
    for kind in {getattr(errors, place.kind) for place in made}:
        extra = {"retry_after_seconds": 1.0} if issubclass(kind, OverloadedError) else {}
        error: KantuError = kind(code, "", "", **extra)
        answers.add((status_of(error), envelope(error, "zh")["error"]["type"]))
    (answer,) = answers
    return answer


def _meaning(code: str, made: list[Made]) -> str:
    return (_MEANINGS.get(code) or made[0].message).replace("|", "\\|")


def all_made(source: Path = SOURCE) -> Iterator[Made]:
    """Every error that is made below `source`, except where no request passes.

    Raises:
        UnreadableCodeError: a code that is neither literal nor handed on from where it is.
    """
    trees = {
        path.relative_to(source).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in sorted(source.rglob("*.py"))
    }
    classes = {name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, KantuError)}
    makers = {file: _local_makers(tree, classes) for file, tree in trees.items()}
    public = {name: maker for found in makers.values() for name, maker in found.items() if not name.startswith("_")}
    for file, tree in trees.items():
        if file == "errors.py" or any(file == place or file.startswith(f"{place}/") for place in _ELSEWHERE):
            continue
        yield from _made_in(file, tree, classes, {**public, **makers[file]})


def _made_in(file: str, tree: ast.Module, classes: set[str], makers: Mapping[str, _Maker]) -> Iterator[Made]:
    for function, call in _calls(tree):
        name = _name(call.func)
        own = function is not None and function.name in makers
        if name in classes and not own and len(call.args) >= 2:
            for code in _values(call.args[0], function):
                yield Made(file, name, code, _text(call.args[1], {}))
        elif name in makers and call.args:
            maker = makers[name]
            if own and isinstance(call.args[0], ast.Name):  # hands on its own parameter
                continue
            given = dict(zip(maker.names, call.args, strict=False))
            for first in _values(call.args[0], function):
                words = {parameter: _text(value, {}) for parameter, value in given.items()}
                words[maker.names[0]] = first
                code = _text(maker.code, words)
                yield Made(file, maker.kind, code, _message(maker, code, words))


def _message(maker: _Maker, code: str, words: Mapping[str, str]) -> str:
    for table in maker.tables.values():  # messages kept by code
        for key, value in zip(table.keys, table.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == code and isinstance(value, ast.Tuple):
                return _text(value.elts[0], {})
    return _text(maker.message, words)


def _local_makers(tree: ast.Module, classes: set[str]) -> dict[str, _Maker]:
    """Functions whose first parameter is, or ends, the code of the error that they make; and those that call them."""
    tables = {
        target.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    found: dict[str, _Maker] = {}
    size = -1
    while size != len(found):
        size = len(found)
        for function, call in _calls(tree):
            name = _name(call.func)
            if function is None or not call.args or not _first_parameter_in(function, call.args[0]):
                continue
            names = tuple(argument.arg for argument in function.args.args)
            if name in classes and len(call.args) >= 2:
                found.setdefault(function.name, _Maker(name, call.args[0], call.args[1], names, tables))
            elif name in found and function.name not in found:
                below = found[name]
                rule = call.args[1] if len(call.args) > 1 else ast.Constant("…")
                message = _substituted(below.message, dict(zip(below.names, call.args, strict=False)), rule)
                found[function.name] = _Maker(below.kind, below.code, message, (below.names[0], *names[1:]), tables)
    return found


def _substituted(message: ast.expr, given: Mapping[str, ast.expr], rule: ast.expr) -> ast.expr:
    """The message of a function as its caller's parameters make it."""
    if not isinstance(message, ast.JoinedStr):
        return rule
    parts: list[ast.expr] = []
    for part in message.values:
        value = given.get(part.value.id) if _is_name_field(part) else None
        if isinstance(value, ast.JoinedStr):
            parts.extend(value.values)
        elif isinstance(value, ast.Constant):
            parts.append(value)
        else:
            parts.append(part)
    return ast.JoinedStr(parts)


def _is_name_field(part: ast.expr) -> bool:
    return isinstance(part, ast.FormattedValue) and isinstance(part.value, ast.Name)


def _first_parameter_in(function: ast.FunctionDef | ast.AsyncFunctionDef, code: ast.expr) -> bool:
    if not function.args.args:
        return False
    first = function.args.args[0].arg
    return any(isinstance(node, ast.Name) and node.id == first for node in ast.walk(code)) and not isinstance(
        code, ast.IfExp
    )


def _calls(tree: ast.Module) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, ast.Call]]:
    """Every call with the function that it stands in."""

    def walk(
        node: ast.AST, function: ast.FunctionDef | ast.AsyncFunctionDef | None
    ) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | None, ast.Call]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call):
                yield function, child
            inside = child if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
            yield from walk(child, inside)

    yield from walk(tree, None)


def _name(called: ast.expr) -> str:
    return called.id if isinstance(called, ast.Name) else called.attr if isinstance(called, ast.Attribute) else ""


def _values(code: ast.expr, function: ast.FunctionDef | ast.AsyncFunctionDef | None) -> list[str]:
    """What an expression can be: a literal, one of two, or a name that a loop in `function` gives literals."""
    if isinstance(code, ast.Constant) and isinstance(code.value, str):
        return [code.value]
    if isinstance(code, ast.IfExp):
        return [*_values(code.body, function), *_values(code.orelse, function)]
    if isinstance(code, ast.Attribute) and code.attr == "code":  # of an error that was made elsewhere
        return []
    if isinstance(code, ast.Name) and function is not None:
        for loop in ast.walk(function):
            if isinstance(loop, ast.For) and isinstance(loop.iter, ast.Tuple):
                found = _column(loop.target, code.id, loop.iter.elts)
                if found:
                    return found
    raise UnreadableCodeError(f"{ast.unparse(code)} in {getattr(function, 'name', 'the module')}")


def _column(target: ast.expr, name: str, rows: list[ast.expr]) -> list[str]:
    if isinstance(target, ast.Name) and target.id == name:
        return [row.value for row in rows if isinstance(row, ast.Constant)]
    if isinstance(target, ast.Tuple):
        for index, part in enumerate(target.elts):
            if isinstance(part, ast.Name) and part.id == name:
                cells = [row.elts[index] for row in rows if isinstance(row, ast.Tuple)]
                return [cell.value for cell in cells if isinstance(cell, ast.Constant)]
    return []


def _text(expression: ast.expr, words: Mapping[str, str]) -> str:
    """A message as literal as it is in the source; everything else is …."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return expression.value
    if isinstance(expression, ast.JoinedStr):
        return "".join(_text(part, words) for part in expression.values)
    if isinstance(expression, ast.FormattedValue):
        return _text(expression.value, words)
    if isinstance(expression, ast.Name):
        return words.get(expression.id, "…")
    return "…"


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
