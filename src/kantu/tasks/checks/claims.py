"""What a sentence says of an order's status in so many words, and which statuses that goes with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kantu.tasks.results import OrderStatus as Status

_BACK = {Status.REFUNDING, Status.REFUNDED}  # goods may be anywhere while money goes back
_ANY = set(Status)

_CLAIMS: tuple[tuple[str, set[Status]], ...] = (
    (r"(?:待|未|还没|没有|尚未|等待)(?:付款|支付)", {Status.UNPAID, Status.CANCELLED}),
    (r"已经?(?:付款|支付)|(?:付款|支付)成功", _ANY - {Status.UNPAID}),
    (r"(?:待|未|还没|没有|尚未|等待)(?:发货|出库|寄出)", {Status.UNSHIPPED, Status.CANCELLED, *_BACK}),
    (
        r"已经?(?:为您|给您|帮您)?(?:发货|寄出|发出|出库)|待收货",
        {Status.SHIPPED, Status.ARRIVING, Status.RECEIVED, Status.DONE, *_BACK},
    ),
    (r"运输中|运送中|在路上|在途中", {Status.SHIPPED, Status.ARRIVING, *_BACK}),
    (r"(?:派送|派件|配送)中|正在(?:派送|派件|配送)", {Status.SHIPPED, Status.ARRIVING}),
    (r"已经?(?:签收|送达|收货|妥投)", {Status.RECEIVED, Status.DONE, *_BACK}),
    (r"(?:订单|交易)已经?完成|交易(?:成功|完成)", {Status.DONE, Status.RECEIVED}),
    (r"(?:订单|交易)?已经?(?:取消|关闭)|交易关闭", {Status.CANCELLED, *_BACK}),
    (r"退款中|正在退款|退款处理中|退款审核中", {Status.REFUNDING}),
    (r"已经?(?:为您|给您)?退款|退款(?:成功|完成)", {Status.REFUNDED, Status.CANCELLED}),
)
_CLAUSE = re.compile(r"[^，。；！？,;!?\n]+")
_NOT_A_CLAIM = re.compile(r"如|若|一旦|等|后|前|将|会|请|是否|吗|能|可以|要|想|需|避免|预计|尽快|不|没|未|催|时")


def other_claims(text: str, status: Status | None, status_text: str = "") -> Iterator[str]:
    """Phrases of a text that claim a status which does not go with this one.

    A clause with a condition, a promise, a wish or a negation claims nothing; what the page itself says,
    `status_text`, may be said.
    """
    if status is Status.OTHER:
        return
    for clause in _CLAUSE.findall(text):
        for pattern, fitting in _CLAIMS:
            found = re.search(pattern, clause)
            if found is None or status in fitting or found.group() in status_text:
                continue
            if not _NOT_A_CLAIM.search(clause[: found.start()] + clause[found.end() :]):
                yield found.group()
