"""What people ask of products: prices, what is saved, what several cost, which is cheaper, what is promised; copy."""

from __future__ import annotations

import random
from decimal import Decimal

from kantu.synth.ask import fields, named, places, texts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.named import Meaning
from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Marked, Pair
from kantu.synth.families.product.record import Offer
from kantu.synth.page import Question
from kantu.synth.words import phrases as say
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import COPY
from kantu.tasks.results import CopyResult, written

MEANINGS = {
    "price": Meaning(("价格", "现价", "售价", "标价"), ("多少钱", "卖多少钱", "要多少钱", "怎么卖", "什么价",
        "几块钱", "现在卖多少")),
    "original": Meaning(("原价", "划线价", "原来的价格"), ("原来卖多少钱", "原价多少", "打折前多少钱",
        "没降价时多少钱")),
    "member": Meaning(("会员价",), ("会员多少钱", "会员买要多少", "是会员的话什么价")),
    "coupon": Meaning(("优惠券金额", "券的面额"), ("优惠券减多少", "领券能减几块", "券是多少钱的", "能用多少元的券")),
    "title": Meaning(("商品名称", "商品", "品名", "名称"), ("卖的是什么", "这是什么商品", "商品叫什么",
        "什么东西在卖")),
    "sales": Meaning(("销量", "已售数量"), ("卖了多少件", "卖出多少了", "多少人买过", "销量怎么样，写的多少")),
    "stock": Meaning(("库存", "剩余数量"), ("还剩多少件", "还有多少货", "库存多少", "剩几件")),
    "rating": Meaning(("好评率", "评分"), ("好评多少", "评分多少", "评价得分是多少")),
    "sent_from": Meaning(("发货地", "发货城市"), ("从哪里发货", "哪个城市发货", "货从哪儿来", "发自哪里")),
    "freight": Meaning(("运费", "邮费", "快递费"), ("运费多少", "邮费几块", "寄过来要多少运费")),
    "shop": Meaning(("店铺", "店名", "商家"), ("哪家店卖的", "店铺叫什么", "商家是谁", "是哪家店")),
    "slogan": Meaning(("广告语", "口号", "宣传语"), ("海报上的口号是什么", "最大的标语写的什么", "宣传语怎么写的")),
    "period": Meaning(("活动时间", "优惠时间", "活动日期"), ("活动从哪天到哪天", "优惠到什么时候", "什么时候搞活动")),
    "phone": Meaning(("电话", "订购电话", "热线"), ("打哪个电话订", "联系电话多少", "怎么电话联系")),
    "brand": Meaning(("品牌", "牌子"), ("什么牌子", "是哪个品牌的")),
    "origin": Meaning(("产地",), ("哪里产的", "产自哪里", "是什么地方出的")),
    "model": Meaning(("型号", "货号", "款号"), ("是什么型号", "型号是哪个", "几号款")),
    "weight": Meaning(("重量", "净含量"), ("有多重", "装了多少", "含量多少", "多大分量")),
    "material": Meaning(("材质", "材料"), ("什么材质", "用什么做的", "是什么料子")),
    "color": Meaning(("颜色",), ("标的什么颜色", "颜色写的哪种", "参数里是什么色")),
    "size": Meaning(("尺寸", "规格", "尺码"), ("多大尺寸", "什么规格", "是几码")),
    "shelf": Meaning(("保质期", "有效期"), ("能放多久", "保质多长时间", "保质期多长")),
    "made": Meaning(("生产日期",), ("什么时候生产的", "哪天出厂的", "几号生产")),
    "maker": Meaning(("生产商", "厂家"), ("哪家厂生产的", "谁生产的", "厂家叫什么")),
    "power": Meaning(("功率",), ("多少瓦", "功率多大")),
    "storage": Meaning(("贮存条件", "保存方法"), ("怎么保存", "要放在什么环境", "如何存放")),
    "standard": Meaning(("执行标准", "标准号"), ("执行什么标准", "标准编号多少")),
    "grade": Meaning(("等级",), ("是什么等级", "质量几级")),
    "barcode": Meaning(("条码", "条形码"), ("条码是多少", "条形码数字是什么")),
    "crowd": Meaning(("适用人群",), ("给谁用的", "适合哪些人用")),
}  # fmt: skip
_MAY_BE_MISSING = (
    *("original", "member", "stock", "rating", "sent_from", "shop", "period", "phone", "brand", "origin", "model"),
    *("made", "maker", "power", "barcode", "shelf", "grade"),
)
_SAVED = (
    "[比原价|和原价比|相比原价|对比划线价][便宜|少|省|低][了|][多少|多少钱|几块]",
    "[降价|优惠|打折][省|便宜|少]了[多少|多少钱]",
    "[原价和现价|两个价格|现价与原价][差|相差]多少",
    "[现在买|今天买]能[省|少花]多少钱",
)
_SEVERAL = (
    "[买|要|来|拿|订]{n}[件|个|份][一共|总共|][多少钱|要多少|要付多少钱|几块钱]",
    "{n}[件|个|份][总共|一共|合计|加起来]多少钱",
    "[按现价|照标价]，{n}[件|个]要多少钱",
)
_PRICE_ANSWERS = ("{v}元", "{v}", "{v}", "{v}元。", "是{v}元。", "¥{v}")
_SUM_ANSWERS = ("{v}元", "{v}", "{v}元。", "一共{v}元。", "是{v}元。", "¥{v}")
_AFTER_COUPON = (
    "[用了券|领券后|券后|减掉优惠券]是多少钱",
    "[用券|领券]买要付多少",
    "[扣掉|减去]优惠券还要[多少|多少钱]",
)
_FREIGHT = ("{a}还是{b}", "[这件|这个|]是{a}还是{b}", "[要|用]不[要|用]运费：{a}还是{b}", "[邮费方面|运费]，{a}还是{b}")
_STOCK = ("{a}还是{b}", "[现在|目前]是{a}还是{b}", "[能不能买到|库存情况]：{a}/{b}")
_COUNT = (
    "[有|列了|一共|摆了|展示了]几[种|个|样|件]商品",
    "[图里|页面上][有|是]几样东西在卖",
    "[商品|货品][数量|总数]是几",
    "数一数有几[种|个]商品",
)
_CHEAPEST = ("[哪个|哪样|哪件|什么][最便宜|价格最低|最不贵]", "[最便宜|价格最低|标价最低]的是[哪个|什么|哪一个]")
_DEAREST = ("[哪个|哪样|哪件|什么][最贵|价格最高]", "[最贵|价格最高|标价最高]的是[哪个|什么|哪一个]")
_CHEAPER = (
    "{a}和{b}[哪个|谁][便宜|更便宜]",
    "{a}、{b}，[便宜的是哪个|哪个价低]",
    "[买哪个省钱|哪个更便宜]，{a}还是{b}",
)
_BOTH = ("{a}和{b}[一共|加起来|总共|合计]多少钱", "[买|要]{a}加{b}[要多少钱|一共多少]", "{a}、{b}[各一份|各一个]多少钱")
_OFFER_PRICE = (
    "{x}[多少钱|卖多少钱|什么价|怎么卖|的价格|的价格是多少|标价多少|几块]",
    "[买|来一份|要]{x}[多少钱|要多少]",
    "[{x}|图里的{x}][要几块钱|是什么价格]",
)
_AT_PRICE = ("[哪个|什么|哪样|哪件][卖|是|标价|要]{x}[元|块钱]", "[价格是|卖|标价]{x}[元|]的[是哪个|是什么|叫什么]")
_POINTS = ("[有什么|写了哪些|列出的]卖点", "[宣传|介绍]了哪些[优点|特点]", "[说|写]它有什么好处")
_PROMISED = ("[有什么|提供哪些][保障|服务|承诺]", "[买了|下单]有什么[保障|服务]", "[标签|服务说明]写了什么")


