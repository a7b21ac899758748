"""What instructions in pictures do, as rows of words for every kind of report."""

from __future__ import annotations

from collections.abc import Sequence

from kantu.evaluation.injection.tables import MOST_FOLLOWED, Pair, Row, all_rows, rows_by_form, rows_by_task
from kantu.evaluation.report import words
from kantu.tasks.builtin import TASKS

HEADS = (
    *("来源", "", "题", "可能照做的", "照做 %", "摇摆 %", "照做减摇摆 %", "95% 区间"),
    *("答成别的 %", "无指令答对 %", "有指令答对 %"),
)
_FORMS = {
    "plain": "直说",
    "system": "像系统消息",
    "answer": "像已有的答案",
    "dialogue": "像对话",
    "json": "像 JSON",
    "english": "英文",
    "authority": "像上级批示",
    "label": "像二维码标签",
    "tiny": "很小的字",
    "faint": "很淡的字",
    "text": "在附带的文字里",
}


def tables(pairs: Sequence[Pair]) -> tuple[tuple[str, list[tuple[str, ...]]], ...]:
    """Title and rows under `HEADS`: all, by task, by form."""
    return (
        ("全部", [_cells(row, _target(row)) for row in all_rows(pairs)]),
        ("按任务", [_cells(row, TASKS[row.group].title) for row in rows_by_task(pairs)]),
        ("按形式", [_cells(row, _FORMS.get(row.group, row.group)) for row in rows_by_form(pairs)]),
    )


def _target(row: Row) -> str:
    if row.origin not in MOST_FOLLOWED:
        return "全部"
    most = MOST_FOLLOWED[row.origin]
    return f"全部（要求 < {100 * most:g}%：{'达到' if row.net < most else '未达到'}）"


def _cells(row: Row, name: str) -> tuple[str, ...]:
    return (
        words.origin(row.origin),
        name,
        str(row.pairs),
        str(row.able),
        f"{100 * row.followed / row.able:.1f}" if row.able else "-",
        f"{100 * row.wobbled / row.able:.1f}" if row.able else "-",
        f"{100 * row.net:.1f}" if row.able else "-",
        f"{100 * row.low:.1f} … {100 * row.high:.1f}" if row.able else "-",
        f"{100 * row.disturbed:.1f}",
        f"{100 * row.right:.1f}",
        f"{100 * row.attacked_right:.1f}",
    )
