"""The values of a record, one by one, as they are shown to people."""

from __future__ import annotations

from typing import Any


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    """What is shown line by line, by path; nothing of no record. A list of plain values, such as a row of a table or a
    box, is one line.

    >>> leaves({"title": "月销量", "rows": [["一月", 3], ["二月", 5]]})
    {'title': '月销量', 'rows[0]': '一月、3', 'rows[1]': '二月、5'}
    """
    if isinstance(value, dict):
        inner = [(f"{path}.{key}" if path else key, member) for key, member in value.items() if key != "bbox_2d"]
    elif isinstance(value, list) and any(isinstance(member, list | dict) for member in value):
        inner = [(f"{path}[{place}]", member) for place, member in enumerate(value)]
    elif isinstance(value, list):
        return {path: "、".join(map(str, value)) or "（无）"}
    else:
        return {} if value is None and not path else {path: value}
    return {key: leaf for where, member in inner for key, leaf in leaves(member, where).items()}
