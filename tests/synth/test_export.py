"""Exported pages can be read back with everything but their pixels in one JSON line each."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from kantu.errors import InvalidRequestError
from kantu.synth.export import contact_sheet, export, page_to_json
from kantu.synth.families import draw


@pytest.mark.usefixtures("needs_fonts")
@pytest.mark.parametrize("image_format", ["png", "webp"])
def test_export_writes_pictures_truth_and_a_contact_sheet(tmp_path: Path, image_format: str) -> None:
    folder = export("order", 3, tmp_path / "deep" / "out", first_seed=40, image_format=image_format)
    names = [f"{index:03d}.{image_format}" for index in range(3)]
    assert sorted(path.name for path in folder.iterdir()) == sorted([*names, "contact_sheet.png", "truth.jsonl"])
    lines = (folder / "truth.jsonl").read_text("utf-8").splitlines()
    for seed, name, line in zip(range(40, 43), names, lines, strict=True):
        page = draw("order", seed)
        told = json.loads(line)
        assert told == {"file": name, **page_to_json(page)}
        assert (told["family"], told["seed"]) == ("order", seed)
        with Image.open(folder / name) as image:
            assert list(image.size) == told["size"]
            if image_format == "png":
                assert image.convert("RGB").tobytes() == page.image.tobytes()


@pytest.mark.usefixtures("needs_fonts")
def test_a_page_as_json_keeps_its_lines_elements_and_questions() -> None:
    page = draw("order", 5)
    told = json.loads(json.dumps(page_to_json(page), ensure_ascii=False))
    assert [line["text"] for line in told["lines"]] == [line.text for line in page.lines]
    assert [tuple(line["color"]) for line in told["lines"]] == [line.color for line in page.lines]
    assert all(len(line["char_boxes"]) == len(line["text"]) for line in told["lines"])
    assert [item["label"] for item in told["elements"]] == [item.label for item in page.elements]
    assert [item["values"] for item in told["questions"]] == [list(item.values) for item in page.questions]
    assert [fact.get("value") for fact in told["facts"]] == [getattr(fact, "value", None) for fact in page.facts]
    assert {"fact": "pair", "name": "status"}.items() <= next(f for f in told["facts"] if f.get("name")).items()


def test_the_contact_sheet_shows_every_picture_in_its_own_cell() -> None:
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (0, 255, 255), (255, 0, 255), (9, 9, 9)]
    sheet = contact_sheet([Image.new("RGB", (640, 320), color) for color in colors])
    assert sheet.size == (6 * 328 + 8, 2 * 328 + 8)
    assert {color for _, color in sheet.getcolors(1 << 20)} == {*colors, (128, 130, 136)}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("order", 0), "invalid_count"), (("order", -2), "invalid_count"), (("poem", 1), "unknown_family")],
)
def test_what_cannot_be_exported_writes_nothing(tmp_path: Path, arguments: tuple[str, int], code: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        export(*arguments, tmp_path / "out")
    assert caught.value.code == code
    assert not (tmp_path / "out").exists()


def test_an_unknown_picture_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        export("order", 1, tmp_path / "out", image_format="tiff")
    assert caught.value.code == "unknown_image_format"
