"""What is for sale: an invented product with its prices, promises and particulars, and shelves of several."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from kantu.synth.words import icons, lexicon, moderation, vocabulary

CENT = Decimal("0.01")
_PROMISES = (
    *("七天无理由退换", "正品保证", "假一赔三", "极速退款", "运费险", "全国联保", "支持分期", "48小时发货",
        "现货速发"),
    *("免费安装", "送货上门", "只换不修", "可开发票", "坏果包赔", "次日达", "价保30天", "上门取件"),
)  # fmt: skip
_POINTS = (
    *("[轻便|耐用|防水|保暖|透气|静音|省电|易清洗|不掉色|防滑]", "<few>[层|档|段][加厚|调节|过滤]",
        "[新款|升级|加大|便携][设计|版本]"),
    *("[手感|口感|做工|用料][细腻|扎实|清爽|柔软]", "<word>[工艺|材质|配方]", "[适合|专为]<word>[人群|场景]",
        "[容量|重量]<n>[克|毫升]"),
    *("[原产|产自]<city>", "[质保|保修]<few>年", "[一键|三步][操作|安装]", "[可|支持][机洗|折叠|微波|定制]",
        "[无|零]添加<word>"),
    *("<n>[小时|分钟][续航|速热|锁鲜]", "<word><word>[同款|联名|口味]"),
)  # fmt: skip
_SLOGANS = (
    *(
        "[新品上市|限时特惠|年中大促|周末狂欢|开学季|换季清仓|会员日|店庆]",
        "<word>[节|季|价][来了|开抢|到]",
        "[好物|今日][推荐|特卖]",
    ),
    *("[给你|带来][不一样|新鲜]的<word>", "[<word>|<word><word>]，就选它", "[错过|再等]又一年"),
)


def _origin(rng: random.Random) -> str:
    return rng.choice(lexicon.CITIES) if rng.random() < 0.6 else vocabulary.word(rng)


def _number_of_days(rng: random.Random) -> str:
    return rng.choice((f"{rng.randint(1, 36)}个月", f"{rng.randint(5, 720)}天", f"{rng.randint(1, 5)}年"))


def _measure(rng: random.Random) -> str:
    unit = rng.choice(("g", "kg", "ml", "L", "克", "千克", "毫升", "升"))
    return f"{rng.choice((rng.randint(1, 30), rng.randint(5, 990)))}{unit}"


PARTICULARS: Mapping[str, tuple[tuple[str, ...], Callable[[random.Random], str], str]] = {
    "brand": (("品牌", "牌子"), lambda r: vocabulary.word(r) + r.choice(("", "", "牌")), "choice"),
    "origin": (("产地", "原产地", "生产地"), _origin, "place"),
    "model": (("型号", "款号", "货号"), vocabulary.code, "code"),
    "weight": (("净含量", "重量", "净重", "毛重"), _measure, "count"),
    "material": (("材质", "面料", "主要成分", "材料"),
        lambda r: r.choice(lexicon.GOODS_MATERIALS) + r.choice(("", f"{r.randint(5, 100)}%")), "choice"),
    "color": (("颜色", "颜色分类", "花色"), lambda r: r.choice(lexicon.COLORS), "choice"),
    "size": (("尺寸", "规格", "尺码"), lambda r: r.choice((f"{r.randint(5, 200)}×{r.randint(5, 200)}cm",
        f"{r.randint(90, 190)}/{r.randint(60, 110)}", r.choice(("S", "M", "L", "XL", "均码")))), "choice"),
    "shelf": (("保质期", "质保期", "有效期"), _number_of_days, "count"),
    "made": (("生产日期", "出厂日期"), vocabulary.date, "time"),
    "maker": (("生产商", "厂家", "制造商"), vocabulary.shop_name, "shop"),
    "power": (("功率", "额定功率"), lambda r: f"{r.randint(5, 3000)}W", "count"),
    "storage": (("贮存条件", "储存方式", "保存方法"), lambda r: r.choice(("常温", "冷藏", "冷冻",
        "避光")) + r.choice(("", "干燥处", "保存", f"{r.randint(2, 30)}度以下")), "choice"),
    "standard": (("执行标准", "标准号"), lambda r: f"GB/T {vocabulary.digits(r, r.randint(4, 6))}", "code"),
    "grade": (("等级", "质量等级"), lambda r: r.choice(("一级", "特级", "合格品", "优等品", "二级", "A级")), "choice"),
    "barcode": (("条码", "商品条码", "条形码"), lambda r: "69" + vocabulary.digits(r, 11), "code"),
    "crowd": (("适用人群", "适用对象"), lambda r: r.choice(("成人", "儿童", "男士", "女士", "通用",
        "学生")) + r.choice(("", "", vocabulary.word(r))), "choice"),
}  # fmt: skip
"""What a specification tells: labels, what makes a value, and the kind of value the label promises."""


def price(rng: random.Random) -> Decimal:
    """A price as shops set them."""
    whole = int(10 ** rng.uniform(0, rng.choice((2, 2, 3, 3, 4, 5))))
    return Decimal(max(whole, 1)) + Decimal(
        rng.choice(("0", "0", ".9", ".99", ".5", ".8", f".{vocabulary.digits(rng, 2)}"))
    )


def spelled(rng: random.Random, sum_: Decimal) -> str:
    """The sum as it is printed: 12, 12.9, 12.90."""
    if sum_ == sum_.to_integral() and rng.random() < 0.6:
        return str(int(sum_))
    return f"{sum_:.2f}" if rng.random() < 0.6 else format(sum_.normalize(), "f")


@dataclass(frozen=True)
class Product:
    """One thing for sale. Sums are as they are printed; "" or empty where nothing is said of it."""

    title: str
    thing: str
    price: str
    original: str
    coupon: str
    member: str
    unit: str
    sales: str
    rating: str
    stock: str
    freight: str
    sent_from: str
    shop: str
    slogan: str
    period: str
    phone: str
    promises: tuple[str, ...]
    points: tuple[str, ...]
    particulars: tuple[tuple[str, str], ...]


def _maybe(rng: random.Random, share: float, make: Callable[[random.Random], str]) -> str:
    return make(rng) if rng.random() < share else ""


def _sold(rng: random.Random) -> str:
    number = rng.choice((rng.randint(0, 99), rng.randint(10, 999), rng.randint(1000, 99999)))
    return (
        f"{number / 10000:.1f}万" if number > 9999 and rng.random() < 0.5 else str(number) + rng.choice(("", "", "+"))
    )


def make_product(rng: random.Random) -> Product:
    """An invented product whose original price, where it has one, is above its price."""
    now = price(rng)
    before = (now * Decimal(str(rng.uniform(1.05, 2.5)))).quantize(Decimal(rng.choice(("1", ".1", "0.01"))))
    coupon = max(1, int(now * Decimal(str(rng.uniform(0.03, 0.3)))))
    member = (now * Decimal(str(rng.uniform(0.7, 0.97)))).quantize(Decimal(".1"))
    start, end = sorted((rng.randint(1, 12), rng.randint(1, 28)) for _ in range(2))
    return Product(
        title=vocabulary.goods_name(rng) + rng.choice(("", "", " " + vocabulary.goods_name(rng), vocabulary.word(rng))),
        thing=rng.choice(tuple(icons.ICONS)),
        price=spelled(rng, now),
        original=spelled(rng, before) if rng.random() < 0.55 and before > now else "",
        coupon=str(coupon) if rng.random() < 0.25 and now > 5 else "",
        member=spelled(rng, member) if rng.random() < 0.2 and 1 < member < now else "",
        unit=_maybe(rng, 0.2, lambda r: r.choice(lexicon.MEASURES)),
        sales=_maybe(rng, 0.6, _sold),
        rating=_maybe(
            rng, 0.3, lambda r: f"{r.randint(80, 100)}%" if r.random() < 0.5 else f"{r.randint(30, 49) / 10}"
        ),
        stock=_maybe(rng, 0.35, lambda r: str(r.choice((0, r.randint(1, 99), r.randint(100, 9999))))),
        freight=_maybe(rng, 0.45, lambda r: "0" if r.random() < 0.5 else str(r.randint(3, 30))),
        sent_from=_maybe(rng, 0.4, lambda r: r.choice(lexicon.CITIES)),
        shop=_maybe(rng, 0.7, vocabulary.shop_name),
        slogan=moderation.phrase(rng, rng.choice(_SLOGANS)).text,
        period=_maybe(
            rng, 0.4, lambda r: f"{start[0]}月{start[1]}日" + r.choice(("至", "-", "—")) + f"{end[0]}月{end[1]}日"
        ),
        phone=_maybe(rng, 0.25, lambda r: moderation.mobile(r) if r.random() < 0.5 else moderation.landline(r)),
        promises=tuple(rng.sample(_PROMISES, rng.choice((0, 1, 2, 3)))),
        points=tuple({moderation.phrase(rng, p).text: 0 for p in rng.sample(_POINTS, rng.randint(1, 4))}),
        particulars=tuple(
            (name, PARTICULARS[name][1](rng)) for name in rng.sample(tuple(PARTICULARS), rng.randint(1, 8))
        ),
    )


@dataclass(frozen=True)
class Offer:
    """One of several things on a page, with its price."""

    title: str
    thing: str
    price: str


def make_offers(rng: random.Random, count: int) -> tuple[Offer, ...]:
    """Things with different names and different prices."""
    offers: dict[Decimal, Offer] = {}
    names: set[str] = set()
    while len(offers) < count:
        sum_, title = price(rng), vocabulary.goods_name(rng)
        if sum_ not in offers and title not in names:
            names.add(title)
            offers[sum_] = Offer(title, rng.choice(tuple(icons.ICONS)), spelled(rng, sum_))
    return tuple(offers.values())
