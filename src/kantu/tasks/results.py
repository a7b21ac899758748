"""What tasks answer, as types. The embedded model learns to write them: a changed field is a change of its weights.

Fields say in a word or two what the picture shows; what it does not show is None and said in the prose beside it.
Probabilities are not here: a model never writes its own confidence.
"""

from __future__ import annotations

import csv
import io
import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, RootModel

if TYPE_CHECKING:
    import pandas

Thousandths = Annotated[int, Field(ge=0, le=1000)]
BoundingBox = tuple[Thousandths, Thousandths, Thousandths, Thousandths]
"""x1, y1, x2, y2 in thousandths of the picture's width and height, as Qwen3-VL writes boxes."""

Words = Annotated[str, Field(max_length=60)]
"""Some words that stand in the picture or the text."""
Sentence = Annotated[str, Field(max_length=160)]


def written(record: BaseModel) -> str:
    """A record as JSON, as models are taught to write it and as constraints force it (`engine/grammar.py`)."""
    return json.dumps(record.model_dump(mode="json"), ensure_ascii=False)


def as_text(record: Any) -> str:
    """A result as it was answered: prose as it is, everything else as JSON."""
    if isinstance(record, BaseModel):
        return written(record)
    return record if isinstance(record, str) else json.dumps(record, ensure_ascii=False)


class Result(BaseModel):
    """Base of all results: nothing beyond their fields, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelledBox(Result):
    """One found thing."""

    bbox_2d: BoundingBox = Field(title="位置")
    label: str = Field(title="名称", max_length=80)


class Boxes(RootModel[list[LabelledBox]]):
    """What was found, in reading order."""


class TextLine(Result):
    """One line of text."""

    bbox_2d: BoundingBox = Field(title="位置")
    text: str = Field(title="文字", max_length=200)


class TextLines(RootModel[list[TextLine]]):
    """The picture's text, in reading order."""


class Record(RootModel[dict[str, Any]]):
    """Fields by the words that were asked for; None for what the picture does not show."""


class OrderStatus(StrEnum):
    """How far an order is, whatever words its shop has for that."""

    UNPAID = "待付款"
    UNSHIPPED = "待发货"
    SHIPPED = "已发货"
    ARRIVING = "派送中"
    RECEIVED = "已签收"
    DONE = "已完成"
    CANCELLED = "已取消"
    REFUNDING = "退款中"
    REFUNDED = "已退款"
    OTHER = "其他"


class OrderResult(Result):
    """An order's screen, and what to tell the buyer who sent it."""

    status: OrderStatus | None = Field(title="状态")
    status_text: Words | None = Field(title="页面上的状态")
    order_number: Words | None = Field(title="订单号")
    tracking_number: Words | None = Field(title="运单号")
    amount: Words | None = Field(title="金额")
    happening: Sentence = Field(title="情况")
    advice: Sentence = Field(title="建议")
    reply: Sentence = Field(title="回复")


class MatchVerdict(StrEnum):
    """Whether a text fits a picture."""

    FITS = "一致"
    CONFLICTS = "不一致"
    UNKNOWN = "无法判断"


class MatchResult(Result):
    """Whether a text fits a picture, the phrase that does not, and why."""

    verdict: MatchVerdict = Field(title="结论")
    conflict: Words | None = Field(title="矛盾的词句")
    reasons: list[Sentence] = Field(title="理由", max_length=3)


class ModerateVerdict(StrEnum):
    """What may be done with a post."""

    FINE = "合规"
    VIOLATES = "违规"
    REVIEW = "需复核"


class Category(StrEnum):
    """Why a post may not be shown."""

    DIVERSION = "广告引流"
    FRAUD = "诈骗"
    GAMBLING = "赌博"
    SEXUAL = "色情低俗"
    ABUSE = "辱骂攻击"
    INCITEMENT = "煽动"
    ILLEGAL = "违法"
    MINORS = "未成年不宜"
    OTHER = "其他"


class Side(StrEnum):
    """Where a violation lies."""

    PICTURE = "图片"
    TEXT = "文字"
    BOTH = "图文结合"


class ModerateResult(Result):
    """The verdict on a picture and a text together."""

    verdict: ModerateVerdict = Field(title="结论")
    categories: list[Category] = Field(title="类别", max_length=3)
    side: Side | None = Field(title="问题在哪一边")
    evidence: list[Words] = Field(title="依据", max_length=3)


class ProblemResult(Result):
    """A problem as it is printed, worked out."""

    transcription: str = Field(title="题目", max_length=400)
    steps: list[Sentence] = Field(title="步骤", max_length=6)
    answer: Words | None = Field(title="答案")


class ChartKind(StrEnum):
    """What a chart is drawn with."""

    BARS = "柱状图"
    HORIZONTAL_BARS = "条形图"
    LINES = "折线图"
    PIE = "饼图"
    STACKED = "堆叠图"
    TABLE = "表格"


class ChartResult(Result):
    """A chart's data as a table whose first column names the rows, and what it comes to."""

    kind: ChartKind = Field(title="种类")
    title: Words | None = Field(title="标题")
    unit: Words | None = Field(title="单位")
    header: list[Words] = Field(title="表头", max_length=12)
    rows: list[Annotated[list[Words], Field(max_length=12)]] = Field(title="各行", max_length=40)
    conclusion: Sentence = Field(title="结论")

    def to_csv(self) -> str:
        """The table as CSV (RFC 4180), header first."""
        text = io.StringIO()
        csv.writer(text).writerows([self.header, *self.rows])
        return text.getvalue()

    def to_frame(self) -> pandas.DataFrame:
        """The table as a pandas DataFrame of strings; pandas is not among Kantu's own dependencies."""
        import pandas

        return pandas.DataFrame(self.rows, columns=self.header)


class ControlKind(StrEnum):
    """What can be pressed, typed into or chosen."""

    BUTTON = "按钮"
    SWITCH = "开关"
    TAB = "标签页"
    INPUT = "输入框"
    CHECK_BOX = "复选框"
    RADIO = "单选框"
    LINK = "链接"
    ICON = "图标"
    SLIDER = "滑块"
    MENU_ITEM = "菜单项"


class ControlState(StrEnum):
    """How a control stands, where it has a state."""

    ON = "开"
    OFF = "关"
    SELECTED = "选中"
    UNSELECTED = "未选中"
    DISABLED = "禁用"


class Control(Result):
    """One control of an interface."""

    kind: ControlKind = Field(title="种类")
    label: Words = Field(title="名称")
    state: ControlState | None = Field(title="状态")
    bbox_2d: BoundingBox = Field(title="位置")


class Controls(RootModel[Annotated[list[Control], Field(max_length=60)]]):
    """The controls of an interface, in reading order."""


class CopyResult(Result):
    """Copy for a product, and the printed facts it rests on."""

    title: Words = Field(title="标题")
    selling_points: list[Words] = Field(title="卖点", max_length=4)
    body: Sentence = Field(title="正文")
    facts: list[Words] = Field(title="图中依据", max_length=6)
