"""What a user would ask about each screen, and the answer a careful reader would give.

The phrasings are taken in turn by the screen's index, so that the set is the same on every run.
"""

from __future__ import annotations

from orders import ORDERS, Order

WAITING = {
    "待商家发货": (
        ("为什么这个还没发货？", "因为还是待商家发货，商家没有发出。"),
        ("我的东西怎么还不发？", "订单现在是待商家发货，要等商家发出。"),
        ("卡在哪儿了？", "卡在待商家发货这一步。"),
        ("这单怎么一直没动静", "状态是待商家发货，还在等商家处理。"),
        ("钱都付了，为啥没寄出来？", "目前待商家发货，商家还没有寄出。"),
        ("帮我看看现在什么情况", "现在是待商家发货。"),
        ("都好几天了，怎么还没有快递信息？", "因为待商家发货，还没有交给快递。"),
        ("商家发货了没", "还没有，现在是待商家发货。"),
        ("为什么一直不动？", "还停在待商家发货。"),
        ("订单什么状态？", "订单状态是待商家发货。"),
    ),
    "待发货": (
        ("为什么还没发货？", "订单是待发货，还没有寄出。"),
        ("东西寄了吗？", "还没有，状态是待发货。"),
        ("怎么还没收到？", "因为订单还是待发货。"),
    ),
    "待付款": (("这单是不是没弄完？差什么？", "差付款，现在是待付款。"), ("为什么还没下单成功？", "因为还是待付款。")),
    "退款中": (("我的退款怎么还没到？", "因为还在退款中。"), ("钱退了没有？", "还没有，正在退款中。")),
    "待取件": (("包裹我拿了没有？", "还没有，状态是待取件。"), ("我的东西到了吗？", "到了，现在待取件。")),
    "出票中": (("为什么还看不到票？", "因为还在出票中。"),),
    "备货中": (("怎么还没送来？", "因为订单还在备货中。"),),
    "派送中": (("快到了吗？", "快了，现在派送中。"), ("东西送到哪一步了？", "已经在派送中。")),
}
STATUS = (
    ("订单什么状态？", "订单状态是{}。"),
    ("现在到哪一步了？", "现在是{}。"),
    ("这个订单怎么样了", "这个订单{}。"),
    ("页面上写的状态是哪几个字？", "写的是{}。"),
    ("帮我看下这单目前的进度", "目前是{}。"),
    ("它是已经完成了还是没完成，写的啥？", "图里写的是{}。"),
    ("状态栏显示什么？", "显示{}。"),
)
FIELD = {
    "price": (
        ("一共付了多少钱？", "一共付了{}元。"),
        ("实付多少", "实付{}元。"),
        ("这单花了多少钱？", "这单花了{}元。"),
        ("最后付款金额是多少？", "付款金额是{}元。"),
        ("优惠完实际要出多少钱？", "实际是{}元。"),
        ("总共多少钱啊", "总共{}元。"),
        ("订单金额帮我念一下", "订单金额是{}元。"),
    ),
    "goods": (
        ("买的是什么？", "买的是{}。"),
        ("商品叫什么名字？", "商品叫{}。"),
        ("这是什么东西的订单？", "是{}的订单。"),
        ("我订了啥", "你订的是{}。"),
        ("商品名称是什么？", "商品名称是{}。"),
    ),
    "goods_many": (
        ("第一件商品是什么？", "第一件是{}。"),
        ("排在最上面的商品叫什么？", "最上面的是{}。"),
        ("清单里头一个买的是啥？", "头一个是{}。"),
    ),
    "number": (
        ("订单号是多少？", "订单号是{}。"),
        ("把订单编号发给我", "订单编号：{}"),
        ("客服要单号，是哪一串？", "单号是{}。"),
        ("编号念一下", "编号是{}。"),
        ("这个订单的号码是？", "号码是{}。"),
        ("我想复制订单号，写的是什么", "写的是{}。"),
    ),
    "date": (
        ("什么时候下的单？", "下单时间是{}。"),
        ("下单时间是几点？", "是{}。"),
        ("哪天买的？", "{}买的。"),
        ("我是啥时候订的", "你是{}订的。"),
        ("页面上的下单时间写的什么？", "写的是{}。"),
        ("这单是什么时间拍的？", "是{}拍的。"),
    ),
    "shop": (
        ("哪家店的？", "是{}的。"),
        ("店铺名字叫什么？", "店铺叫{}。"),
        ("在谁家买的？", "在{}买的。"),
        ("卖家是谁？", "卖家是{}。"),
        ("商家叫啥", "商家叫{}。"),
        ("我该找哪个店问？", "找{}问。"),
    ),
    "button": (
        ("主要的按钮写着什么？", "写着{}。"),
        ("有底色的那个按钮叫什么？", "叫{}。"),
        ("我接下来能点哪个按钮？", "可以点{}。"),
        ("最显眼的按钮叫什么？", "最显眼的是{}。"),
        ("下一步该按哪里？", "可以按{}。"),
    ),
}
#: Where the general phrasing would be odd: sellers' pages, refunds, tickets, paper slips.
SPECIAL = {
    ("merchant", "price"): (("买家付了多少钱？", "买家付了{}元。"),),
    ("merchant", "goods"): (("买家拍的是什么？", "买家拍的是{}。"),),
    ("merchant", "shop"): (("这是哪家店的后台？", "是{}的后台。"), ("店名叫什么？", "店名叫{}。")),
    ("merchant", "date"): (("买家什么时候下的单？", "买家{}下的单。"),),
    ("ticket", "goods"): (("票是什么的？名字写一下", "是{}。"),),
    ("ticket", "shop"): (("哪里卖的票，名字叫什么？", "是{}。"),),
    ("ticket", "date"): (("票是什么时候买的？", "{}买的。"),),
    ("refund", "price"): (("退多少钱？", "退{}元。"), ("退款金额是多少？", "退款金额是{}元。")),
    ("pickup", "shop"): (("去哪个点取？名字叫什么", "去{}取。"),),
}
TO_PAY = (("要付多少钱？", "要付{}元。"), ("还需要付多少？", "还需要付{}元。"))
#: A cancelled or closed order was never paid.
UNPAID = (("这单的金额是多少？", "金额是{}元。"), ("订单上写的总金额是多少？", "总金额是{}元。"))
MERCHANT_STATUS = (("这笔订单现在要我处理什么，状态是？", "状态是{}。"), ("这单目前什么状态？", "目前是{}。"))
ABSENT = {
    "price": ("一共付了多少钱？", "图里没有显示付款金额。"),
    "number": ("订单号是多少？", "图里没有显示订单号。"),
    "date": ("什么时候下的单？", "图里没有显示下单时间。"),
    "shop": ("哪家店的？", "图里没有显示店铺名。"),
    "button": ("可以点哪个按钮？", "图里没有按钮。"),
}
#: Things no screen shows: asked on a few screens that show every field.
NEVER_SHOWN = (
    ("卖家的生日是哪天？", "图里没有这个信息。"),
    ("这件商品的保修期是几年？", "图里没有写保修期。"),
    ("店铺开了多少年了？", "图里看不出店铺开了多少年。"),
    ("发票抬头写的什么？", "图里没有发票抬头。"),
)


