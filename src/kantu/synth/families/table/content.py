"""What a table says, invented: columns that belong together, rows whose sums are right."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.wording import expand

Maker = Callable[[random.Random], str]


@dataclass(frozen=True)
class Column:
    """A column: what stands over it, its cells, and whether they are numbers. `group` is the cell over several."""

    name: str
    cells: tuple[str, ...]
    number: bool = False
    total: str = ""
    group: str = ""

    @property
    def spoken(self) -> str:
        """How it is called where its own name is not enough."""
        return self.group + self.name


@dataclass(frozen=True)
class Content:
    """A table: `key` is the index of the column that tells the rows apart; `noun` says what a row is."""

    title: str
    columns: tuple[Column, ...]
    key: int
    noun: str
    unit: str = ""
    total: str = ""

    @property
    def keys(self) -> tuple[str, ...]:
        return self.columns[self.key].cells

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        return tuple(zip(*(column.cells for column in self.columns), strict=True))

    def narrowed(self) -> Content | None:
        """Without its last column that is no key and no sum; None when too few would be left."""
        if len(self.columns) < 3 or self.columns[-1].group or (self.total and self.columns[-1].total):
            return None
        if self.key == len(self.columns) - 1:
            return None
        return replace(self, columns=self.columns[:-1])


def number(text: str) -> float:
    """A printed number's value."""
    return float(text.replace(",", "").lstrip("¥￥").rstrip("%元"))


def _unique(rng: random.Random, maker: Maker, count: int, longest: int = 9) -> tuple[str, ...]:
    made: list[str] = []
    for _ in range(count * 12):
        text = maker(rng)
        if len(text) <= longest and not any(text in other or other in text for other in made):
            made.append(text)
            if len(made) == count:
                return tuple(made)
    return tuple(made)


def _name(rng: random.Random) -> str:
    return rng.choice(lexicon.SURNAMES) + vocabulary.random_han(rng, rng.choice((1, 2, 2)))


def _goods(rng: random.Random) -> str:
    return rng.choice(
        (vocabulary.goods_name, vocabulary.goods_name, vocabulary.word, lambda r: r.choice(lexicon.GOODS_NOUNS))
    )(rng)


def _integers(rng: random.Random, count: int, low: int, high: int) -> list[int]:
    return [rng.randint(low, high) for _ in range(count)]


def _numbers(name: str, values: Sequence[float], form: str, *, summed: bool = False, group: str = "") -> Column:
    return Column(
        name, tuple(form.format(value) for value in values), True, form.format(sum(values)) if summed else "", group
    )


def _order(rng: random.Random, count: int) -> Column:
    return Column(rng.choice(("序号", "编号", "No.", "#")), tuple(map(str, range(1, count + 1))))


_SUBJECTS = (
    *("语文", "数学", "英语", "物理", "化学", "生物", "历史", "地理"),
    *("政治", "体育", "音乐", "美术", "科学", "信息", "道法"),
)


def _scores(rng: random.Random, count: int) -> Content:
    names = _unique(rng, _name, count)
    count = len(names)
    subjects = rng.sample(_SUBJECTS, rng.randint(2, 5))
    marks = [_integers(rng, count, 40, rng.choice((100, 120, 150))) for _ in subjects]
    columns = [Column("姓名", names)]
    if rng.random() < 0.3:
        columns.insert(0, Column("学号", tuple(vocabulary.digits(rng, 8) for _ in names)))
    columns += [_numbers(subject, row, "{}") for subject, row in zip(subjects, marks, strict=True)]
    if rng.random() < 0.6:
        columns.append(_numbers("总分", [sum(row[i] for row in marks) for i in range(count)], "{}"))
    title = expand(rng, "[{a}|{w}|][期中|期末|月考|单元|摸底|][考试|测验|][成绩表|成绩单|成绩统计表|得分表]")
    title = title.format(a=rng.choice("一二三四五六七八九") + "年级", w=vocabulary.word(rng) + "学校")
    return Content(title, tuple(columns), [c.name for c in columns].index("姓名"), "学生")


