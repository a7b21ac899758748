"""The order page the README and the demo ask about: a hand-set order through the family's own drawing code."""

from __future__ import annotations

from kantu.synth.families.order.family import draw_order_page
from kantu.synth.families.order.record import Good, Order
from kantu.synth.page import Page

EXAMPLE = Order(
    category="unshipped",
    status="待商家发货",
    reason="商家正在备货，预计48小时内发出",
    shop="山野生活馆",
    goods=(
        Good("户外防水双人帐篷", "墨绿；双人", "268.00", 1, "⛺"),
        Good("便携不锈钢保温杯 500ml", "米白", "39.90", 2, "🍵"),
    ),
    goods_total="347.80",
    shipping="0.00",
    discount="20.00",
    price="347.80",
    number="823041775612",
    date="2026-03-14 20:15:42",
    pay_date="2026-03-14 20:16:05",
    payment="余额支付",
    courier="山雀快送",
    tracking="KD5520817364",
    recipient="林女士",
    phone="138****2046",
    address="杭州市滨江区云锦街18号3幢502室",
    remark="请放门口",
    buttons=("提醒发货", "申请退款"),
)
_STYLE_SEED = 587
_SIZE = (416, 640)


def draw_example() -> Page:
    """A page with the order of `examples/order.png`; that picture itself was drawn by an earlier release."""
    return draw_order_page(_STYLE_SEED, _SIZE, EXAMPLE)
