"""Blocks of a "reading" page: rows of labels and values in every arrangement, titles, items, tables, buttons.

A block is measured when it is made and draws itself when its place is known. `Press` makes them: it keeps the page's
random state, its style and what has been said already, so that no label or value stands on a page twice by accident.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

from kantu.synth.draw import faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.facts import Fact, Pair
from kantu.synth.families.reading.style import Style, Surface, Type
from kantu.synth.page import Box, Color
from kantu.synth.words import vocabulary

_UNIT = re.compile(r"(?:[!-~¥￥]+|.)[，。：；！？）】》”、…]*")  # what stays together when a text is broken

Draw = Callable[[Canvas, float, float], None]

ICONS = {
    "📱": "手机", "💻": "电脑", "🎧": "耳机", "⌚": "手表", "📷": "相机", "👕": "上衣", "👗": "裙子",
    "👟": "运动鞋", "👜": "手提包", "🧢": "帽子", "🧦": "袜子", "🧣": "围巾", "🍎": "苹果", "🍌": "香蕉",
    "🍇": "葡萄", "🍉": "西瓜", "🍓": "草莓", "🥕": "胡萝卜", "🌽": "玉米", "🍞": "面包", "🍚": "米饭",
    "🍜": "面条", "🍰": "蛋糕", "🍪": "饼干", "🍵": "茶", "🥛": "牛奶", "🍺": "啤酒", "📚": "书",
    "📖": "打开的书", "🎁": "礼物", "📦": "纸箱", "🚚": "货车", "🚗": "汽车", "🚌": "公交车", "🚲": "自行车",
    "🚄": "高铁", "🏠": "房子", "🏥": "医院", "🏫": "学校", "🏨": "酒店", "💊": "药", "💡": "灯泡",
    "🔑": "钥匙", "🔔": "铃铛", "🔒": "锁", "📅": "日历", "⏰": "闹钟", "📍": "图钉", "💰": "钱袋",
    "💳": "银行卡", "📞": "电话", "⭐": "星星", "🌞": "太阳", "🌧": "下雨的云", "🐱": "猫", "🐶": "狗",
    "🌸": "花", "🌲": "树", "⚽": "足球", "🏀": "篮球", "🎸": "吉他", "🧸": "玩具熊", "🪑": "椅子",
    "🧴": "洗护瓶",
}  # fmt: skip
"""Emoji drawn as icons and product pictures, with the Chinese word for each."""


@dataclass(frozen=True)
class Block:
    """A rectangle of content as wide as it was asked for and `height` pixels high, and the facts it shows."""

    height: float
    draw: Draw
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True)
class Run:
    """One or more lines of one text in one type and colour."""

    lines: tuple[str, ...]
    type: Type
    fill: Color
    leading: float
    role: str
    name: str = ""

    @cached_property
    def width(self) -> float:
        return max(map(self.type.width, self.lines))

    @cached_property
    def height(self) -> float:
        return self.type.size * (1 + self.leading * (len(self.lines) - 1))

    def draw(self, canvas: Canvas, x: float, y: float, anchor: str = "l", *, strike: bool = False) -> None:
        """Draw with the top at `y`; `x` is the l(eft), m(iddle) or r(ight) edge."""
        for index, line in enumerate(self.lines):
            canvas.text(
                x, y + index * self.leading * self.type.size, line, self.type.face_for(line), self.type.size, self.fill,
                anchor=anchor, spacing=self.type.spacing, role=self.role, name=self.name, strike=strike,
            )  # fmt: skip


def _wrapped(text: str, type_: Type, width: float) -> tuple[str, ...]:
    """`text` broken as browsers do: not inside a number or latin word, and no line begins with a closing mark."""
    advances = faces.advances(type_.face_for(text), type_.size)
    lines, current, used = [], "", 0.0
    for unit in _UNIT.findall(text):
        size = sum(advances[character] + type_.spacing for character in unit)
        if current and used + size - type_.spacing > width:
            lines.append(current)
            current, used = "", 0.0
        current, used = current + unit, used + size
    return (*lines, current)


class Press:
    """Makes the blocks of one page."""

    def __init__(self, rng: random.Random, style: Style) -> None:
        self.rng = rng
        self.style = style
        self.scale = style.scale
        self._said: set[str] = set()
        self._serial = 0

    def name(self) -> str:
        """A `Line.name` no other line of the page has."""
        self._serial += 1
        return f"t{self._serial}"

    def new(self, make: Callable[[random.Random], str], fits: Callable[[str], bool] | None = None) -> str | None:
        """Something not yet said on this page for which `fits` holds; None after some tries."""
        for _ in range(8):
            text = make(self.rng).strip()
            if text and text not in self._said and (fits is None or fits(text)):
                self._said.add(text)
                return text
        return None

    def run(
        self,
        text: str,
        type_: Type,
        fill: Color,
        role: str,
        *,
        width: float | None = None,
        most: int = 1,
        name: str = "",
    ) -> Run | None:
        """`text` set within `width` in at most `most` lines, or None when it doesn't fit."""
        leading = max(self.style.leading, 1.15)
        if width is None or type_.width(text) <= width:
            return Run((text,), type_, fill, leading, role, name or self.name())
        if most == 1 or type_.size * 3 > width:
            return None
        lines = _wrapped(text, type_, width)
        if len(lines) > most or "".join(lines) != text or any(type_.width(line) > width for line in lines):
            return None
        if any(
            type_.face_for(line) != type_.face_for(text) for line in lines
        ):  # a tail of digits would change its face
            type_ = Type(type_.face, None, type_.size, type_.spacing)
            return self.run(text, type_, fill, role, width=width, most=most, name=name)
        return Run(lines, type_, fill, leading, role, name or self.name())

    def pair(
        self,
        label: Type,
        value: Type,
        surface: Surface,
        room: Callable[[float], float],
        *,
        most: int = 1,
        colon: str = "",
    ) -> tuple[Pair, Run, Run] | None:
        """A new field as two runs. `room` tells the width left for the value beside a label of a given width."""
        for _ in range(6):
            kind, text, content = vocabulary.labelled(self.rng)
            if text in self._said or content in self._said or text == content:
                continue
            name = self.name()
            head = self.run(text + colon, label, surface.soft, "label", name=name)
            if head is None or room(head.width) <= 0:
                continue
            vivid = self.rng.random() < (0.5 if kind == "money" else 0.15)
            fill = surface.accent if vivid else surface.ink
            tail = self.run(content, value, fill, "value", width=room(head.width), most=most, name=name)
            if tail is None:
                continue
            self._said.update((text, content))
            return Pair(text, content, kind), head, tail
        return None


