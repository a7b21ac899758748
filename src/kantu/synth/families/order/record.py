"""What an order page tells: one invented order, with sums that are right."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from kantu.synth.families.order.words import (
    ACTIONS,
    AGENTS,
    BUTTONS,
    CAUSES,
    CITIES,
    COLOURS,
    COURIERS,
    EFFECTS,
    INVENTED,
    MINOR_BUTTONS,
    PAYMENTS,
    PICTURE_OF,
    PICTURES,
    REASONS,
    REMARKS,
    SIZES,
    STATUSES,
)
from kantu.synth.words import lexicon, vocabulary


@dataclass(frozen=True)
class Good:
    """One article of an order; money in yuan as text with two decimals or none."""

    name: str
    spec: str
    price: str
    quantity: int
    picture: str


@dataclass(frozen=True)
class Order:
    """One order. Texts are as they would be printed, money without a currency sign."""

    category: str
    status: str
    reason: str
    shop: str
    goods: tuple[Good, ...]
    goods_total: str
    shipping: str
    discount: str
    price: str
    number: str
    date: str
    pay_date: str
    payment: str
    courier: str
    tracking: str
    recipient: str
    phone: str
    address: str
    remark: str
    buttons: tuple[str, ...]


# Share of pages whose status nobody has heard of. Of more of them a model learns to take any text for the status.
_INVENTED = 0.12


def _invented_status(rng: random.Random) -> str:
    agent, action = rng.choice(AGENTS), rng.choice(ACTIONS)
    if rng.random() < 0.22:
        return vocabulary.random_han(rng, rng.randint(3, 6))
    return rng.choice(
        (
            f"等待{agent}{action}",
            f"正在{action}",
            f"{agent}正在{action}",
            f"待{agent}{action}",
            f"{action}中",
            f"正在安排{agent}",
            f"已{action}",
            f"{agent}已{action}",
            f"待{action}",
            f"即将{action}",
            f"暂缓{action}",
            f"{agent}{action}中",
            f"{action}失败",
        )
    )


def _reason(rng: random.Random, category: str, when: datetime) -> str:
    if category == INVENTED or rng.random() < 0.25:
        template = rng.choice(CAUSES)
        if rng.random() < 0.7:
            template += "，" + rng.choice(EFFECTS)
    else:
        template = rng.choice(REASONS[category])
    later = when + timedelta(days=rng.randint(1, 20))
    date = rng.choice((f"{later.month}月{later.day}日", f"{later.month:02d}-{later.day:02d}", "明天", "后天", "本周五"))
    return template.format(
        date=date,
        n=rng.choice((1, 2, 3, 4, 5, 6, 7, 10, 12, 15, 24, 30, 48)),
        m=rng.randint(2, 59),
        city=rng.choice(CITIES),
        code4=rng.randint(1000, 9999),
    )


@dataclass(frozen=True)
class _Money:
    """How a page writes sums: with cents or without, with a comma after thousands or without."""

    whole: bool
    comma: bool

    def __call__(self, cents: int) -> str:
        yuan = f"{cents // 100:,}" if self.comma else str(cents // 100)
        return yuan if self.whole else f"{yuan}.{cents % 100:02d}"


def _cents(rng: random.Random) -> int:
    yuan = int(10 ** rng.uniform(0.3, rng.choice((2.2, 2.7, 3.7))))
    return yuan * 100 + rng.choice((0, 0, 90, 80, 99, 50, rng.randint(1, 99)))


def _date_format(rng: random.Random) -> str:
    day = rng.choice(("%Y-%m-%d", "%Y-%m-%d", "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%m-%d", "%m月%d日"))
    if rng.random() < 0.15 and not day.startswith("%m"):
        return day
    return day + rng.choice((" %H:%M:%S", " %H:%M:%S", " %H:%M", " %H:%M"))


def _written(moment: datetime, form: str, padded: bool) -> str:
    text = moment.strftime(form)
    if padded:
        return text
    day, _, clock = text.partition(" ")
    return re.sub(r"(?<!\d)0(?=\d)", "", day) + (f" {clock}" if clock else "")  # 2026年3月4日 08:05


def _picture(rng: random.Random, name: str) -> str:
    """An emoji that shows the article, or any when none does."""
    for words, picture in PICTURE_OF.items():
        if any(words[i : i + 2] in name for i in range(len(words) - 1)) or (len(words) == 1 and words in name):
            return picture
    return rng.choice(PICTURES)


def _title(rng: random.Random) -> str:
    """What shops print as an article's name: short in food and services, long with search words elsewhere."""
    name = vocabulary.goods_name(rng)
    if rng.random() < 0.32:
        extra = rng.sample(lexicon.GOODS_MODIFIERS, rng.randint(1, 4))
        joint = rng.choice(("", "", " "))
        name = rng.choice((name + " ", name + joint, "【" + extra[0] + "】" + name)) + joint.join(extra)
    return name[:30].strip()


