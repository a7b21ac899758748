"""The messages of a chat, and which side each stands on."""

from __future__ import annotations

from tests.contenders.pipeline.sheets import GREEN, INK, ORANGE, WHITE, Sheet


def chat(messages: list[tuple[str, bool]]) -> Sheet:
    sheet = Sheet(360, 60 + 60 * len(messages), (235, 235, 235))
    for row, (text, mine) in enumerate(messages):
        y, wide = 40 + 60 * row, 16 * len(text) + 24
        x = 300 - wide if mine else 60
        face = (312, y, 346, y + 34) if mine else (14, y, 48, y + 34)
        sheet.draw.rectangle(face, fill=ORANGE)
        sheet.plate((x, y, x + wide, y + 36), (150, 220, 110) if mine else WHITE, text=text, ink=INK)
    return sheet


def test_messages_stand_left_or_right_in_their_colours() -> None:
    page = chat([("在吗", False), ("在的什么事", True), ("快递到了请下楼", False), ("好", True)])
    bubbles = [(each.text, each.state, each.color) for each in page.look().elements if each.kind == "bubble"]
    assert bubbles == [
        ("在吗", "left", "白"),
        ("在的什么事", "right", "绿"),
        ("快递到了请下楼", "left", "白"),
        ("好", "right", "绿"),
    ]


def test_buttons_under_each_other_are_no_messages() -> None:
    sheet = Sheet(360, 240)
    for row, text in enumerate(("微信登录", "手机登录", "游客访问")):
        sheet.plate((40, 40 + 60 * row, 320, 80 + 60 * row), GREEN, text=text)
    assert [each.kind for each in sheet.look().elements] == ["button"] * 3


def test_the_boxes_of_a_form_are_no_messages() -> None:
    sheet = Sheet(360, 240, (235, 235, 235))
    for row, (text, wide) in enumerate((("姓名", 200), ("电话", 260), ("地址", 230))):
        y = 30 + 60 * row
        sheet.plate((60, y, 60 + wide, y + 36), WHITE)
        sheet.text(72, y + 10, text)
    assert {each.kind for each in sheet.look().elements} == {"input"}