def _prices(rng: random.Random, count: int) -> Content:
    goods = _unique(rng, _goods, count)
    count = len(goods)
    decimals = rng.choice((0, 1, 2, 2))
    units = [rng.randint(1, 10 ** rng.randint(1, 4)) * 10 ** (2 - decimals) for _ in goods]
    amounts = _integers(rng, count, 1, rng.choice((9, 50, 200)))
    commas = "," if rng.random() < 0.4 else ""
    form = "{:" + commas + f".{decimals}f" + "}"
    columns = [Column(rng.choice(("品名", "商品名称", "名称", "货品", "物品", "项目")), goods)]
    if rng.random() < 0.4:
        columns.append(
            Column(
                "规格",
                tuple(vocabulary.code(rng)[:6] if rng.random() < 0.3 else rng.choice(lexicon.COLORS) for _ in goods),
            )
        )
    if rng.random() < 0.4:
        columns.append(Column("单位", tuple(rng.choice(lexicon.MEASURES) for _ in goods)))
    columns.append(_numbers(rng.choice(("单价", "价格", "单价（元）")), [unit / 100 for unit in units], form))
    total = ""
    if rng.random() < 0.75:
        summed = rng.random() < 0.75
        columns.append(_numbers("数量", amounts, "{}", summed=summed and rng.random() < 0.6))
        costs = [unit * amount / 100 for unit, amount in zip(units, amounts, strict=True)]
        columns.append(_numbers(rng.choice(("金额", "小计", "总价")), costs, form, summed=summed))
        total = rng.choice(("合计", "总计", "合 计", "总额")) if summed else ""
    key = 0
    if rng.random() < 0.4:
        columns.insert(0, _order(rng, count))
        key = 1
    title = expand(rng, "[{s}|{w}|][价格表|报价单|采购清单|销售清单|购物清单|进货单|送货单|价目表]").format(
        s=vocabulary.shop_name(rng), w=vocabulary.word(rng)
    )
    return Content(title, tuple(columns), key, rng.choice(("商品", "项目")), rng.choice(("", "元")), total)