def _decimal(value: str) -> Decimal:
    return Decimal(value.replace(",", ""))


def _plain(sum_: Decimal) -> str:
    """The sum without zeros nobody says: 12.5, 12."""
    return format(sum_.normalize(), "f")


def _sum_question(scene: Scene, patterns: tuple[str, ...], sum_: Decimal, **slots: str) -> Question | None:
    if sum_ <= 0:
        return None
    value = _plain(sum_)
    asked = worded(scene.rng, patterns, **slots)
    return Question("arithmetic", asked, told(scene.rng, _SUM_ANSWERS, v=value), (value,))


def sums(scene: Scene) -> Question | None:
    """What is saved, what several cost, what is left to pay with the coupon."""
    rng, pairs = scene.rng, named.known(scene, MEANINGS)
    if "price" not in pairs:
        return None
    now, kind = _decimal(pairs["price"].value), rng.random()
    if kind < 0.45 and "original" in pairs:
        return _sum_question(scene, _SAVED, _decimal(pairs["original"].value) - now)
    if kind < 0.6 and "coupon" in pairs:
        return _sum_question(scene, _AFTER_COUPON, now - _decimal(pairs["coupon"].value))
    number = rng.choice((2, 2, 3, 4, 5, 10))
    return _sum_question(scene, _SEVERAL, now * number, n=rng.choice((str(number), "零一两三四五六七八九十"[number])))


