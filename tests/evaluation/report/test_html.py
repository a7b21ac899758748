"""The report is one file that holds everything and loads nothing."""

from __future__ import annotations

import base64
import io
import json
import re
from typing import Any

import pytest
from PIL import Image

from kantu.evaluation.items import Picture
from kantu.evaluation.report.html import html, inlined
from kantu.evaluation.results import Results, Run
from kantu.tasks.truth import Truth
from tests.evaluation.asked import answer, item
from tests.processing.pictures import encode, exif

EVIL = "</script><script>alert(1)</script>"


@pytest.fixture(scope="module")
def page() -> str:
    asked = [
        item("对", picture="a.png"),
        item("错", picture="a.png"),
        item(EVIL, picture="b.png", truth=Truth(EVIL, ("</script>",))),
    ]
    answers = [answer(one, text) for one, text in zip(asked, ("9.9", "8", EVIL), strict=True)]
    return html(Results(Run("s", "1", "m", "", "int8"), {}), answers, {one.key: one for one in asked})


def data(page: str) -> Any:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    return json.loads(found[1])


def test_wrong_answers_come_first(page: str) -> None:
    assert [one["question"] for one in data(page)["answers"]] == ["错", "对", EVIL]


def test_each_picture_is_inside_once(page: str) -> None:
    pictures = data(page)["pictures"]
    assert set(pictures) == {"browser/a.png", "browser/b.png"}
    assert all(picture["url"].startswith("data:image/webp;base64,") for picture in pictures.values())
    assert pictures["browser/a.png"]["width"] == 64


def shown(picture: dict[str, Any]) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(picture["url"].partition(",")[2])))


def test_a_picture_is_shown_as_models_see_it_upright_and_on_white() -> None:
    clear = Image.new("RGBA", (64, 32), (0, 0, 0, 0))
    found = inlined(Picture("a.webp", encode(clear, "WEBP", lossless=True, exif=exif(6))))
    assert (found["width"], found["height"]) == shown(found).size == (32, 64)
    assert shown(found).getpixel((16, 32)) == (255, 255, 255)


def test_a_large_picture_is_made_smaller_and_its_size_is_told() -> None:
    found = inlined(Picture("a.png", encode(Image.new("RGB", (2_800, 100)), "PNG")))
    assert (found["width"], found["height"]) == (2_800, 100)
    assert shown(found).size == (1_400, 50)


def test_a_picture_that_no_model_has_seen_does_not_stop_the_report() -> None:
    asked = item(pictures=(Picture("bad.png", b"no picture"),))
    told = html(Results(Run("s", "1", "m", "", "int8"), {}), [answer(asked, "")], {asked.key: asked})
    assert data(told)["pictures"]["browser/bad.png"]["url"] == ""


def test_nothing_is_loaded_from_elsewhere(page: str) -> None:
    without_data = re.sub(r'id="data">.*?</script>', "", page, flags=re.DOTALL)
    links = [link for link in re.findall(r"https?://[^\s\"'`]+", without_data) if "www.w3.org" not in link]
    assert links == []
    assert not re.search(r"<link|<script src|@import|url\(", without_data)


def test_what_was_answered_cannot_break_out_of_the_data(page: str) -> None:
    assert page.count("</script>") == 2
    assert "alert(1)</script>" not in page


def test_page_and_script_agree_on_what_is_told(page: str) -> None:
    """Every field that the script reads is there: a misspelt one would be told as undefined."""
    told = data(page)
    script = page.rsplit("<script>", 1)[1]
    assert set(re.findall(r"\bdata\.(\w+)", script)) <= set(told)
    assert set(re.findall(r"\banswer\.(\w+)", script)) <= set(told["answers"][0])