def _stock(rng: random.Random, count: int) -> Content:
    goods = _unique(rng, _goods, count)
    count = len(goods)
    high = rng.choice((50, 500, 5000))
    before, came = _integers(rng, count, high // 5, high), _integers(rng, count, 0, high)
    left = [rng.randint(0, a + b) for a, b in zip(before, came, strict=True)]
    gone = [a + b - c for a, b, c in zip(before, came, left, strict=True)]
    summed = rng.random() < 0.5
    words = rng.choice(
        (
            ("期初", "入库", "出库", "结存"),
            ("上月结存", "本月入库", "本月出库", "本月结存"),
            ("原有", "进货", "销售", "剩余"),
        )
    )
    columns = [Column(rng.choice(("货品", "品名", "物料名称", "商品")), goods)]
    key = 0
    if rng.random() < 0.4:
        columns.insert(0, Column(rng.choice(("货号", "编码", "物料编码")), _unique(rng, vocabulary.code, count, 9)))
        key = 1
        if len(columns[0].cells) < count:
            columns.pop(0)
            key = 0
    columns += [_numbers(w, v, "{}", summed=summed) for w, v in zip(words, (before, came, gone, left), strict=True)]
    title = vocabulary.word(rng) + rng.choice(("库存表", "仓库盘点表", "库存明细", "进销存报表", "物料清单"))
    return Content(title, tuple(columns), key, "货品", "", "合计" if summed else "")


def _timetable(rng: random.Random, count: int) -> Content:
    days: tuple[str, ...] = rng.choice(
        (
            ("周一", "周二", "周三", "周四", "周五"),
            ("星期一", "星期二", "星期三", "星期四", "星期五"),
            ("一", "二", "三", "四", "五"),
        )
    )
    days = days[: rng.choice((3, 4, 5, 5, 5))]
    count = min(count, 8)
    form = rng.choice(("第{}节", "{}", "第{}节", "{}节"))
    if rng.random() < 0.3:
        start = 8 * 60
        slots = []
        for _ in range(count):
            slots.append(f"{start // 60:02d}:{start % 60:02d}")
            start += rng.choice((45, 50, 55))
    else:
        slots = [form.format("一二三四五六七八"[index] if "第" in form else index + 1) for index in range(count)]
    own = _unique(rng, vocabulary.word, 4, 4)
    subjects = [*_SUBJECTS, "班会", "自习", "阅读", "书法", "劳动", "心理", *own]
    columns = [Column(rng.choice(("节次", "时间", "课节")), tuple(slots))]
    columns += [Column(day, tuple(rng.choice(subjects) for _ in range(count))) for day in days]
    title = (
        rng.choice("一二三四五六七八九")
        + f"年级（{rng.randint(1, 12)}）班"
        + rng.choice(("课程表", "课表", "课程安排"))
    )
    return Content(title, tuple(columns), 0, "课")


def _roster(rng: random.Random, count: int) -> Content:
    names = _unique(rng, _name, count)
    count = len(names)
    pool: list[tuple[str, Maker]] = [
        ("部门", lambda r: vocabulary.word(r)[:3] + "部"),
        ("电话", lambda r: f"1{r.randint(3, 9)}{vocabulary.digits(r, 9)}"),
        ("职务", lambda r: r.choice(("经理", "主管", "职员", "组长", "助理", "会计", "司机", "工程师", "组员"))),
        ("工号", lambda r: vocabulary.digits(r, r.randint(4, 6))),
        ("性别", lambda r: r.choice("男女")),
        ("年龄", lambda r: str(r.randint(18, 65))),
        ("入职日期", lambda r: f"{r.randint(1998, 2034)}-{r.randint(1, 12):02d}-{r.randint(1, 28):02d}"),
        ("籍贯", lambda r: r.choice(lexicon.CITIES)),
        ("座位", lambda r: f"{r.choice('ABCDEF')}{r.randint(1, 40)}"),
        ("备注", vocabulary.word),
        ("分机", lambda r: vocabulary.digits(r, 4)),
        ("班级", lambda r: f"{r.choice('一二三四五六')}（{r.randint(1, 9)}）班"),
    ]  # fmt: skip
    chosen = rng.sample(pool, rng.randint(2, 4))
    columns = [Column("姓名", names)]
    columns += [Column(name, tuple(maker(rng) for _ in names), name == "年龄") for name, maker in chosen]
    key = 0
    if rng.random() < 0.4:
        columns.insert(0, _order(rng, count))
        key = 1
    title = vocabulary.word(rng) + rng.choice(
        ("人员名单", "通讯录", "员工信息表", "值班表", "签到表", "报名表", "花名册")
    )
    return Content(title, tuple(columns), key, "人")


def _departures(rng: random.Random, count: int) -> Content:
    numbers = _unique(rng, lambda r: r.choice(("G", "D", "K", "T", "Z", "C", "")) + str(r.randint(100, 9999)), count)
    cities = lexicon.CITIES
    times = sorted(rng.sample(range(5 * 60, 23 * 60), len(numbers)))

    def clock(minutes: int) -> str:
        return f"{minutes // 60 % 24:02d}:{minutes % 60:02d}"

    columns = [
        Column(rng.choice(("车次", "班次", "航班号", "线路")), numbers),
        Column(
            rng.choice(("始发站", "出发", "起点")),
            tuple(rng.choice(cities) + rng.choice(("", "东", "南", "西", "北")) for _ in numbers),
        ),
        Column(
            rng.choice(("终到站", "到达", "目的地")),
            tuple(vocabulary.place(rng)[:5] if rng.random() < 0.3 else rng.choice(cities) for _ in numbers),
        ),
        Column(rng.choice(("发车时间", "开点", "起飞")), tuple(map(clock, times))),
        Column(
            rng.choice(("检票口", "站台", "登机口")),
            tuple(f"{rng.randint(1, 28)}{rng.choice(('', 'A', 'B'))}" for _ in numbers),
        ),
        Column("状态", tuple(rng.choice(("正点", "晚点", "候车", "检票中", "停止检票", "取消")) for _ in numbers)),
    ]
    title = rng.choice(cities) + rng.choice(("站时刻表", "客运站班次", "列车时刻表", "机场航班信息", "发车时刻"))
    return Content(title, tuple(columns[: rng.randint(4, 6)]), 0, "班次")


def _league(rng: random.Random, count: int) -> Content:
    teams = _unique(rng, lambda r: vocabulary.word(r) + r.choice(("队", "队", "")), count, 6)
    count = len(teams)
    won, drawn, lost = (_integers(rng, count, 0, 12) for _ in range(3))
    points = [3 * w + d for w, d in zip(won, drawn, strict=True)]
    ranked = sorted(range(count), key=lambda i: -points[i])
    columns = [Column(rng.choice(("球队", "队名", "队伍")), tuple(teams[i] for i in ranked))]
    columns += [
        _numbers(n, [v[i] for i in ranked], "{}")
        for n, v in (("胜", won), ("平", drawn), ("负", lost), ("积分", points))
    ]
    key = 0
    if rng.random() < 0.5:
        columns.insert(0, Column(rng.choice(("排名", "名次")), tuple(map(str, range(1, count + 1)))))
        key = 1
    title = vocabulary.word(rng) + rng.choice(("杯积分榜", "联赛积分榜", "赛积分表"))
    return Content(title, tuple(columns), key, "队")


def _figures(rng: random.Random, count: int) -> Content:
    """Numbers by two names, perhaps under merged headers, perhaps with sums at the right and below."""
    maker = rng.choice(
        (vocabulary.word, lambda r: r.choice(lexicon.CITIES), _name, _goods, lambda r: vocabulary.word(r)[:2] + "部")
    )
    items = _unique(rng, maker, count, 7)
    count = len(items)
    order = rng.choice((2, 2, 3, 3, 4, 5))
    decimals = rng.choice((0, 0, 0, 1, 2))
    commas = "," if rng.random() < 0.35 else ""
    form = "{:" + commas + f".{decimals}f" + "}"
    summed = rng.random() < 0.5

    def column(name: str, group: str = "") -> Column:
        values = [value / 10**decimals for value in _integers(rng, count, 1, 10**order - 1)]
        return _numbers(name, values, form, summed=summed, group=group)

    if rng.random() < 0.35:
        leaves = rng.choice(
            (("数量", "金额"), ("计划", "实际"), ("收入", "支出"), ("男", "女"), ("上午", "下午"), ("人数", "占比"))
        )[:2]
        if leaves[1] == "占比":
            leaves = ("人数", "次数")
        start = rng.randint(2000, 2032)
        groups = rng.choice(
            (
                ("第一季度", "第二季度", "第三季度"),
                (f"{start}年", f"{start + 1}年", f"{start + 2}年"),
                _unique(rng, vocabulary.word, 3, 4),
            )
        )
        columns = [column(leaf, group) for group in groups[: rng.randint(2, 3)] for leaf in leaves]
    else:
        start = rng.randint(1, 8)
        names: tuple[str, ...] = rng.choice(
            (
                tuple(f"{start + i}月" for i in range(4)),
                ("第一季度", "第二季度", "第三季度", "第四季度"),
                tuple(f"{2000 + start * 3 + i}年" for i in range(4)),
                _unique(rng, vocabulary.word, 4, 5),
            )
        )
        columns = [column(name) for name in names[: rng.randint(2, 4)]]
        if rng.random() < 0.4:
            sums = [sum(number(c.cells[i]) for c in columns) for i in range(count)]
            columns.append(_numbers(rng.choice(("合计", "小计", "总计")), sums, form, summed=summed))
    head = rng.choice(("项目", "地区", "部门", "类别", "名称", "品种", "单位", "科目"))
    title = expand(rng, "[{y}年|][{w}|{c}][统计表|情况表|汇总表|明细表|数据表|对照表|收支表]").format(
        y=rng.randint(1998, 2034), w=vocabulary.word(rng), c=rng.choice(lexicon.CITIES) + vocabulary.word(rng)
    )
    return Content(
        title,
        (Column(head, items), *columns),
        0,
        "项目",
        rng.choice(("", "", "万元", "元", "人", "吨", "件")),
        rng.choice(("合计", "总计", "合 计")) if summed else "",
    )


def _specs(rng: random.Random, count: int) -> Content:
    """Properties down the side, things across."""
    things = _unique(
        rng,
        lambda r: r.choice(
            (vocabulary.word(r), vocabulary.code(r)[:6], vocabulary.word(r)[:2] + r.choice(("型", "款", "版")))
        ),
        rng.randint(2, 3),
        6,
    )
    names = _unique(rng, lambda r: r.choice(lexicon.LABELS[r.choice(tuple(lexicon.LABELS))]), count, 6)
    cells = [
        tuple(vocabulary.VALUES[rng.choice(("count", "choice", "money", "choice"))](rng)[:9] for _ in names)
        for _ in things
    ]
    columns = [Column(rng.choice(("参数", "项目", "对比项", "指标")), names)]
    columns += [Column(thing, column) for thing, column in zip(things, cells, strict=True)]
    return Content(
        vocabulary.word(rng) + rng.choice(("参数对比", "规格表", "参数表", "配置对比")), tuple(columns), 0, "项目"
    )


def _open(rng: random.Random, count: int) -> Content:
    """Any labels over any values."""
    kinds = rng.sample(
        ("goods", "money", "count", "time", "person", "choice", "place", "code", "shop"), rng.randint(2, 4)
    )
    first = _unique(
        rng,
        rng.choice((vocabulary.word, vocabulary.goods_name, _name, vocabulary.code, vocabulary.shop_name)),
        count,
        10,
    )
    labels = _unique(
        rng, lambda r: r.choice(lexicon.LABELS[kinds[0]]) if r.random() < 0.6 else vocabulary.word(r), 1, 6
    )
    columns = [Column(labels[0], first)]
    for kind in kinds:
        name = rng.choice(lexicon.LABELS[kind])
        if all(name not in column.name and column.name not in name for column in columns):
            columns.append(Column(name, tuple(vocabulary.VALUES[kind](rng) for _ in first)))
    return Content(
        vocabulary.word(rng) + rng.choice(("登记表", "记录表", "一览表", "清单", "台账", "安排表")),
        tuple(columns),
        0,
        "记录",
    )


_MAKERS: dict[Callable[[random.Random, int], Content], int] = {
    _scores: 14, _prices: 16, _stock: 10, _timetable: 10, _roster: 12, _departures: 7, _league: 6, _figures: 18,
    _specs: 6, _open: 12,
}  # fmt: skip


def make_content(rng: random.Random, count: int) -> Content:
    """A table of `count` rows, or fewer where names run out."""
    return rng.choices(tuple(_MAKERS), tuple(_MAKERS.values()))[0](rng, count)