def choice(scene: Scene) -> Question | None:
    """Freight or none, in stock or not, in words that may stand nowhere on the page."""
    rng = scene.rng
    pairs = {pair.name: pair.value for pair in scene.facts(Pair)}
    asked: list[tuple[tuple[str, ...], str, str]] = []
    if "free" in pairs or "freight" in pairs:
        words = ("包邮", "不包邮") if "free" in pairs else ("不包邮", "包邮")
        asked.append((_FREIGHT, *words))
    if "stock" in pairs:
        asked.append((_STOCK, "有货", "无货") if pairs["stock"] != "0" else (_STOCK, "无货", "有货"))
    if not asked:
        return None
    patterns, right, wrong = rng.choice(asked)
    first, second = rng.sample((right, wrong), 2)
    answer = told(rng, ("{v}", "{v}。", "是{v}。"), v=right)
    forbidden = (wrong,) if wrong not in right else ()
    return Question("choice", worded(rng, patterns, a=first, b=second), answer, (right,), forbidden=forbidden)


def _listed(name: str, patterns: tuple[str, ...]) -> Asker:
    """All points, or all promises."""

    def asker(scene: Scene) -> Question | None:
        found = tuple(pair.value for pair in scene.facts(Pair) if pair.name == name)
        if not found:
            return None
        answer = scene.rng.choice(("、", "，", "；")).join(found)
        return Question("field", worded(scene.rng, patterns), answer, found)

    return asker


def copy(scene: Scene) -> Question | None:
    """The task `copy`: nothing but what the picture prints."""
    rng = scene.rng
    pairs: dict[str, str] = {}
    for pair in scene.facts(Pair):
        pairs.setdefault(pair.name, pair.value)
    titles = [fact.text for fact in scene.facts(Marked) if fact.what == "title"]
    if not titles or "price" not in pairs:
        return None
    printed = [pair.value for pair in scene.facts(Pair) if pair.name in ("point", "promise", "slogan")]
    more = [pairs[name] for name in ("brand", "origin", "material", "shop") if name in pairs]
    points = tuple(dict.fromkeys(printed or more))[:3]
    close = told(rng, ("现价{v}元", "只要{v}元", "到手{v}元", "{v}元带走", "售价{v}元"), v=pairs["price"])
    said = "，".join((titles[0], *points[:2], close))
    title = titles[0][:24] if rng.random() < 0.5 or not points else f"{titles[0]}：{points[0]}"[:40]
    result = CopyResult(
        title=title,
        selling_points=list(points),
        body=f"{said}。"[:160],
        facts=[titles[0][:60], *points, pairs["price"]],
    )
    seen = tuple(text.text for text in scene.texts)
    return Question("copy", COPY.instruct(), written(result), seen, COPY.name)


