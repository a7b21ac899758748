"""What a chart tells, invented: a title, categories, series and numbers that nothing else on the page gives away."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.wording import expand

_MEASURES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("销量", ("件", "台", "万件", "箱", "辆", "套")),
    ("销售额", ("万元", "元", "千元", "亿元")),
    ("营业收入", ("万元", "亿元", "百万元")),
    ("利润", ("万元", "元", "千元")),
    ("产量", ("吨", "万吨", "公斤", "万件")),
    ("库存", ("件", "箱", "吨", "台")),
    ("订单量", ("单", "万单", "笔")),
    ("访问量", ("次", "万次", "千次")),
    ("用户数", ("人", "万人", "千人", "户")),
    ("客流量", ("人次", "万人次", "人")),
    ("人数", ("人", "名", "万人")),
    ("得分", ("分",)),
    ("平均分", ("分",)),
    ("气温", ("℃", "度")),
    ("降水量", ("毫米", "mm")),
    ("用电量", ("度", "千瓦时", "kWh")),
    ("用水量", ("吨", "立方米")),
    ("借阅量", ("本", "册", "千册")),
    ("票数", ("票", "张")),
    ("身高", ("厘米", "cm")),
    ("体重", ("千克", "kg", "公斤")),
    ("步数", ("步", "千步")),
    ("用时", ("分钟", "小时", "秒", "天")),
    ("里程", ("公里", "千米", "km")),
    ("投诉量", ("件", "起", "次")),
    ("支出", ("元", "万元", "千元")),
    ("价格", ("元", "元/斤", "元/吨", "元/平方米")),
    ("增长率", ("%",)),
    ("满意度", ("%", "分")),
    ("合格率", ("%",)),
    ("点击率", ("%",)),
    ("市场份额", ("%",)),
    ("面积", ("亩", "公顷", "平方米")),
    ("下载量", ("次", "万次")),
)
_TITLES = (
    "{w}{s}{m}[统计|统计图|对比|情况|变化|一览|分析|汇总||]",
    "{s}{m}[走势|趋势|排行|排名|数据|分布|构成||]",
    "[各|不同]{d}{m}[对比|情况|比较|统计|一览]",
    "{w}[各|不同]{d}{s}{m}",
    "{s}[近期|历年|分{d}|年度|月度]{m}",
    "{w}{s}{o}[与|和]{m}[统计|情况|分析|]",
)
_DIMENSIONS = ("地区", "部门", "门店", "品类", "渠道", "班级", "车间", "产品", "城市", "小组", "季节", "年龄段")
_FREE_ORDERS = ((1, 10), (2, 10), (3, 14), (4, 6), (5, 3))
_STEPS = (1, 2, 5, 10, 10, 20, 20, 50, 50, 100, 100, 200, 500, 1000)
_KEYS = (
    *("线上 线下", "计划 实际", "男 女", "男生 女生", "进口 出口", "收入 支出", "白班 夜班", "目标 完成"),
    *("新客 老客", "堂食 外卖", "城镇 农村", "批发 零售", "国内 国外", "本期 上期", "今年 去年", "上午 下午"),
)

Maker = Callable[[random.Random], str]


@dataclass(frozen=True)
class Data:
    """A chart's numbers: `values[series][category]`, whole numbers of the last of `decimals` places.

    `top` is where the axis ends and `step` the distance of its ticks, in the same; `exact` says that every value is a
    tick. `parts` says that the values are shares of a hundred.
    """

    title: str
    measure: str
    unit: str
    categories: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    decimals: int
    top: int
    step: int
    exact: bool
    ordered: bool
    parts: bool = False
    commas: bool = False
    percent: bool = False

    def write(self, value: int) -> str:
        """A value as this chart prints it."""
        number = f"{value / 10**self.decimals:{',' if self.commas else ''}.{self.decimals}f}"
        return number + ("%" if self.percent else "")

    def tick(self, value: int) -> str:
        """A value as the axis prints it: ticks are whole numbers."""
        return f"{value // 10**self.decimals:{',' if self.commas else ''}}" + ("%" if self.percent else "")

    def total(self, category: int) -> int:
        """A category's values together."""
        return sum(row[category] for row in self.values)