def _pick(pool: tuple[tuple[str, str], ...], index: int) -> tuple[str, str]:
    return pool[index % len(pool)]


def _status(order: Order, index: int) -> tuple[str, str]:
    if order.layout == "merchant":
        question, answer = _pick(MERCHANT_STATUS, index)
        return question, answer.format(order.status)
    waiting = WAITING.get(order.status)
    takes_parcel = order.status != "待取件" or order.layout == "pickup"
    often = order.status == "待商家发货" or index % 3 != 0
    if waiting and takes_parcel and often:
        return _pick(waiting, sum(earlier.status == order.status for earlier in ORDERS[:index]))
    question, answer = _pick(STATUS, index)
    return question, answer.format(order.status)


def _pool(order: Order, kind: str) -> tuple[tuple[str, str], ...]:
    if kind == "price" and order.status == "待付款":
        return TO_PAY
    if kind == "price" and order.status in ("已取消", "交易关闭"):
        return UNPAID
    if kind == "price" and order.status in ("退款成功", "退款中") and order.layout != "merchant":
        return SPECIAL["refund", "price"]
    if (order.layout, kind) in SPECIAL:
        return SPECIAL[order.layout, kind]
    if kind == "goods" and len(order.goods) > 1:
        return FIELD["goods_many"]
    return FIELD[kind]


def ask(order: Order, index: int, fields: dict[str, str]) -> list[dict[str, object]]:
    """Return the questions of one screen: one per field shown, and one per field it lacks."""
    asked: list[dict[str, object]] = []
    for offset, kind in enumerate(("status", "price", "goods", "number", "date", "shop", "button")):
        if kind in fields:
            if kind == "status":
                question, answer = _status(order, index)
            else:
                pool = _pool(order, kind)
                question, answer = _pick(pool, index + offset)
                if question.startswith("优惠完") and not order.off:
                    question, answer = _pick(pool, index + offset + 1)
                answer = answer.format(fields[kind])
            asked.append({"kind": kind, "question": question, "answer": answer, "values": [fields[kind]]})
        else:
            question, answer = ABSENT[kind]
            asked.append({"kind": "unanswerable", "question": question, "answer": answer, "values": [], "absent": True})
    if index % 8 == 3:
        question, answer = _pick(NEVER_SHOWN, index // 8)
        asked.append({"kind": "unanswerable", "question": question, "answer": answer, "values": [], "absent": True})
    return asked
