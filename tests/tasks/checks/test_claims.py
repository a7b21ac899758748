"""Sentences that claim another status than the order has."""

from __future__ import annotations

import pytest

from kantu.synth.families.order.words import STATUSES
from kantu.tasks.checks.claims import other_claims
from kantu.tasks.results import OrderStatus as Status


@pytest.mark.parametrize(
    ("text", "status", "claims"),
    [
        ("亲，您的订单已发货，请耐心等待。", Status.UNSHIPPED, ("已发货",)),
        ("亲，商家还没发货，我们帮您催一下。", Status.SHIPPED, ("还没发货",)),
        ("包裹已经签收了。", Status.ARRIVING, ("已经签收",)),
        ("订单已取消，款项原路退回。", Status.UNPAID, ("订单已取消",)),
        ("亲，已为您退款。", Status.REFUNDING, ("已为您退款",)),
        ("亲，您的订单已发货。", None, ("已发货",)),
        ("亲，您的订单已发货，请耐心等待。", Status.SHIPPED, ()),
        ("已发货。", Status.RECEIVED, ()),
        ("亲，已付款，商家会尽快发货。", Status.UNSHIPPED, ()),
        ("发货后会通知您，如果已发货请留意短信。", Status.UNSHIPPED, ()),
        ("签收后不满意可以退款。", Status.SHIPPED, ()),
        ("还没已发货的记录。", Status.UNSHIPPED, ()),
        ("亲，您的订单已发货。", Status.OTHER, ()),
        ("亲，图里没有看到订单，麻烦发一下订单截图。", None, ()),
    ],
)
def test_only_a_plain_claim_of_another_status_counts(text: str, status: Status | None, claims: tuple[str, ...]) -> None:
    assert tuple(other_claims(text, status)) == claims


def test_what_the_page_says_may_be_said() -> None:
    assert not list(other_claims("亲，部分商品已发货。", Status.UNSHIPPED, "部分商品已发货"))


WHOSE = {
    "unpaid": Status.UNPAID,
    "unshipped": Status.UNSHIPPED,
    "shipped": Status.SHIPPED,
    "arriving": Status.ARRIVING,
    "received": Status.RECEIVED,
    "done": Status.DONE,
    "cancelled": Status.CANCELLED,
    "ticket": Status.OTHER,
    "service": Status.OTHER,
}


@pytest.mark.parametrize("category", WHOSE)
def test_the_words_that_shops_have_for_a_status_claim_no_other(category: str) -> None:
    assert not [(text, claim) for text in STATUSES[category] for claim in other_claims(text, WHOSE[category])]
