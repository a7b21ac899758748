"""The Chinese words for what results are made of."""

from __future__ import annotations

from collections.abc import Mapping

from kantu.evaluation.reliability import Reliability
from kantu.evaluation.results import Results, Run
from kantu.evaluation.tables import Share
from kantu.evaluation.task_tables import TaskRow
from kantu.tasks.builtin import TASKS

FAMILIES = {
    "order": "订单",
    "product": "商品",
    "post": "帖子",
    "notice": "通知",
    "problem": "题目",
    "chart": "图表",
    "table": "表格",
    "ui": "界面",
    "scene": "场景",
    "invoice": "票据",
    "chat": "聊天",
    "phone": "长截图",
    "photo": "照片",
}
KINDS = {
    "field": "字段",
    "box": "位置",
    "count": "数数",
    "compare": "比较",
    "arithmetic": "算术",
    "transcribe": "抄写",
    "record": "记录",
    "choice": "选择",
    "unanswerable": "没有的",
    "vague": "泛问",
    "injected": "图中指令",
    "status": "状态",
    "price": "价格",
    "goods": "商品名",
    "number": "单号",
    "date": "日期",
    "shop": "店名",
    "button": "按钮",
    "name": "名称",
    "state": "开关状态",
    "title": "标题",
    "value": "数值",
    "extreme": "最大最小",
    "cell": "单元格",
    "line": "谁说了什么",
    "which": "是什么",
    "how_many": "有几个",
    "where": "在哪里",
    "doing": "在做什么",
    "verdict": "判定",
    "match": "图文是否一致",
    "answer": "答案",
    "copy": "文案",
    "above": "上面是什么",
    "below": "下面是什么",
    "left": "左边是什么",
    "right": "右边是什么",
    "first_line": "第一行",
    "last_line": "最后一行",
    "lines": "逐行文字与位置",
    "at_box": "框里的字",
    "present": "有没有这些字",
    "label_of": "这是哪一项的值",
    "spell": "逐字拼写",
    "color": "颜色",
    "background": "在什么地方",
    "steps": "解题步骤",
    "reason": "原因",
    "next_step": "下一步",
    "quantity": "件数",
    "total": "合计",
    "unit_price": "单价",
    "discount": "优惠",
    "payment": "付款方式",
    "pay_date": "付款时间",
    "address": "地址",
    "phone": "电话",
    "remark": "备注",
    "free": "自由回答",
    "unattacked": "没有指令",
    "attacked": "有指令",
    "harmless": "无害的话",
}
ORIGINS = {"held_out": "留出", "browser": "浏览器"}
MEASURES = {
    "centre_inside": "中心在框内",
    "character_error_rate": "字错率",
    "field_f1": "字段 F1",
    "field_precision": "字段精确率",
    "field_recall": "字段召回率",
    "fooled": "被骗到",
    "iou": "IoU",
    "met": "答的正是指令要的",
}


def family(name: str) -> str:
    return f"{FAMILIES[name]} {name}" if name in FAMILIES else name


def kind(name: str) -> str:
    """A kind, or a task's instruction."""
    task = name.removeprefix("task:")
    if task != name:
        return f"任务：{TASKS[task].title}" if task in TASKS else f"任务：{task}"
    return f"{KINDS[name]} {name}" if name in KINDS else name


TASK_HEADS = (
    *("题", "得分 %", "字段对 %", "字段数", "全对 %", "框对 %", "框数", "字段校准误差 %", "偶然 %"),
    *("整条校准误差 %", "偶然 %", "送去复核 %", "漏过的错 %", "没复核的错 %", "中位秒"),
)
TASK_NOTE = (
    "得分由任务的评判给出；字段对、全对按字段逐个比；框对是与真实位置的 IoU 达到 0.5；校准误差是期望校准误差，"
    "“偶然”是把握全都属实时、题少也会有的误差；漏过的错占全部题，没复核的错占没有送去复核的题。"
)


def task(name: str) -> str:
    """A task's title and name; "" is all of them."""
    return "全部" if not name else f"{TASKS[name].title} {name}"


def task_cells(row: TaskRow) -> tuple[str, ...]:
    """The cells under `TASK_HEADS`; "-" where nothing is known."""
    reviewed = row.reviewed
    return (
        str(row.score.count),
        percent(row.score),
        percent(row.right),
        _count(row.right),
        percent(row.whole),
        percent(row.boxes),
        _count(row.boxes),
        *_errors(row.fields),
        *_errors(row.records),
        *(
            ("-", "-", "-")
            if reviewed is None
            else tuple(f"{100 * part:.1f}" for part in (reviewed.sent, reviewed.let_through, reviewed.wrong))
        ),
        f"{row.seconds:.2f}",
    )


def _errors(found: Reliability) -> tuple[str, str]:
    return (f"{100 * found.error:.1f}", f"{100 * found.chance:.1f}") if found.count else ("-", "-")


def _count(share: Share) -> str:
    return str(share.count) if share.count else ""


def origin(name: str) -> str:
    return ORIGINS.get(name, name)


def percent(share: Share | None) -> str:
    return "-" if share is None or not share.count else f"{share.percent:.1f}"


def who(run: Run) -> str:
    """The model, its weights and precision, and what it was asked."""
    weights = f" {run.weights[:12]}" if run.weights else ""
    pixels = "" if run.max_pixels is None else f" · max_pixels {run.max_pixels}"
    return f"{run.model}{weights} · {run.precision}{pixels} · {run.suite} 版本 {run.suite_version}"


def when(results: Results) -> str:
    """When, where and how long."""
    if not results.sessions:
        return ""
    last, seconds = results.sessions[-1], sum(session.seconds for session in results.sessions)
    commit = f" · 提交 {last.commit}" if last.commit else ""
    return (
        f"{last.started_at[:10]} · kantu {last.version}{commit} · {_place(last.machine)}"
        f" · 并行 {last.parallel} · 共 {seconds:.0f} 秒"
    )


def _place(machine: Mapping[str, str | int]) -> str:
    cpu = f"{machine['cpu']}，{machine['cores']} 核，" if "cpu" in machine else ""
    return f"{cpu}{machine.get('device', '')}"


def costs(found: Mapping[str, float]) -> str:
    """The times and tokens of `tables.costs` in a sentence."""
    if not found:
        return ""
    return (
        f"首字 中位 {found['ttft_seconds_median']:.2f} 秒、P95 {found['ttft_seconds_p95']:.2f} 秒；"
        f"全程 中位 {found['total_seconds_median']:.2f} 秒、P95 {found['total_seconds_p95']:.2f} 秒；"
        f"视觉词元 平均 {found['visual_tokens_mean']:.0f}；回答词元 平均 {found['completion_tokens_mean']:.0f}"
    )
