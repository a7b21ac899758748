"""The label in pictures and in HTML, read back with other means than it was written with."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest
from PIL import Image

from kantu.aigc import ContentLabel, LabelPolicy
from kantu.aigc.files import html_meta, html_sentence, save_picture
from kantu.errors import InvalidRequestError

TRICKY = "某某\"科技\" <&> '甲'"


def label(mode: str = "both") -> ContentLabel | None:
    return LabelPolicy.from_environment(
        {"KANTU_CONTENT_LABEL": mode, "KANTU_CONTENT_PRODUCER": TRICKY, "KANTU_CONTENT_LABEL_SENTENCE": "AI <生成>"}
    ).label("copy", "0123")


@pytest.mark.parametrize("ending", ["png", "jpg", "jpeg", "webp"])
def test_a_picture_has_the_object_in_the_name_space_of_tc260(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a.{ending}"
    save_picture(Image.new("RGB", (32, 32)), path, label())
    with Image.open(path) as image:
        image.load()
        xmp = image.info["xmp"]
    (found,) = ElementTree.fromstring(xmp).iter("{http://www.tc260.org.cn/ns/AIGC/1.0/}AIGC")
    told = json.loads(found.text or "")
    assert (told["Label"], told["ContentProducer"], told["ProduceID"]) == ("1", TRICKY, "0123")


@pytest.mark.parametrize("mode", ["off", "explicit"])
def test_a_picture_without_the_object_says_nothing(tmp_path: Path, mode: str) -> None:
    save_picture(Image.new("RGB", (32, 32)), tmp_path / "a.png", label(mode))
    with Image.open(tmp_path / "a.png") as image:
        image.load()
        assert "xmp" not in image.info
    assert b"AIGC" not in (tmp_path / "a.png").read_bytes()


def test_a_format_without_a_place_for_it_is_refused_and_not_written(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        save_picture(Image.new("RGB", (32, 32)), tmp_path / "a.bmp", label())
    assert refused.value.code == "drawing_unlabelled"
    assert list(tmp_path.iterdir()) == []


def test_html_has_the_object_in_its_head_and_the_sentence_in_its_body() -> None:
    found: list[dict[str, str | None]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append({"tag": tag, **dict(attrs)})

    Reader().feed(html_meta(label()))
    (meta,) = found
    assert (meta["tag"], meta["name"]) == ("meta", "AIGC")
    assert json.loads(meta["content"] or "")["ContentProducer"] == TRICKY
    assert "AI &lt;生成&gt;" in html_sentence(label())


def test_html_without_a_label_has_nothing_of_it() -> None:
    assert (html_meta(None), html_sentence(None)) == ("", "")
    assert html_sentence(label("metadata")) == ""
    assert html_meta(label("explicit")) == ""
