"""Writes docs/settings.md from the classes in kantu/service/settings.py.

    python scripts/settings_page.py

A test fails while the page and the classes differ.
"""

from __future__ import annotations

from inspect import cleandoc
from pathlib import Path
from types import NoneType
from typing import Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, MaxLen
from pydantic import SecretStr
from pydantic.fields import FieldInfo

from kantu.service.settings import Settings, is_secret, sections, variables

PAGE = Path(__file__).resolve().parent.parent / "docs" / "settings.md"

HEADER = """\
# 设置

<!-- 由 scripts/settings_page.py 从 src/kantu/service/settings.py 生成，请勿手改。 -->

`kantu serve` 与 `kantu keys` 的全部设置。来源有三个，后面的盖过前面的：

1. 一个 YAML 文件：`--config FILE`，或环境变量 `KANTU_CONFIG`；
2. 环境变量；
3. 命令行参数（只有常用的几个，见 `kantu serve --help`）。

不认识的名字、类型不对或超出范围的值都是错误，服务不会启动；错误里只说名字，不说值。

```yaml
server:
  host: 0.0.0.0
  tls_certificate: /etc/kantu/tls.crt
  tls_key: /etc/kantu/tls.key
fetch:
  allowed_domains: [img.example.com, "*.cdn.example.com"]
```

同样的设置写成环境变量：`KANTU_SERVER_HOST=0.0.0.0`，`KANTU_FETCH_ALLOWED_DOMAINS=img.example.com,*.cdn.example.com`。
列表用逗号分隔；空的环境变量等于没有给，空的列表变量就是空列表。密钥与数据库网址可以放在文件里：名字后面加 `_FILE`，值是
文件的路径，文件末尾的换行不算。

另有四个环境变量不在下面的表里：`KANTU_HOME`（数据放在哪里，默认 `~/.cache/kantu`）、`KANTU_CONFIG`（YAML 文件），以及
`kantu pull` 用的 `KANTU_HUB` 和 `KANTU_HUB_ENDPOINT`。

*In English: settings come from a YAML file, `KANTU_*` variables and flags, in rising order; unknown ones are an error.
Secrets may be given as `..._FILE`, the path of a file that holds them.*
"""


def page() -> str:
    """The whole page."""
    by_place = {(section, name): variable for variable, (section, name, _) in variables().items()}
    parts = [HEADER]
    for section, part in Settings.model_fields.items():
        kind = sections().get(section)
        if kind is None:
            parts.append(f"## {section}\n\n{part.description}。\n")
            continue
        rows = ["| 名字 | 环境变量 | 默认 | 可取的值 | 含义 |", "|---|---|---|---|---|"]
        for name, field in kind.model_fields.items():
            variable = f"`{by_place[section, name]}`"
            if is_secret(field.annotation):
                variable += "，或加 `_FILE`"
            cells = (f"`{name}`", variable, _default(field), _values(field), field.description or "")
            rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        parts.append(f"## {section}\n\n{cleandoc(kind.__doc__ or '')}\n\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def _default(field: FieldInfo) -> str:
    if field.default is None:
        return "无"
    if field.default == ():
        return "空"
    if isinstance(field.default, bool):
        return f"`{str(field.default).lower()}`"
    return f"`{field.default}`"


def _values(field: FieldInfo) -> str:
    """Types and ranges, in words."""
    kinds = [kind for kind in get_args(field.annotation) or (field.annotation,) if kind not in (NoneType, ...)]
    if get_origin(field.annotation) is Literal:
        kinds = [field.annotation]
    kind = kinds[0]
    if get_origin(kind) is Literal:
        return "、".join(f"`{value}`" for value in get_args(kind))
    words = {bool: "`true`、`false`", int: "整数", float: "数", str: "文字", SecretStr: "文字（保密）", Path: "路径"}[
        kind
    ]
    if get_origin(field.annotation) is tuple:
        return f"列表：{words}"
    return words + "".join(f"，{_bound(rule)}" for rule in field.metadata)


def _bound(rule: object) -> str:
    match rule:
        case Gt(gt):
            return f"大于 {gt}"
        case Ge(ge):
            return f"不小于 {ge}"
        case Le(le):
            return f"不大于 {le}"
        case MaxLen(most):
            return f"最多 {most} 字"
    raise TypeError(f"no words for {rule!r}")


def main() -> None:
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)


if __name__ == "__main__":
    main()
