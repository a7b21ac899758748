"""Classical vision sees what is on a page besides its letters."""

from __future__ import annotations

from pydantic import TypeAdapter

from kantu.contenders.pipeline.seen import Seen
from tests.contenders.pipeline.sheets import BLUE, GREEN, INK, RED, WHITE, Sheet, near


def order_page() -> Sheet:
    sheet = Sheet(320, 360, (240, 242, 246))
    sheet.plate((0, 0, 320, 60), RED, radius=0)
    sheet.text(16, 22, "待发货", color=WHITE)
    sheet.plate((12, 76, 308, 200), WHITE)
    sheet.text(28, 92, "订单编号")
    sheet.text(180, 92, "20261103")
    sheet.text(28, 128, "实付款")
    sheet.text(180, 128, "¥79.90", color=RED)
    sheet.text(28, 164, "收货人")
    sheet.text(180, 164, "王先生")
    sheet.plate((200, 300, 300, 336), BLUE, radius=18, text="提醒发货")
    sheet.plate((90, 300, 190, 336), None, radius=18, text="查看物流", ink=INK)
    return sheet


def test_a_page_of_an_order_has_its_banner_its_card_and_its_buttons() -> None:
    seen = order_page().look()
    found = {(element.kind, element.color, element.text) for element in seen.elements}
    assert ("banner", "红", "待发货") in found
    assert ("button", "蓝", "提醒发货") in found
    assert ("button", "白", "查看物流") in found
    card = next(element for element in seen.elements if element.kind == "card")
    assert near(card.box, (12, 76, 308, 200))
    assert card.lines == (1, 2, 3, 4, 5, 6)
    assert len(seen.elements) == 4


def test_every_line_has_its_ink_and_its_ground() -> None:
    sheet = order_page()
    seen = sheet.look()
    assert seen.ground == "白"
    colors = {line.text: look for line, *look in zip(sheet.lines, seen.line_colors, seen.line_grounds, strict=True)}
    assert colors["待发货"] == ["白", "红"]
    assert colors["¥79.90"] == ["红", "白"]
    assert colors["王先生"] == ["黑", "白"]
    assert colors["提醒发货"] == ["白", "蓝"]


def test_an_empty_page_has_nothing_on_it() -> None:
    assert Sheet(200, 100, GREEN).look() == Seen((), "绿", (), (), (), ())


def test_the_same_page_is_seen_the_same_and_left_as_it_is() -> None:
    sheet = order_page()
    before = sheet.pixels.copy()
    assert sheet.look() == sheet.look()
    assert (sheet.pixels == before).all()


def test_what_was_seen_survives_json() -> None:
    seen, whole = order_page().look(), TypeAdapter(Seen)
    assert whole.validate_json(whole.dump_json(seen)) == seen
