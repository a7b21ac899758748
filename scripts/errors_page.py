"""Prints docs/errors.md from the catalogue of errors.

    python scripts/errors_page.py

A test fails while the page and the catalogue differ.
"""

from __future__ import annotations

import string
from pathlib import Path

from kantu.errors import row_of
from kantu.errors.catalogue import ROWS, Row, batches
from kantu.service.errors import type_of

PAGE = Path(__file__).resolve().parent.parent / "docs" / "errors.md"

HEADER = """\
# 错误代码

<!-- 由 scripts/errors_page.py 从 src/kantu/errors/catalogue 生成，请勿手改。 -->

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


def page() -> str:
    """The codes that answer requests, by status; then those that only batches hold."""
    rows = {code: row for key in ROWS if (row := row_of(code := key.partition(".")[0])) is not None}
    answers = sorted((row.status, code, _meaning(row)) for code, row in rows.items() if row.status is not None)
    told = sorted((key, _meaning(row)) for key, row in batches.ROWS.items() if row.status is None)
    lines = [f"| `{code}` | {status} | `{type_of(status)}` | {meaning} |" for status, code, meaning in answers]
    lines = [HEADER, "| 代码 | HTTP 状态 | type | 含义 |", "|---|---|---|---|", *lines, "", BATCHES_HEADER]
    return (
        "\n".join([*lines, "| 代码 | 含义 |", "|---|---|", *(f"| `{key}` | {words} |" for key, words in told)]) + "\n"
    )


def _meaning(row: Row) -> str:
    """In Chinese, with … for what the message has from the request."""
    parts = string.Formatter().parse(row.meaning or row.zh)
    return "".join(text + ("" if name is None else "…") for text, name, _, _ in parts).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
