"""The tasks that come with Kantu. Their instructions are taught to the embedded model word for word."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from kantu.tasks import judges, record_judges, results
from kantu.tasks.checks import by_task
from kantu.tasks.checks.word_list import WordList
from kantu.tasks.result_type import ModelType
from kantu.tasks.task import Task

_SMALL_TEXT_PIXELS = 1_280 * 32 * 32  # 1,280 visual tokens: a phone's screenshot unshrunk
_SCENE_PIXELS = 448 * 448

ORDER_FIELDS = ("price", "goods", "number", "date", "shop", "button")
"""What an order screen is asked for most, as kinds of question; `status` is told apart."""

ASK = Task("ask", "图文问答", judges.states, max_pixels=_SCENE_PIXELS)
READ = Task(
    "read",
    "文字识别",
    judges.transcribes,
    instruction="识别图中全部文字，按阅读顺序逐行写出。",
    max_pixels=_SMALL_TEXT_PIXELS,
)
READ_BOXES = Task(
    "read_boxes",
    "文字识别（带位置）",
    record_judges.lines,
    instruction="识别图中全部文字，按阅读顺序逐行写出文字和位置。",
    result=ModelType(results.TextLines),
    max_pixels=_SMALL_TEXT_PIXELS,
    framed="text",
    checks=(by_task.text_lines,),
)
LOCATE = Task(
    "locate",
    "定位",
    judges.overlaps,
    instruction="“{target}”在图中什么位置？",
    result=ModelType(results.Boxes),
    max_pixels=_SMALL_TEXT_PIXELS,
    framed="label",
    frames_controls=True,
    checks=(by_task.boxes,),
)
ORDER = Task(
    "order",
    "订单截图客服",
    record_judges.order,
    instruction="你是客服。看订单截图，写出状态、单号、情况、建议和给买家的回复。买家问：{question}",
    defaults=MappingProxyType({"question": "这个订单怎么样了？"}),
    result=ModelType(results.OrderResult),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.order,),
    printed=("status_text", "order_number", "tracking_number", "amount"),
)
MATCH = Task(
    "match",
    "图文匹配",
    record_judges.match,
    instruction="图片和下面的文字是否一致？写出结论、矛盾的词句和理由。文字：{text}",
    result=ModelType(results.MatchResult),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.match,),
)
MODERATE = Task(
    "moderate",
    "内容审核",
    record_judges.moderate,
    instruction="审核图片和文字放在一起是否合规，写出结论、类别、问题在哪一边和依据。文字：{text}",
    defaults=MappingProxyType({"text": "（无）"}),
    result=ModelType(results.ModerateResult),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.moderate,),
    printed=("evidence",),
)
PROBLEM = Task(
    "problem",
    "题目截图",
    record_judges.problem,
    instruction="抄写图中的题目，写出步骤和答案。",
    result=ModelType(results.ProblemResult),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.problem,),
)
CHART = Task(
    "chart",
    "图表解读",
    record_judges.chart,
    instruction="把图表写成表格，给出标题、单位和结论。",
    result=ModelType(results.ChartResult),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.chart,),
    printed=("title",),
)
UI = Task(
    "ui",
    "界面",
    record_judges.controls,
    instruction="列出界面上的控件：种类、名称、状态和位置。",
    result=ModelType(results.Controls),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.controls,),
)
UI_POINT = Task(
    "ui_point",
    "界面（某一点）",
    record_judges.control,
    instruction="界面上 [{x}, {y}] 这一点是什么控件？写出种类、名称、状态和位置。",
    thousandths=("x", "y"),
    result=ModelType(results.Control),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.control,),
)
COPY = Task(
    "copy",
    "商品图→文案",
    record_judges.copy,
    instruction="根据商品图写文案：标题、卖点、正文，并列出依据的图中文字。",
    result=ModelType(results.CopyResult),
    max_pixels=_SCENE_PIXELS,
    checks=(by_task.copy,),
    printed=("facts",),
)
EXTRACT = Task(
    "extract",
    "字段抽取",
    record_judges.equal_fields,
    instruction="提取图中的字段，写成 JSON：{keys}",
    result=ModelType(results.Record),
    max_pixels=_SMALL_TEXT_PIXELS,
    checks=(by_task.extract,),
    printed=("*",),
)

TASKS: Mapping[str, Task] = MappingProxyType(
    {
        task.name: task
        for task in (
            *(ASK, READ, READ_BOXES, LOCATE, ORDER, MATCH, MODERATE),
            *(PROBLEM, CHART, UI, UI_POINT, COPY, EXTRACT),
        )
    }
)
"""By name."""


def moderate_with(words: WordList) -> Task:
    """`MODERATE` with a user's own list of words in place of the one that comes with Kantu."""
    return replace(MODERATE, checks=(partial(by_task.moderate, words=words),))
