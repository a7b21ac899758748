"""What tasks answer, as types. The embedded model learns to write them: a changed field is a change of its weights.

Fields say in a word or two what the picture shows; what it does not show is None and said in the prose beside it.
Probabilities are not here: a model never writes its own confidence.
"""

from __future__ import annotations

import csv
import io
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


class Result(BaseModel):
    """Base of all results: nothing beyond their fields, and never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LabelledBox(Result):
    """One found thing."""

    bbox_2d: BoundingBox
    label: str = Field(max_length=80)


class Boxes(RootModel[list[LabelledBox]]):
    """What was found, in reading order."""


class TextLine(Result):
    """One line of text."""

    bbox_2d: BoundingBox
    text: str = Field(max_length=200)


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

    status: OrderStatus | None
    status_text: Words | None
    order_number: Words | None
    tracking_number: Words | None
    amount: Words | None
    happening: Sentence
    advice: Sentence
    reply: Sentence


class MatchVerdict(StrEnum):
    """Whether a text fits a picture."""

    FITS = "一致"
    CONFLICTS = "不一致"
    UNKNOWN = "无法判断"


class MatchResult(Result):
    """Whether a text fits a picture, the phrase that does not, and why."""

    verdict: MatchVerdict
    conflict: Words | None
    reasons: list[Sentence] = Field(max_length=3)


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

    verdict: ModerateVerdict
    categories: list[Category] = Field(max_length=3)
    side: Side | None
    evidence: list[Words] = Field(max_length=3)


class ProblemResult(Result):
    """A problem as it is printed, worked out."""

    transcription: str = Field(max_length=400)
    steps: list[Sentence] = Field(max_length=6)
    answer: Words | None


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

    kind: ChartKind
    title: Words | None
    unit: Words | None
    header: list[Words] = Field(max_length=12)
    rows: list[Annotated[list[Words], Field(max_length=12)]] = Field(max_length=40)
    conclusion: Sentence

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

    kind: ControlKind
    label: Words
    state: ControlState | None
    bbox_2d: BoundingBox


class Controls(RootModel[Annotated[list[Control], Field(max_length=60)]]):
    """The controls of an interface, in reading order."""


AIGC_LABEL = "内容由 AI 生成"
"""What generated copy is shown with (人工智能生成合成内容标识办法, in force since 2025-09-01)."""


class CopyResult(Result):
    """Copy for a product, and the printed facts it rests on."""

    title: Words
    selling_points: list[Words] = Field(max_length=4)
    body: Sentence
    facts: list[Words] = Field(max_length=6)