def _goods(rng: random.Random, written: _Money, most: int) -> tuple[tuple[Good, ...], int]:
    count = min(rng.choices((1, 2, 3, 4), (58, 24, 12, 6))[0], most)
    goods: list[Good] = []
    total, names = 0, set[str]()
    while len(goods) < count:
        name = _title(rng)
        if name in names:
            continue
        names.add(name)
        cents = _cents(rng)
        cents = max(cents // 100, 1) * 100 if written.whole else cents
        quantity = rng.choices((1, 2, 3, rng.randint(4, 12)), (62, 20, 8, 10))[0]
        spec = _spec(rng) if rng.random() < 0.75 else ""
        goods.append(Good(name, spec, written(cents), quantity, _picture(rng, name)))
        total += cents * quantity
    return tuple(goods), total


def _spec(rng: random.Random) -> str:
    colour, size = rng.choice(COLOURS), rng.choice(SIZES)
    return rng.choice(
        (
            f"{colour} {size}",
            f"{colour}；{size}",
            f"{colour}，{size}",
            f"颜色：{colour}",
            colour,
            size,
            f"规格：{size}",
            f"{colour}/{size}",
            f"{vocabulary.word(rng)} {size}",
            f"【{colour}】{size}",
        )
    )


def _number(rng: random.Random) -> str:
    length = rng.choice((6, 8, 8, 10, 10, 11, 12, 12, 13, 14, 15, 16, 16, 17, 18, 18, 19, 20))
    digits = "".join(rng.choice("0123456789") for _ in range(length))
    if rng.random() < 0.14:
        letters = "".join(rng.choice("ABCDEFGHJKLMNPQRSTUVWXYZ") for _ in range(rng.randint(1, 3)))
        return (letters + digits)[:20]
    return digits if digits[0] != "0" else "1" + digits[1:]


def make_order(rng: random.Random, *, most_goods: int = 4) -> Order:
    """One invented order whose sums are right, of at most `most_goods` articles."""
    money = _Money(rng.random() < 0.15, rng.random() < 0.15)
    whole = money.whole
    goods, total = _goods(rng, money, most_goods)
    step = 100 if whole else rng.choice((1, 10, 50, 100))
    shipping = rng.choice((0, 0, 0, 600, 800, 1000, rng.randint(1, 40) * 100))
    discount = rng.randint(1, max(total // (3 * step), 1)) * step if rng.random() < 0.55 else 0
    discount = min(discount, total // 2)
    if whole:
        discount -= discount % 100
    placed = datetime(2021, 1, 1) + timedelta(seconds=rng.randint(0, 7 * 365 * 86400))
    paid = placed + timedelta(seconds=rng.randint(8, 5400))
    form = _date_format(rng)
    padded = rng.random() < (0.3 if "月" in form else 0.85)
    invented = rng.random() < _INVENTED
    category = INVENTED if invented else rng.choices(tuple(STATUSES), (10, 24, 14, 11, 8, 8, 8, 8, 8, 7))[0]
    status = _invented_status(rng) if invented else rng.choice(STATUSES[category])
    primary = rng.choice(BUTTONS[rng.choice(tuple(BUTTONS)) if invented or rng.random() < 0.1 else category])
    if rng.random() < 0.12:
        primary = rng.choice(ACTIONS) if rng.random() < 0.5 else vocabulary.random_han(rng, rng.randint(2, 4))
    minor = [name for name in rng.sample(MINOR_BUTTONS, 3) if name != primary]
    return Order(
        category=category,
        status=status,
        reason=_reason(rng, category, placed),
        shop=vocabulary.shop_name(rng),
        goods=goods,
        goods_total=money(total),
        shipping=money(shipping),
        discount=money(discount),
        price=money(total + shipping - discount),
        number=_number(rng),
        date=_written(placed, form, padded),
        pay_date=_written(paid, form, padded),
        payment=rng.choice(PAYMENTS),
        courier=rng.choice(COURIERS)
        if rng.random() < 0.7
        else vocabulary.random_han(rng, 2) + rng.choice(("快递", "速运", "物流")),
        tracking=rng.choice(("", "", "QN", "KD", "LX", "MB"))
        + "".join(rng.choice("0123456789") for _ in range(rng.randint(10, 14))),
        recipient=vocabulary.person(rng),
        phone=vocabulary.phone(rng),
        address=vocabulary.address(rng),
        remark=rng.choice(REMARKS),
        buttons=(primary, *minor[: rng.choices((0, 1, 2), (35, 40, 25))[0]]),
    )