def _sequence(words: list[str]) -> Callable[[random.Random, int], list[str]]:
    def some(rng: random.Random, count: int) -> list[str]:
        count = min(count, len(words))
        start = rng.randint(0, len(words) - count)
        return words[start : start + count]

    return some


def _years(rng: random.Random, count: int) -> list[str]:
    start, form = rng.randint(1990, 2034 - count), rng.choice(("{}年", "{}", "{}年"))
    return [form.format(start + index) for index in range(count)]


def _days(rng: random.Random, count: int) -> list[str]:
    month, start, form = rng.randint(1, 12), rng.randint(1, 28 - count), rng.choice(("{}/{}", "{}-{:02d}", "{}月{}日"))
    return [form.format(month, start + index) for index in range(count)]


_ORDERED: tuple[Callable[[random.Random, int], list[str]], ...] = (
    _sequence([f"{month}月" for month in range(1, 13)]),
    _sequence([f"{month}月" for month in range(1, 13)]),
    _sequence(["一月", "二月", "三月", "四月", "五月", "六月", "七月", "八月", "九月", "十月"]),
    _sequence(["周一", "周二", "周三", "周四", "周五", "周六", "周日"]),
    _sequence(["星期一", "星期二", "星期三", "星期四", "星期五", "星期六", "星期日"]),
    _sequence(["第一季度", "第二季度", "第三季度", "第四季度"]),
    _sequence(["Q1", "Q2", "Q3", "Q4"]),
    _sequence([f"{hour}时" for hour in range(0, 24, 2)]),
    _sequence([f"{hour:02d}:00" for hour in range(6, 23)]),
    _sequence(["一年级", "二年级", "三年级", "四年级", "五年级", "六年级"]),
    _sequence([f"第{week}周" for week in range(1, 17)]),
    _sequence(["18岁以下", "18-24岁", "25-30岁", "31-40岁", "41-50岁", "51岁以上"]),
    _years,
    _years,
    _days,
)  # fmt: skip
_OPEN: tuple[Maker, ...] = (
    vocabulary.word,
    vocabulary.word,
    lambda r: r.choice(lexicon.CITIES),
    lambda r: r.choice(lexicon.GOODS_NOUNS),
    lambda r: r.choice(lexicon.SURNAMES) + vocabulary.random_han(r, r.randint(1, 2)),
    lambda r: vocabulary.random_han(r, r.randint(2, 4)),
    lambda r: r.choice("一二三四五六七八九") + r.choice(("班", "车间", "组", "部", "店", "区")),
    lambda r: vocabulary.word(r)[:2] + r.choice(("部", "店", "镇", "县", "组", "厂", "类", "市", "路")),
    lambda r: r.choice(lexicon.SURNAMES) + r.choice(lexicon.TITLES),
    lambda r: r.choice("ABCDEFGHJK") + r.choice(("组", "区", "类", "款", "店", "")),
    vocabulary.shop_name,
)


def _distinct(rng: random.Random, maker: Maker, count: int, longest: int) -> list[str]:
    """Up to `count` different texts of `longest` characters at most, none within another."""
    made: list[str] = []
    for _ in range(count * 4):
        text = maker(rng)
        if len(text) <= longest and not any(text in other or other in text for other in made):
            made.append(text)
        if len(made) == count:
            break
    return made


def _categories(rng: random.Random, count: int, longest: int, ordered: bool) -> list[str]:
    if ordered:
        return rng.choice(_ORDERED)(rng, count)
    maker = rng.choice(_OPEN)
    return _distinct(rng, maker, count, longest)


def _series(rng: random.Random, count: int) -> list[str]:
    if count == 2 and rng.random() < 0.35:
        return rng.choice(_KEYS).split()
    if rng.random() < 0.25:
        start = rng.randint(1998, 2030)
        return [f"{start + index}年" for index in range(count)]
    return _distinct(rng, rng.choice(_OPEN[:8]), count, 6)


