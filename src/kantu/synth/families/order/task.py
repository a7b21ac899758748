"""The task that shops ask of an order's screen: status, numbers, what is happening, advice and a reply to the buyer."""

from __future__ import annotations

from collections.abc import Mapping

from kantu.synth.ask.scene import Scene
from kantu.synth.families.order import phrases
from kantu.synth.page import Question
from kantu.tasks.builtin import ORDER
from kantu.tasks.results import OrderResult, OrderStatus, written

_STATUSES: Mapping[str, OrderStatus] = {
    "unpaid": OrderStatus.UNPAID,
    "unshipped": OrderStatus.UNSHIPPED,
    "shipped": OrderStatus.SHIPPED,
    "arriving": OrderStatus.ARRIVING,
    "received": OrderStatus.RECEIVED,
    "done": OrderStatus.DONE,
    "cancelled": OrderStatus.CANCELLED,
}
_REFUNDED = ("退款成功", "已退款")
_ON_THE_WAY = ("shipped", "arriving")
_HAPPENING = ("订单是“{v}”，{g}", "状态是“{v}”，{g}", "目前是“{v}”，{g}")
_UNCLEAR = ("订单目前是“{v}”", "状态是“{v}”")
_NO_TRACKING = ("页面没有显示运单号", "图中没有运单号")
_NO_STATUS = ("图中看不到订单状态", "页面没有显示订单状态")
_GREETINGS = ("亲，", "您好，", "亲亲，", "")
_REPLIES = ("{o}目前是“{v}”，{g}", "{o}：{g}，状态是“{v}”", "查到{o}是“{v}”，{g}")
_REPLIES_UNCLEAR = ("{o}目前是“{v}”", "查到{o}的状态是“{v}”")
_ORDERS = ("您的订单", "这个订单", "您这单")
_ASK_AGAIN = ("截图里看不到订单状态，麻烦发一下完整的订单截图。", "麻烦再发一张能看到状态的订单截图。")
_RESEND = ("请买家发完整的订单截图。", "请买家补一张能看到状态的截图。")


def order_task(category: str, scene: Scene) -> Question | None:
    """The record, with null for what the page does not show, said in the prose beside it."""
    rng, known = scene.rng, scene.page.fields
    status = known.get("status")
    asked = {} if rng.random() < 0.3 else {"question": rng.choice(phrases.WHY_ASKED if status else phrases.VAGUE_ASKED)}
    if status is None:
        happening, advice, reply = rng.choice(_NO_STATUS) + "。", rng.choice(_RESEND), rng.choice(_ASK_AGAIN)
    else:
        gloss = rng.choice(phrases.GLOSS[category]) if category in phrases.GLOSS else None
        happening = rng.choice(_HAPPENING if gloss else _UNCLEAR).format(v=status, g=gloss)
        if reason := known.get("reason"):
            happening += f"，页面说明：{reason}"
        elif category in _ON_THE_WAY and "tracking" not in known:
            happening += "，" + rng.choice(_NO_TRACKING)
        happening += "。"
        advice = rng.choice(phrases.ADVICE[category]) + "。"
        said = rng.choice(_REPLIES if gloss else _REPLIES_UNCLEAR).format(o=rng.choice(_ORDERS), v=status, g=gloss)
        reply = rng.choice(_GREETINGS) + said + (f"，{reason}。" if reason and rng.random() < 0.5 else "。")
    result = OrderResult(
        status=None if status is None else _status(category, status),
        status_text=status,
        order_number=known.get("number"),
        tracking_number=known.get("tracking"),
        amount=known.get("price"),
        happening=happening,
        advice=advice,
        reply=reply,
    )
    values = () if status is None else (status,)
    return Question("task", ORDER.instruct(**asked), written(result), values, ORDER.name)


def _status(category: str, printed: str) -> OrderStatus:
    if category == "refund":
        return OrderStatus.REFUNDED if printed in _REFUNDED else OrderStatus.REFUNDING
    return _STATUSES.get(category, OrderStatus.OTHER)
