"""Tasks over HTTP with the reader of printed lines: boxes snap to lines, and what is not printed is flagged."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from PIL import Image, ImageDraw

from kantu.service.gateway import Gateway
from kantu.synth.draw.faces import closest, load
from tests.service.gateways import MODEL, client_of, data_url, png, settings_with
from tests.service.printed_lines import fake_child
from tests.service.tasks.test_endpoints import RECORD, TaskEngine

pytestmark = pytest.mark.anyio

SETTINGS = settings_with(tasks={"read_lines": True})


def order(picture: bytes) -> dict[str, object]:
    return {"model": MODEL, "images": [data_url(picture)], "input": {}}


async def test_values_that_no_line_shows_are_flagged(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.service.printed_lines.lines._MODULE", fake_child.__name__)
    async with client_of(make_gateway(TaskEngine(RECORD), SETTINGS)) as client:
        told = (await client.post("/v1/tasks/order", json=order(png(320, 160)))).json()
        question = {"images": [], "input": {"question": "什么是发票？"}}
        unread = (await client.post("/v1/tasks/ask", json=order(png(320, 160)) | question)).json()
    assert told["fields"]["order_number"]["verified"] is False
    assert "未核实" in json.dumps(told["review"]["reasons"], ensure_ascii=False)
    assert unread["fields"][""]["verified"] is None  # there was nothing to read


@pytest.mark.whole
async def test_the_box_of_a_value_is_that_of_its_line(make_gateway: Callable[..., Gateway]) -> None:
    image = Image.new("RGB", (640, 320), "white")
    draw, font = ImageDraw.Draw(image), load(closest("sans", 400), 28)
    for y, text in ((40, "待商家发货"), (200, "8230417756")):
        draw.text((60, y), text, fill="black", font=font)
    file = io.BytesIO()
    image.save(file, "PNG")
    async with client_of(make_gateway(TaskEngine(RECORD), SETTINGS)) as client:
        told = (await client.post("/v1/tasks/order", json=order(file.getvalue()))).json()
    field = told["fields"]["order_number"]
    assert field["verified"] is True
    left, top, right, bottom = font.getbbox("8230417756")
    (box,) = field["boxes"]  # the model said that it stands elsewhere
    assert (box["x1"], box["y1"], box["x2"], box["y2"]) == pytest.approx(
        (60 + left, 200 + top, 60 + right, 200 + bottom), abs=6
    )


async def test_what_the_lines_of_many_pictures_hold_counts_as_a_long_answer(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.service.printed_lines.lines._MODULE", fake_child.__name__)
    held = []
    for settings in (SETTINGS, settings_with()):
        gateway = make_gateway(TaskEngine(RECORD), settings)
        answer = gateway.admission.answer
        monkeypatch.setattr(
            gateway.admission, "answer", lambda actor, size, a=answer: held.append(size) or a(actor, size)
        )
        async with client_of(gateway) as client:
            body = order(png(320, 160)) | {"images": [data_url(png(320, 160))] * 4}
            assert (await client.post("/v1/tasks/order", json=body)).status_code == 200
    assert held == [2**18 + 4 * 2**18, 2**18]