def offered(offers: tuple[Offer, ...]) -> Weighted:
    """What is asked where several things stand with their prices."""

    def price(scene: Scene) -> Question | None:
        offer = scene.rng.choice(offers)
        asked = worded(scene.rng, _OFFER_PRICE, x=say.quoted(scene.rng, offer.title, bare=0.6))
        return Question("field", asked, told(scene.rng, _PRICE_ANSWERS, v=offer.price), (offer.price,))

    def at_price(scene: Scene) -> Question | None:
        offer = scene.rng.choice(offers)
        if not scene.unique(offer.price):
            return None
        answer = told(scene.rng, ("{v}", "{v}。", "是{v}。"), v=offer.title)
        return Question("field", worded(scene.rng, _AT_PRICE, x=offer.price), answer, (offer.title,))

    def extreme(scene: Scene) -> Question | None:
        rng, low = scene.rng, scene.rng.random() < 0.5
        best = (min if low else max)(offers, key=lambda each: _decimal(each.price))
        asked = worded(rng, _CHEAPEST if low else _DEAREST)
        return Question(
            "compare",
            asked,
            told(rng, ("{v}", "{v}。", "是{v}。", "{v}，{p}元。"), v=best.title, p=best.price),
            (best.title,),
        )

    def cheaper(scene: Scene) -> Question | None:
        rng = scene.rng
        first, second = rng.sample(offers, 2)
        less = min((first, second), key=lambda each: _decimal(each.price))
        asked = worded(rng, _CHEAPER, a=first.title, b=second.title)
        return Question(
            "compare", asked, told(rng, ("{v}", "{v}。", "{v}便宜。", "{v}更便宜"), v=less.title), (less.title,)
        )

    def both(scene: Scene) -> Question | None:
        first, second = scene.rng.sample(offers, 2)
        total = _decimal(first.price) + _decimal(second.price)
        return _sum_question(scene, _BOTH, total, a=first.title, b=second.title)

    def count(scene: Scene) -> Question | None:
        number = str(len(offers))
        answer = told(scene.rng, ("{v}", "{v}种", "{v}个", "一共{v}个。"), v=number)
        return Question("count", worded(scene.rng, _COUNT), answer, (number,))

    return ((price, 6.0), (at_price, 1.5), (extreme, 1.5), (cheaper, 1.5), (both, 1.2), (count, 1.0))


_GENERIC: Weighted = (
    (fields.value, 1.5),
    (fields.marked, 0.4),
    (fields.spell, 0.2),
    (places.at_box, 0.6),
    (places.where, 1.0),
    (places.relation("below", say.BELOW), 0.3),
    (texts.present, 0.4),
    (texts.transcribe_line, 0.5),
    (texts.transcribe_card, 0.2),
    (texts.transcribe_page, 0.5),
)


def askers(offers: tuple[Offer, ...]) -> Weighted:
    """All that is asked of one product, or of several."""
    if offers:
        return (
            *offered(offers),
            *_GENERIC,
            (named.missing({n: MEANINGS[n] for n in ("phone", "shop", "period")}), 1.2),
        )
    return (
        (named.field(MEANINGS), 8.0),
        (named.missing({name: MEANINGS[name] for name in _MAY_BE_MISSING}), 1.6),
        (named.record(MEANINGS, _MAY_BE_MISSING), 1.0),
        (named.box(MEANINGS), 1.2),
        (sums, 1.8),
        (choice, 2.5),
        (_listed("point", _POINTS), 0.5),
        (_listed("promise", _PROMISED), 0.4),
        *_GENERIC,
    )


def first(rng: random.Random, offers: tuple[Offer, ...]) -> tuple[Asker, ...]:
    """Copy, of one product in four."""
    return (copy,) if not offers and rng.random() < 0.27 else ()