def make_title(rng: random.Random, measure: str) -> str:
    """A title as charts have them; what it says tells nothing about the numbers."""
    when = rng.choice(
        ("", "", f"{rng.randint(1998, 2034)}年", f"{rng.randint(1998, 2034)}年", f"{rng.randint(1, 12)}月")
    )
    makers: tuple[Maker, ...] = (
        vocabulary.word,
        vocabulary.word,
        vocabulary.shop_name,
        vocabulary.goods_name,
        lambda r: r.choice(lexicon.CITIES) + vocabulary.word(r),
        lambda r: r.choice(lexicon.CITIES),
    )
    about = rng.choice(makers)
    return expand(rng, rng.choice(_TITLES)).format(
        w=when, s=about(rng), m=measure, d=rng.choice(_DIMENSIONS), o=vocabulary.word(rng)
    )


def _shares(rng: random.Random, count: int, decimals: int) -> list[int]:
    """Parts of a hundred, none smaller than four."""
    whole = 100 * 10**decimals
    weights = [rng.uniform(0.12, 1.0) for _ in range(count)]
    shares = [max(round(whole * weight / sum(weights)), 4 * 10**decimals) for weight in weights]
    shares[shares.index(max(shares))] += whole - sum(shares)
    return shares


def make_data(
    rng: random.Random, *, series: int, categories: int, longest: int, exact: bool, parts: bool, stacked: bool
) -> Data | None:
    """Numbers for `series` times `categories`, each category's name `longest` characters at most."""
    measure, units = rng.choice(_MEASURES)
    if rng.random() < 0.2:
        measure = vocabulary.word(rng) + rng.choice(("数", "量", "额", "次数", "人数"))
    unit = rng.choice(units) if rng.random() < 0.85 else ""
    ordered = not parts and rng.random() < 0.45
    names = _categories(rng, categories, longest, ordered)
    keys = _series(rng, series) if series > 1 else [rng.choice((measure, measure, vocabulary.word(rng)))]
    if len(names) < 2 or len(keys) < series or set(names) & set(keys) or max(map(len, names)) > longest:
        return None
    if parts:
        decimals = rng.choice((0, 0, 1, 1, 2))
        values = [_shares(rng, len(names), decimals)]
        top = step = 100 * 10**decimals
        unit, percent = "%", True
    elif exact:
        decimals, step = 0, rng.choice(_STEPS)
        ticks = rng.randint(4, 8)
        each = max(ticks // series, 2) if stacked else ticks
        values = [[step * rng.randint(1, each) for _ in names] for _ in keys]
        top = step * max(ticks, each * series if stacked else 0)
        percent = unit == "%" and top <= 100 and rng.random() < 0.7
    else:
        order = rng.choices([o for o, _ in _FREE_ORDERS], [w for _, w in _FREE_ORDERS])[0]
        decimals = min(rng.choice((0, 0, 0, 1, 2)), order - 1) if order < 4 else 0
        low, high = (40, 98) if unit == "%" and rng.random() < 0.5 else (max(10**order // 12, 1), 10**order - 1)
        scale = rng.uniform(0.25, 1.0) if high > 99 else 1.0
        high = max(int(high * scale), low + 8)
        values = [[rng.randint(low, high) for _ in names] for _ in keys]
        highest = max(sum(row[i] for row in values) for i in range(len(names))) if stacked else max(map(max, values))
        step = _nice(highest / rng.uniform(3.5, 6.5), decimals)
        top = step * -(-highest // step)
        percent = unit == "%" and rng.random() < 0.7
    return Data(
        title=make_title(rng, measure), measure=measure, unit=unit, categories=tuple(names), series=tuple(keys),
        values=tuple(map(tuple, values)), decimals=decimals, top=top, step=step, exact=exact, ordered=ordered,
        parts=parts, commas=rng.random() < 0.3, percent=percent,
    )  # fmt: skip


def _nice(rough: float, decimals: int) -> int:
    """The smallest tick distance of at least `rough` that is 1, 2 or 5 times a power of ten, in whole numbers."""
    size: int = 10**decimals
    while True:
        for step in (size, 2 * size, 5 * size):
            if step >= rough:
                return step
        size *= 10