def stack(blocks: Sequence[Block], gap: float) -> Block:
    """Blocks under each other, `gap` pixels apart."""

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for block in blocks:
            block.draw(canvas, x, y)
            y += block.height + gap

    height = sum(block.height for block in blocks) + gap * (len(blocks) - 1)
    return Block(height, draw, tuple(fact for block in blocks for fact in block.facts))


def divider(canvas: Canvas, style: Style, surface: Surface, x: float, y: float, width: float) -> None:
    """A separating line as the style wants it."""
    thickness = max(1, round(style.scale))
    if style.divider == "line":
        canvas.draw.line((x, y, x + width, y), fill=surface.line, width=thickness)
    elif style.divider == "dashed":
        step = 4 * style.scale
        for index in range(int(width / step / 2)):
            left = x + index * 2 * step
            canvas.draw.line((left, y, left + step, y), fill=surface.line, width=thickness)


def plate(canvas: Canvas, box: Box, radius: float, colors: tuple[Color, ...], *, outline: Color | None = None) -> None:
    """A filled rounded rectangle, in a gradient when there are two colours."""
    radius = min(radius, (box[3] - box[1]) / 2, (box[2] - box[0]) / 2)
    if len(colors) > 1:
        canvas.gradient(box, colors[0], colors[1], radius=radius, vertical=sum(colors[0]) % 2 == 0)
    else:
        canvas.rounded(box, radius, colors[0], outline=outline)


def card(press: Press, width: float, fill: Callable[[Surface, float], Block | None]) -> Block | None:
    """What `fill` makes, on a card in the page's style."""
    style, rng = press.style, press.rng
    colors: tuple[Color, ...] = (style.card,)
    if rng.random() < 0.2:
        colors = (style.tint(rng, rng.uniform(0.05, 0.3)),)
    if rng.random() < 0.1:
        colors = (colors[0], palette.mix(colors[0], style.tint(rng, 0.3), 0.7))
    surface = style.surface(rng, *colors)
    inner = fill(surface, width - 2 * style.padding)
    if inner is None:
        return None
    outline = surface.line if style.border or rng.random() < 0.1 else None

    def draw(canvas: Canvas, x: float, y: float) -> None:
        box = (x, y, x + width, y + inner.height + 2 * style.padding)
        if style.shadow:
            canvas.shadow(
                box, style.radius, blur=4 * style.scale, color=(0, 0, 0), strength=style.shadow, drop=2 * style.scale
            )
        plate(canvas, box, style.radius, colors, outline=outline)
        canvas.element("card", "卡片", box)
        inner.draw(canvas, x + style.padding, y + style.padding)

    return Block(inner.height + 2 * style.padding, draw, inner.facts)
