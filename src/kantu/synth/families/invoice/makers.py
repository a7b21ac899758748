"""Makes one invented paper of each kind."""

from __future__ import annotations

import random
from dataclasses import replace

from kantu.synth.facts import Pair, Table
from kantu.synth.families.invoice.record import Clerk, Paper
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.figures import account, in_words, tax_id, yuan


def _vat(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    special = rng.random() < 0.45
    modern = rng.random() < 0.55
    what = "专用发票" if special else "普通发票"
    if modern:
        title = f"电子发票（{what}）"
    else:
        title = rng.choice((f"增值税{what}", f"增值税电子{what}", f"{rng.choice(lexicon.CITIES)}增值税{what}"))
    sold = clerk.sold(most, rated=True)
    net, tax = sum(each.amount for each in sold), sum(each.tax for each in sold)
    head = [clerk.pair("number", vocabulary.digits(rng, 20 if modern else 8), "code")]
    head.append(clerk.pair("date", clerk.today(), "time"))
    if not modern:
        head.insert(0, clerk.pair("code", vocabulary.digits(rng, rng.choice((10, 12))), "code"))
        head += clerk.keep(0.5, clerk.pair("check", vocabulary.digits(rng, 20), "code"))
        head += clerk.keep(0.4, clerk.pair("machine", vocabulary.digits(rng, 12), "code"))
    buyer = clerk.name() if not special and rng.random() < 0.25 else clerk.company()
    seller = clerk.company()

    def party(who: str, name: str) -> tuple[Pair, ...]:
        told = [Pair(name_label, name, "shop", who), Pair(tax_label, tax_id(rng), "code", f"{who}_tax")]
        if not modern:
            place = f"{vocabulary.address(rng)} {clerk.phone()}"
            bank = f"{rng.choice(lexicon.CITIES)}{vocabulary.random_han(rng, 2)}银行 {account(rng)}"
            told += clerk.keep(0.45, Pair(place_label, place, "address", f"{who}_place"))
            told += clerk.keep(0.45, Pair(bank_label, bank, "code", f"{who}_bank"))
        return tuple(told)

    name_label = rng.choice(
        ("名称", "名称", "名 称")
    )  # both parties have the same labels: only the side tells them apart
    place_label = rng.choice(("地址、电话", "地址电话", "地 址、电 话"))
    bank_label = rng.choice(("开户行及账号", "开户银行及账号", "开户行及帐号"))
    tax_label = rng.choice(("统一社会信用代码/纳税人识别号", "纳税人识别号", "税号", "统一社会信用代码"))
    header = ["项目名称", "单位", "数量", "单价", "金额", "税率", "税额"]
    rows: list[tuple[str, ...]] = [
        (s.name, s.unit, str(s.quantity), yuan(s.price), yuan(s.amount), s.rate, yuan(s.tax) if s.tax else "***")
        for s in sold
    ]
    if rng.random() < 0.4:  # narrow forms leave the unit and the price of one out
        header, rows = [header[i] for i in (0, 2, 4, 5, 6)], [tuple(r[i] for i in (0, 2, 4, 5, 6)) for r in rows]
    sums = (
        clerk.pair("net", clerk.money(net), "money"),
        clerk.pair("tax", clerk.money(tax), "money"),
        replace(clerk.pair("vat_words", in_words(net + tax)), name="words"),
        replace(clerk.pair("vat_total", clerk.money(net + tax), "money"), name="total"),
    )
    foot = clerk.keep(0.9, clerk.pair("drawer", clerk.name(), "person"))
    if not modern:
        foot += clerk.keep(
            0.6, clerk.pair("payee", clerk.name(), "person"), clerk.pair("reviewer", clerk.name(), "person")
        )
    remark = clerk.keep(0.4, clerk.pair("remark", f"{vocabulary.word(rng)}{vocabulary.code(rng)}"))
    return Paper(
        "vat",
        title,
        "发票",
        {"head": tuple(head), "buyer": party("buyer", buyer), "seller": party("seller", seller), "sums": sums,
         "remark": remark, "foot": foot},
        Table(tuple(header), tuple(rows)),
        (seller, "发票专用章"),
        {"net": net, "tax": tax, "total": net + tax},
    )  # fmt: skip


def _slip(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    shop = vocabulary.shop_name(rng)
    sold = clerk.sold(most)
    whole = sum(each.amount for each in sold)
    off = rng.choice((0, 0, whole // 100 * 10))
    due = whole - off
    cash = rng.random() < 0.4
    paid = -(-due // 1000) * 1000 if cash else due
    sums = [clerk.pair("total", clerk.money(whole if not off else due), "money")]
    numbers = {"total": due}
    if off:
        sums = [clerk.pair("whole", clerk.money(whole), "money"), clerk.pair("off", clerk.money(off), "money"), *sums]
        numbers |= {"whole": whole, "off": off}
    if cash:
        sums += [clerk.pair("paid", clerk.money(paid), "money"), clerk.pair("change", clerk.money(paid - due), "money")]
        numbers |= {"paid": paid, "change": paid - due}
    way = "现金" if cash else rng.choice(("微信支付", "支付宝", "银行卡", "会员卡", "云闪付", "数字人民币"))
    head = (
        clerk.pair("receipt_no", vocabulary.code(rng), "code"),
        clerk.pair("time", f"{clerk.today()} {clerk.seconds()}", "time"),
        *clerk.keep(0.6, clerk.pair("cashier", rng.choice((clerk.name(), vocabulary.digits(rng, 4))), "person")),
        *clerk.keep(0.35, clerk.pair("desk", rng.choice("ABCDEF") + vocabulary.digits(rng, 2), "place")),
    )
    foot = (
        clerk.pair("payment", way),
        *clerk.keep(0.3, clerk.pair("member", vocabulary.digits(rng, rng.randint(8, 12)), "code")),
        *clerk.keep(0.3, clerk.pair("points", str(rng.randint(3, 9000)), "count")),
        *clerk.keep(0.5, clerk.pair("shop_phone", clerk.phone(), "phone")),
        *clerk.keep(0.4, clerk.pair("shop_place", vocabulary.address(rng), "address")),
    )
    header = rng.choice((("品名", "数量", "单价", "金额"), ("商品", "单价", "数量", "小计"), ("名称", "数量", "金额")))
    at = {"数量": 0, "单价": 1, "金额": 2, "小计": 2}
    rows = tuple(
        (s.name, *((str(s.quantity), yuan(s.price), yuan(s.amount))[at[column]] for column in header[1:])) for s in sold
    )
    return Paper("slip", shop, "小票", {"head": head, "sums": tuple(sums), "foot": foot}, Table(header, rows),
    ("", ""),
                 numbers)  # fmt: skip


def _taxi(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    price, tenths, extra = rng.randint(160, 400), rng.randint(8, 700), rng.choice((0, 0, 100, 300))
    fare = round(price * tenths / 10) + 1000
    total = fare + extra
    city = rng.choice(lexicon.CITIES)
    province, letter = rng.choice("京沪粤浙苏鲁川鄂湘闽皖豫"), rng.choice("ABCDEFGH")
    plate = f"{province}{letter}{rng.choice('TDX')}{vocabulary.digits(rng, 4)}"
    start = rng.randint(0, 22 * 60)
    end = start + rng.randint(5, 80)
    pairs = (
        clerk.pair("code", vocabulary.digits(rng, 12), "code"),
        clerk.pair("number", vocabulary.digits(rng, 8), "code"),
        clerk.pair("plate", plate, "code"),
        *clerk.keep(0.6, clerk.pair("permit", vocabulary.digits(rng, 6), "code")),
        clerk.pair("date", clerk.today(), "time"),
        clerk.pair("board", f"{start // 60:02d}:{start % 60:02d}", "time"),
        clerk.pair("alight", f"{end // 60:02d}:{end % 60:02d}", "time"),
        clerk.pair("unit_price", f"{yuan(price)}元", "money"),
        clerk.pair("mileage", f"{tenths / 10:.1f}{rng.choice(('公里', 'km'))}", "count"),
        *clerk.keep(0.6, clerk.pair("waiting", f"00:{rng.randrange(60):02d}:{rng.randrange(60):02d}", "time")),
    )
    sums = (
        *((clerk.pair("fare", clerk.money(fare), "money"), clerk.pair("surcharge", clerk.money(extra), "money"))
          if extra else ()),
        clerk.pair("total", rng.choice((clerk.money(total), f"{yuan(total)}元")), "money"),
    )  # fmt: skip
    numbers = {"total": total} | ({"fare": fare, "surcharge": extra} if extra else {})
    return Paper("taxi", rng.choice((f"{city}出租汽车专用发票", "出租车发票", f"{city}市出租汽车统一车票")),
    "出租车票",
                 {"head": pairs, "sums": sums}, None, (clerk.company(), "发票专用章"), numbers)  # fmt: skip


def _train(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    stops = [rng.choice(lexicon.CITIES) + rng.choice(("", "", "东", "南", "西", "北")) + "站" for _ in range(2)]
    if stops[0] == stops[1]:
        stops[1] = vocabulary.random_han(rng, 2) + "站"
    price = rng.randint(20, 1800) * 100 + rng.choice((0, 50))
    masked = (
        f"{rng.randint(110, 659)}{vocabulary.digits(rng, 3)}{rng.randint(1950, 2015)}****{vocabulary.digits(rng, 3)}X"
    )
    train = f"{rng.choice('GDCKTZ')}{rng.randint(1, 9999)}"
    head = (
        clerk.pair("from", stops[0], "place"),
        clerk.pair("train", train, "code"),
        clerk.pair("to", stops[1], "place"),
    )
    body = (
        clerk.pair("leaves", f"{clerk.today()} {clerk.clock()}", "time"),
        clerk.pair("seat", f"{rng.randint(1, 17):02d}车{rng.randint(1, 20):02d}{rng.choice('ABCDF')}号", "place"),
        clerk.pair("seat_class", rng.choice(("二等座", "一等座", "商务座", "硬座", "软卧", "硬卧", "无座"))),
        clerk.pair("total", rng.choice((clerk.money(price, sign="¥"), f"¥{yuan(price)}元")), "money"),
        *clerk.keep(0.7, clerk.pair("gate", f"{rng.randint(1, 30)}{rng.choice(('A', 'B', ''))}", "place")),
        clerk.pair("passenger", clerk.name(), "person"),
        *clerk.keep(0.8, clerk.pair("id", masked, "code")),
        *clerk.keep(
            0.7, clerk.pair("ticket_no", rng.choice("ABEZ") + vocabulary.digits(rng, rng.choice((6, 13))), "code")
        ),
    )
    title = rng.choice(("火车票", "铁路电子客票", "电子发票（铁路电子客票）", "中国铁路客票", "车票"))
    return Paper("train", title, "火车票", {"head": head, "body": body}, None, ("", ""), {"total": price})


def _hotel(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    nights, rate = rng.randint(1, 7), rng.randint(120, 1500) * 100
    lines = [("房费", nights * rate)]
    for what in rng.sample(
        ("早餐", "洗衣", "迷你吧", "停车费", "电话费", "餐饮", "加床", "赔偿", "会议室"), min(most - 1, 4)
    ):
        if rng.random() < 0.6:
            lines.append((what, rng.randint(10, 600) * 100 + rng.choice((0, 0, 50))))
    total = sum(cents for _, cents in lines)
    deposit = -(-total // 50000) * 50000
    head = (
        clerk.pair("guest", rng.choice((clerk.name(), clerk.name() + rng.choice(("先生", "女士")))), "person"),
        clerk.pair("room", f"{rng.randint(1, 36)}{vocabulary.digits(rng, 2)}", "place"),
        *clerk.keep(0.6, clerk.pair("room_type", rng.choice(("标准间", "大床房", "家庭房", "商务套房", "双床房")))),
        clerk.pair("arrival", clerk.today(), "time"),
        clerk.pair("departure", f"{clerk.today(nights)} {clerk.clock()}", "time"),
        *clerk.keep(0.6, clerk.pair("nights", f"{nights}晚", "count")),
        *clerk.keep(0.6, clerk.pair("bill_no", vocabulary.code(rng), "code")),
    )
    sums = [clerk.pair("total", clerk.money(total), "money")]
    numbers = {"total": total}
    if rng.random() < 0.5:
        back = deposit - total
        sums += [clerk.pair("deposit", clerk.money(deposit), "money"), clerk.pair("refund", clerk.money(back), "money")]
        numbers |= {"deposit": deposit, "refund": back}
    if rng.random() < 0.4:
        sums.append(clerk.pair("words", in_words(total)))
    foot = (
        *clerk.keep(0.6, clerk.pair("payment", rng.choice(("现金", "微信", "支付宝", "信用卡", "预授权")))),
        *clerk.keep(0.6, clerk.pair("cashier", clerk.name(), "person")),
        *clerk.keep(0.6, clerk.pair("shop_phone", clerk.phone(), "phone")),
    )
    header = rng.choice((("项目", "金额"), ("消费项目", "金额（元）"), ("费用名称", "金额")))
    table = Table(header, tuple((what, yuan(cents)) for what, cents in lines))
    house = vocabulary.random_han(rng, 2) + rng.choice(("大酒店", "宾馆", "假日酒店", "民宿", "饭店", "度假村"))
    title = house + rng.choice(("结账单", "账单", "消费清单", "住宿结算单"))
    return Paper("hotel", title, "账单", {"head": head, "sums": tuple(sums), "foot": foot}, table, (house,
    "财务专用章"),
                 numbers)  # fmt: skip


def _receipt(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    cents = int(10 ** rng.uniform(3, 7))
    cents = round(cents, -2) if rng.random() < 0.5 else cents
    maker = clerk.company()
    why = rng.choice(("货款", "押金", "房租", "学费", "定金", "维修费", "会费", "物业费",
    "报名费")) if rng.random() < 0.6 else (
        vocabulary.word(rng) + rng.choice(("费", "款"))
    )  # fmt: skip
    pairs = (
        clerk.pair("payer", rng.choice((clerk.name(), clerk.company())), "person"),
        clerk.pair("purpose", why),
        clerk.pair("words", in_words(cents)),
        clerk.pair("total", clerk.money(cents, sign=rng.choice("¥￥")), "money"),
        *clerk.keep(0.4, clerk.pair("payment", rng.choice(("现金", "转账", "支票", "微信", "支付宝")))),
        *clerk.keep(0.3, clerk.pair("remark", vocabulary.word(rng) + vocabulary.word(rng))),
    )
    head = (
        clerk.pair("receipt_no", vocabulary.digits(rng, rng.randint(6, 9)), "code"),
        clerk.pair("paper_date", clerk.today(), "time"),
    )
    foot = (
        *clerk.keep(0.6, clerk.pair("receiver", maker, "shop")),
        *clerk.keep(0.8, clerk.pair("payee", clerk.name(), "person")),
        *clerk.keep(0.5, clerk.pair("handler", clerk.name(), "person")),
    )
    title = rng.choice(("收据", "收款收据", "收 据", "专用收款收据", "收条"))
    return Paper("receipt", title, "收据", {"head": head, "body": pairs, "foot": foot}, None,
                 (maker, rng.choice(("财务专用章", "收款专用章", "现金收讫"))), {"total": cents})  # fmt: skip


def _quotation(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    sold = clerk.sold(most)
    total = sum(each.amount for each in sold)
    maker = clerk.company()
    head = (
        clerk.pair("customer", clerk.company(), "shop"),
        clerk.pair("quote_no", vocabulary.code(rng), "code"),
        clerk.pair("paper_date", clerk.today(), "time"),
        *clerk.keep(0.5, clerk.pair("valid", rng.choice(("7天", "15天", "30天", "一个月")))),
    )
    sums = (clerk.pair("total", clerk.money(total), "money"), *clerk.keep(0.5, clerk.pair("words", in_words(total))))
    foot = (
        clerk.pair("contact", clerk.name(), "person"),
        *clerk.keep(0.8, clerk.pair("shop_phone", clerk.phone(), "phone")),
        *clerk.keep(
            0.5, clerk.pair("terms", rng.choice(("款到发货", "月结30天", "预付三成", "货到付款", "验收后付清")))
        ),
        *clerk.keep(0.4, clerk.pair("delivery", f"{rng.randint(2, 60)}个工作日内")),
    )
    header = ("品名", "单位", "数量", "单价", "金额") if rng.random() < 0.6 else ("品名", "数量", "单价", "金额")
    rows = [(s.name, s.unit, str(s.quantity), yuan(s.price), yuan(s.amount)) for s in sold]
    if len(header) == 4:
        rows = [(name, *rest[1:]) for name, *rest in rows]  # type: ignore[misc]
    title = rng.choice(("报价单", f"{maker}报价单", "产品报价表", "报 价 单", "送货单", "采购单"))
    noun = "报价单" if title not in ("送货单", "采购单") else title
    return Paper("quotation", title, noun, {"head": head, "sums": sums, "foot": foot},
                 Table(header, tuple(rows)), (maker, "合同专用章"), {"total": total})  # fmt: skip


def _transfer(clerk: Clerk, most: int) -> Paper:
    rng = clerk.rng
    cents = int(10 ** rng.uniform(3, 8))
    bank = vocabulary.random_han(rng, 2) + rng.choice(("银行", "农商银行", "商业银行"))
    pairs = (
        clerk.pair("payer_name", rng.choice((clerk.company(), clerk.name())), "shop"),
        clerk.pair("payer_account", account(rng), "code"),
        *clerk.keep(0.5, clerk.pair("payer_bank", bank + rng.choice(lexicon.CITIES) + "分行")),
        clerk.pair("payee_name", rng.choice((clerk.company(), clerk.name())), "shop"),
        clerk.pair("payee_account", account(rng), "code"),
        *clerk.keep(0.5, clerk.pair("payee_bank",
        f"{vocabulary.random_han(rng, 2)}银行{rng.choice(lexicon.CITIES)}支行")),
        clerk.pair("total", clerk.money(cents), "money"),
        *clerk.keep(0.7, clerk.pair("words", in_words(cents))),
        *clerk.keep(0.6, clerk.pair("purpose", rng.choice(("货款", "工资", "往来款", "服务费")) if rng.random() < 0.5
                                    else vocabulary.word(rng) + "款")),
    )  # fmt: skip
    head = (
        clerk.pair("serial", vocabulary.digits(rng, rng.choice((12, 16, 18, 20))), "code"),
        clerk.pair("time", f"{clerk.today()} {clerk.seconds()}", "time"),
    )
    title = rng.choice((f"{bank}电子回单", "转账回单", "电子回单", "客户回单", "付款凭证", "网上银行电子回单"))
    return Paper("transfer", title, "回单", {"head": head, "body": pairs}, None, (bank, "业务专用章"), {"total": cents})


_MAKERS = {_vat: 3.4, _slip: 2.2, _taxi: 0.9, _train: 0.9, _hotel: 0.9, _receipt: 1.0, _quotation: 1.0, _transfer: 1.0}


def make_paper(rng: random.Random, most: int) -> Paper:
    """Some paper with at most `most` things sold."""
    maker = rng.choices(tuple(_MAKERS), tuple(_MAKERS.values()))[0]
    return maker(Clerk(rng), max(most, 1))
