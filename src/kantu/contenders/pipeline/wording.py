"""How elements and inks are called in a description."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from kantu.contenders.pipeline.seen import Kind, Seen, SeenElement
from kantu.solve.reader import PrintedLine

KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        "banner": "横幅",
        "button": "按钮",
        "tag": "标签",
        "input": "输入框",
        "card": "卡片",
        "bubble": "气泡",
        "tab": "标签页",
        "switch": "开关",
        "checkbox": "复选框",
        "radio": "单选框",
        "slider": "滑块",
        "progress": "进度条",
        "bar": "柱",
        "slice": "扇形",
        "point": "点",
        "picture": "图片",
        "icon": "图标",
    }
)
_STATES = {
    "on": "开",
    "off": "关",
    "selected": "选中",
    "unselected": "未选中",
    "left": "左侧",
    "right": "右侧",
}
_TICKED = {"on": "已勾选", "off": "未勾选"}
_PLAIN = frozenset(("", "黑", "灰", "白"))  # inks that are not worth a word
_GROUNDED = frozenset(("banner", "button", "tag", "input", "bubble", "tab"))  # their colour is that behind their words
_MEASURED = frozenset(("bar", "point"))  # their value is a height on an axis, not a share
_LARGEST = 1.15  # times as high as every other line


def element_words(element: SeenElement) -> str:
    """Kind, state, colour and value of an element, without its words.

    >>> element_words(SeenElement("switch", (0, 0, 40, 20), "绿", "on", label="夜间模式"))
    '开关，开，绿色'
    """
    words = [KINDS[element.kind]]
    if element.state:
        states = _TICKED if element.kind == "checkbox" else _STATES
        words.append(states.get(element.state, element.state))
    if element.color and not (element.kind == "icon" and element.color in _PLAIN):
        words.append(f"{element.color}底" if element.kind in _GROUNDED else f"{element.color}色")
    if element.value is not None:
        words.append(f"约{element.value:g}" + ("" if element.kind in _MEASURED else "%"))
    return "，".join(words)


def line_marks(lines: Sequence[PrintedLine], seen: Seen) -> list[tuple[str, ...]]:
    """What is worth saying of each line: an ink with a colour, the largest type of the page."""
    heights = [min(line.box[3] - line.box[1], line.box[2] - line.box[0]) for line in lines]
    largest = max(heights, default=0)
    alone = len(lines) > 2 and sorted(heights)[-2] * _LARGEST < largest
    marks: list[tuple[str, ...]] = []
    for height, color, ground in zip(heights, seen.line_colors, seen.line_grounds, strict=True):
        inks = () if color in _PLAIN or color == ground else (f"{color}字",)
        marks.append((*inks, "字号最大") if alone and height == largest else inks)
    return marks


def marked(text: str, marks: Sequence[str]) -> str:
    """A text with what is said of it.

    >>> marked("待付款", ("橙字",))
    '待付款〔橙字〕'
    """
    return f"{text}〔{'，'.join(marks)}〕" if marks else text
