"""Open vocabularies: what generic pages say, drawn so that it cannot be guessed, only read.

Every function takes the page's `random.Random` and writes with `HAN`, ASCII and `PUNCTUATION` only. Names, numbers
and shops are invented by combination.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Sequence
from functools import cache
from importlib import resources

from kantu.synth.words import lexicon

HAN: tuple[str, ...] = tuple(
    bytes((row, cell)).decode("gb2312")
    for row in range(0xB0, 0xD8)
    for cell in range(0xA1, 0xFF)
    if (row, cell) < (0xD7, 0xFA)
)
"""The 3,755 characters of GB2312 level 1, in its order (by pronunciation)."""

PUNCTUATION = "，。：；！？（）【】《》“”、…—·￥¥×"
"""What pages use beyond ASCII and `HAN`; every Chinese face has these."""


@cache
def words() -> tuple[str, ...]:
    """Chinese words of `HAN`, no repeats.

    A decoder learns a few thousand words by heart and then completes what it only half sees; 120,000 it must read.
    """
    text = resources.files("kantu.synth.words").joinpath("words.txt").read_text("utf-8")
    return tuple(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def digits(rng: random.Random, n: int) -> str:
    """A string of `n` decimal digits, zeros in front allowed."""
    return f"{rng.randrange(10**n):0{n}d}"


def pick(rng: random.Random, *makers: tuple[int, Callable[[random.Random], str]]) -> str:
    """One of the weighted `(weight, maker)` pairs, called with `rng`."""
    point = rng.random() * sum(weight for weight, _ in makers)
    for weight, maker in makers:
        point -= weight
        if point < 0:
            return maker(rng)
    return makers[-1][1](rng)


def random_han(rng: random.Random, n: int) -> str:
    """`n` characters, uniform over `HAN`."""
    return "".join(rng.choices(HAN, k=n))


def word(rng: random.Random) -> str:
    """A Chinese word of 2 to 5 characters."""
    return rng.choice(words())


def _part(rng: random.Random, usual: Sequence[str], surprise: float) -> str:
    """One of `usual`, or with probability `surprise` something no one would expect there."""
    if rng.random() >= surprise:
        return rng.choice(usual)
    return word(rng) if rng.random() < 0.6 else random_han(rng, rng.randint(1, 3))


def goods_name(rng: random.Random) -> str:
    """Name of something sold, 3 to 14 characters (latin units and digits counted one each)."""
    surprise = rng.choice((0.0, 0.7, 0.9, 1.0))
    name = _part(rng, lexicon.GOODS_NOUNS, surprise)
    if rng.random() < 0.45:
        name = _part(rng, lexicon.GOODS_MATERIALS, surprise) + name
    if rng.random() < 0.5 or len(name) < 3:
        name = _part(rng, lexicon.GOODS_MODIFIERS, surprise) + name
    if len(name) < 3:
        name += word(rng)
    if rng.random() < 0.45:
        spec = _spec(rng)
        if len(name) + len(spec) <= 14:
            name += spec
    return name[:14]


def _spec(rng: random.Random) -> str:
    number = rng.choice(("1", "2", "3", "5", "10", "12", "24", str(rng.randint(2, 999))))
    return pick(
        rng,
        (4, lambda r: number + r.choice(("kg", "g", "ml", "L", "克", "斤", "毫升", "升", "厘米", "寸", "米", "cm"))),
        (
            4,
            lambda r: (
                number + r.choice(("个", "只", "件", "袋", "瓶", "盒", "包", "支", "片", "双", "条", "箱")) + "装"
            ),
        ),
        (2, lambda r: " " + r.choice(lexicon.COLORS)),
        (2, lambda r: r.choice(("大号", "中号", "小号", "加大码", "均码", "经典款", "升级版", "旅行装", "家庭装"))),
        (1, lambda r: " " + r.choice(("S", "M", "L", "XL", "XXL", "A5", "B4", "Pro", "Max", "Mini"))),
        (1, lambda r: "×" + str(r.randint(2, 12))),
    )


def shop_name(rng: random.Random) -> str:
    """Name of an invented shop, company or institution."""
    return pick(
        rng,
        (5, lambda r: _part(r, lexicon.SHOP_HEADS, 0.8) + _part(r, lexicon.SHOP_KINDS, 0.4)),
        (3, lambda r: random_han(r, r.randint(2, 5)) + (r.choice(lexicon.SHOP_KINDS) if r.random() < 0.6 else "")),
        (2, lambda r: word(r) + r.choice(("小店", "商行", "旗舰店", "工作室", "专营店", "有限公司", "超市"))),
        (1, lambda r: r.choice(lexicon.SURNAMES) + r.choice(("记", "氏", "家", "师傅")) + r.choice(lexicon.SHOP_KINDS)),
    )


def person(rng: random.Random) -> str:
    """A person as screens show one: masked, titled, or an invented full name or nickname."""
    surname = rng.choice(lexicon.SURNAMES)
    return pick(
        rng,
        (3, lambda r: surname + "*" * r.randint(1, 2)),
        (1, lambda r: surname + "*" + r.choice(HAN)),
        (1, lambda r: "*" + r.choice(HAN) + (r.choice(HAN) if r.random() < 0.5 else "")),
        (4, lambda r: surname + r.choice(lexicon.TITLES)),
        (3, lambda r: surname + random_han(r, r.randint(1, 2))),
        (1, lambda r: r.choice(("小", "老", "阿")) + surname),
        (1, lambda r: random_han(r, r.randint(2, 4))),
    )


def phone(rng: random.Random) -> str:
    """A masked mobile or landline number."""
    head = f"1{rng.randint(3, 9)}{rng.randint(0, 9)}"
    tail = digits(rng, 4)
    return rng.choice(
        (f"{head}****{tail}", f"{head}****{tail}", f"{head} **** {tail}", f"{head}-****-{tail}", f"尾号{tail}",
         f"0{rng.randint(10, 999)}-****{tail}")
    )  # fmt: skip


def address(rng: random.Random) -> str:
    """An invented address, from a street with a number to province, city, street, building and room."""
    road = _part(rng, lexicon.ROAD_HEADS, 0.4) + rng.choice(("路", "街", "大道", "巷", "弄", "胡同"))
    number = f"{rng.randint(1, 1999)}号"
    head = rng.choice(lexicon.CITIES) if rng.random() < 0.6 else ""
    if head and rng.random() < 0.5:
        head += _part(rng, lexicon.DISTRICTS, 0.3)
    tail = pick(
        rng,
        (4, lambda r: ""),
        (2, lambda r: f"{r.randint(1, 60)}栋{r.randint(101, 3206)}室"),
        (2, lambda r: f"{r.randint(1, 30)}号楼{r.randint(1, 9)}单元"),
        (1, lambda r: _part(r, lexicon.ROAD_HEADS, 0.5) + r.choice(("小区", "大厦", "花园", "广场", "公寓", "会馆"))),
        (1, lambda r: f"{r.randint(1, 40)}层"),
    )
    return head + road + number + tail


def amount(rng: random.Random) -> str:
    """A sum of money without its unit, in varied lengths and forms: 128.50, 9.9, 35, 1,280.00, 0.01."""
    whole = int(10 ** rng.uniform(0, rng.choice((2, 3, 3, 4, 5, 6))))
    if rng.random() < 0.08:
        whole = 0
    fraction = rng.choice(
        (".00", ".90", ".50", ".9", ".5", ".8", "", "", *[f".{digits(rng, 2)}"] * 4, f".{digits(rng, 1)}")
    )
    if not whole and not fraction.strip(".0"):
        fraction = ".01"
    return (f"{whole:,}" if rng.random() < 0.3 else str(whole)) + fraction


def money(rng: random.Random) -> str:
    """`amount` with its unit or sign: ¥128.50, 128.50元, -￥9.9."""
    sum_ = amount(rng)
    return rng.choice((f"¥{sum_}", f"¥{sum_}", f"￥{sum_}", f"¥ {sum_}", f"{sum_}元", f"-¥{sum_}", sum_, f"+{sum_}"))


def date(rng: random.Random) -> str:
    """A day in one of the usual forms."""
    year, month = rng.randint(1998, 2034), rng.randint(1, 12)
    day = rng.randint(1, 28 if month == 2 else 30)
    return rng.choice(
        (
            f"{year}-{month:02d}-{day:02d}", f"{year}-{month:02d}-{day:02d}", f"{year}/{month}/{day}",
            f"{year}/{month:02d}/{day:02d}", f"{year}年{month}月{day}日", f"{year}.{month:02d}.{day:02d}",
            f"{month:02d}-{day:02d}", f"{month}月{day}日", f"{month}/{day}",
        )
    )  # fmt: skip


def clock(rng: random.Random) -> str:
    """A time of day: 14:22, 14:22:10, 9:05, 下午3:20."""
    hour, minute, second = rng.randrange(24), rng.randrange(60), rng.randrange(60)
    short = f"{hour:02d}:{minute:02d}"
    half = ("上午" if hour < 12 else "下午") + f"{(hour - 1) % 12 + 1}:{minute:02d}"
    return rng.choice((short, short, f"{short}:{second:02d}", f"{short}:{second:02d}", f"{hour}:{minute:02d}", half))


def date_time(rng: random.Random) -> str:
    """A moment: date and time, date only, time only or spoken (今天 14:22)."""
    return pick(
        rng,
        (6, lambda r: f"{date(r)} {clock(r)}"),
        (2, date),
        (1, clock),
        (
            1,
            lambda r: (
                r.choice(("今天", "昨天", "明天", "前天", "周一", "周三", "周五", "周日", "刚刚")) + " " + clock(r)
            ),
        ),
        (1, lambda r: f"{r.randint(2, 59)}{r.choice(('分钟前', '小时前', '天前', '分钟后'))}"),
        (1, lambda r: f"{clock(r)[:5]}-{clock(r)[:5]}".replace("午", "午 ")),
    )


def _letters(rng: random.Random, low: int, high: int) -> str:
    return "".join(rng.choices(string.ascii_uppercase, k=rng.randint(low, high)))


def code(rng: random.Random) -> str:
    """An order number, tracking number, serial number or the like: 6 to 20 characters."""
    return pick(
        rng,
        (6, lambda r: digits(r, r.randint(6, 20))),
        (3, lambda r: _letters(r, 1, 3) + digits(r, r.randint(6, 15))),
        (1, lambda r: f"{_letters(r, 2, 2)}{r.randint(2000, 2034)}{digits(r, 4)}-{digits(r, r.randint(3, 6))}"),
        (1, lambda r: f"{digits(r, 4)} {digits(r, 4)} {digits(r, 4)}"),
        (1, lambda r: f"{digits(r, r.randint(3, 6))}-{digits(r, r.randint(3, 8))}"),
        (1, lambda r: "".join(r.choices(string.ascii_uppercase + string.digits, k=r.randint(6, 12)))),
        (1, lambda r: "".join(r.choices(string.ascii_lowercase + string.digits, k=r.randint(6, 10)))),
        (1, lambda r: f"{_letters(r, 1, 2)}-{digits(r, 2)}-{digits(r, r.randint(2, 5))}"),
    )


def count(rng: random.Random) -> str:
    """A number with a measure word: 3件, 12个, ×2, 共5样."""
    number = rng.choice((rng.randint(1, 9), rng.randint(1, 99), rng.randint(100, 9999)))
    return pick(
        rng,
        (5, lambda r: f"{number}{r.choice(lexicon.MEASURES)}"),
        (2, lambda r: str(number)),
        (1, lambda r: f"×{number}"),
        (1, lambda r: f"x{number}"),
        (1, lambda r: f"共{number}{r.choice(lexicon.MEASURES)}"),
        (1, lambda r: f"{r.randint(0, 100)}%"),
        (1, lambda r: f"{number}/{number + r.randint(0, 50)}"),
        (
            1,
            lambda r: (
                f"{r.randint(0, 99)}.{digits(r, 1)}{r.choice(('kg', '斤', '米', '分', '折', '℃', '公里'))}".replace(
                    "℃", "度"
                )
            ),
        ),
    )


def choice(rng: random.Random) -> str:
    """A short wording a field may hold: a state, a way of paying, a kind, or any word."""
    return pick(
        rng,
        (4, lambda r: r.choice(lexicon.CHOICES)),
        (3, word),
        (1, lambda r: word(r) + word(r)),
        (1, lambda r: random_han(r, r.randint(2, 5))),
        (1, lambda r: r.choice(lexicon.CHOICES) + r.choice(("·", "/", "，", " ")) + word(r)),
    )


def place(rng: random.Random) -> str:
    """A room, seat, floor, stop or city."""
    return pick(
        rng,
        (2, lambda r: f"{r.choice('ABCDEFG')}{r.randint(1, 9)}{digits(r, 2)}"),
        (2, lambda r: f"{r.randint(1, 16)}车{r.randint(1, 20):02d}{r.choice('ABCDF')}座"),
        (2, lambda r: f"{r.randint(1, 30)}楼{r.randint(1, 40)}号"),
        (
            3,
            lambda r: (
                r.choice(lexicon.CITIES) + r.choice(("东站", "南站", "西站", "北站", "机场", "市", "码头", "医院"))
            ),
        ),
        (2, lambda r: word(r) + r.choice(("厅", "馆", "室", "区", "楼", "站"))),
        (2, shop_name),
        (1, lambda r: random_han(r, 2) + r.choice(("村", "镇", "县", "湾", "桥"))),
    )


VALUES: dict[str, Callable[[random.Random], str]] = {
    "time": date_time,
    "person": person,
    "phone": phone,
    "address": address,
    "money": money,
    "code": code,
    "count": count,
    "choice": choice,
    "place": place,
    "goods": goods_name,
    "shop": shop_name,
}
"""What a label of each kind of `lexicon.LABELS` is followed by."""


def labelled(rng: random.Random) -> tuple[str, str, str]:
    """A field: its kind (a key of `VALUES`), its label and a value.

    15 % of labels are made up, and one value in six is of a kind its label does not suggest, so that the value must
    be read where it stands.
    """
    kind = rng.choice(tuple(VALUES))
    text = rng.choice(lexicon.LABELS[kind])
    if rng.random() < 0.15:
        text = word(rng) if rng.random() < 0.5 else random_han(rng, rng.randint(2, 5))
        kind = "choice" if rng.random() < 0.3 else kind
    wanted = kind if rng.random() < 5 / 6 else rng.choice(tuple(VALUES))
    return kind if wanted == kind else "choice", text, VALUES[wanted](rng)


def label(rng: random.Random) -> str:
    """A field's label, 15 % of them made up of 2 to 5 random characters or a random word."""
    return labelled(rng)[1]


def sentence(rng: random.Random) -> str:
    """A short natural sentence (8 to 40 characters) with open slots."""
    slots = {
        "g": goods_name(rng), "w": word(rng), "v": word(rng), "p": person(rng), "s": shop_name(rng),
        "t": date_time(rng), "d": date(rng), "n": str(rng.randint(2, 30)), "m": amount(rng), "c": code(rng),
        "a": rng.choice(lexicon.CITIES), "x": random_han(rng, rng.randint(2, 4)),
        "l": rng.choice(lexicon.LABELS["choice"]),
    }  # fmt: skip
    return rng.choice(lexicon.SENTENCES).format(**slots)
