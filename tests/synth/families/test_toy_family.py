"""A new family is a page of drawing and a list of facts: questions, export and training come with it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import MappingProxyType

import pytest
from typer.testing import CliRunner

from kantu.cli import app
from kantu.model.config import VisionConfig
from kantu.processing.image import ImageConfig
from kantu.synth import families
from kantu.synth.ask.scene import relative
from kantu.synth.draw import faces, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Fact, Pair
from kantu.synth.families.family import Family, Size, finish, usual_size
from kantu.synth.page import Page
from kantu.synth.words import vocabulary
from kantu.training import mini
from kantu.training.examples import IGNORED, Batch, BatchStream, Stage

pytestmark = pytest.mark.usefixtures("needs_fonts")

# The whole of a family: library tickets, a few labelled lines on a coloured card.


def draw(seed: int, size: Size) -> Page:
    """A ticket with a title and some fields, each on a row of its own."""
    rng = random.Random(f"ticket:{seed}")
    back, face = palette.paper(rng, dark=False), faces.closest("sans", 400)
    plain, grey = Type(face, 15, (20, 30, 60)), Type(face, 15, palette.grey(90))
    canvas = Canvas(*size, back)
    canvas.element("card", "借书单", (8, 8, size[0] - 8, size[1] - 8))
    canvas.rounded((8, 8, size[0] - 8, size[1] - 8), 10, palette.mix(back, (255, 255, 255), 0.5))
    canvas.text(24, 24, "借书单", Type(face, 22, palette.hsv(rng.random(), 0.9, 0.5)), role="title")
    kinds = rng.sample(("书名", "借阅人", "应还日期", "书架", "押金"), rng.randint(3, 5))
    makers = {"应还日期": vocabulary.date, "借阅人": vocabulary.person, "押金": vocabulary.amount}
    facts: list[Fact] = []
    for row, label in enumerate(kinds):
        value = makers.get(label, vocabulary.word)(rng)
        canvas.text(24, 64 + 30 * row, label, grey, role="label", name=label)
        canvas.text(size[0] - 24, 64 + 30 * row, value, plain, anchor="r", role="value", name=label)
        facts.append(Pair(label, value))
    return finish("ticket", seed, size, canvas, facts, rng)


TICKET = Family("ticket", usual_size, draw)


@pytest.fixture(scope="module")
def pages(needs_fonts: None) -> list[Page]:
    """Sixty tickets."""
    return [TICKET.draw(seed, (320, 320)) for seed in range(60)]


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ticket among the families."""
    monkeypatch.setattr(families, "FAMILIES", MappingProxyType({**families.FAMILIES, "ticket": TICKET}))


def asked(pages: list[Page], kind: str) -> list[tuple[Page, str, str]]:
    found = [(page, q.question, q.answer) for page in pages for q in page.questions if q.kind == kind]
    assert found, kind
    return found


def test_its_pages_carry_lines_with_boxes_and_colours(pages: list[Page]) -> None:
    for page in pages:
        assert page.image.size == (320, 320)
        assert {line.text for line in page.lines} == {"借书单", *page.fields, *page.fields.values()}
        assert all(line.color == (20, 30, 60) for line in page.lines if line.role == "value")
        assert all(0 <= line.box[0] < line.box[2] <= 320 for line in page.lines)
        assert 6 <= len(page.questions) <= 10


def test_it_is_asked_for_values_and_for_labels(pages: list[Page]) -> None:
    for page, question, answer in asked(pages, "value"):
        label = next(label for label in page.fields if label in question)
        assert page.fields[label] in answer
    for page, question, answer in asked(pages, "label_of"):
        assert page.fields[answer] in question


def test_it_is_asked_where_things_are(pages: list[Page]) -> None:
    for page, question, answer in asked(pages, "box"):
        ((box, text),) = [(each["bbox_2d"], each["label"]) for each in json.loads(answer)]
        assert text in question
        assert box in [relative(line.box, page) for line in page.lines if line.text == text]
    for page, _, answer in asked(pages, "right"):
        assert answer in page.fields.values()


def test_it_is_read_out_in_reading_order(pages: list[Page]) -> None:
    whole = ["\n".join(["借书单", *(f"{label} {value}" for label, value in page.fields.items())]) for page in pages]
    answers = [(page, answer) for page, question, answer in asked(pages, "transcribe") if "\n" in answer]
    assert answers
    assert all(answer == whole[page.seed] for page, answer in answers)


def test_it_is_asked_for_records_and_for_what_it_does_not_show(pages: list[Page]) -> None:
    for page, _, answer in asked(pages, "record"):
        assert json.loads(answer).items() <= page.fields.items()
    for page, question, answer in asked(pages, "unanswerable"):
        assert "没有" in answer
        assert not any(label in question for label in page.fields)


@pytest.mark.usefixtures("known")
def test_the_command_draws_it(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["synth", "ticket", "--n", "2", "--out", str(tmp_path)])
    assert result.exit_code == 0, result.output
    told = [json.loads(row) for row in (tmp_path / "truth.jsonl").read_text("utf-8").splitlines()]
    assert [page["family"] for page in told] == ["ticket", "ticket"]
    assert all(fact["fact"] == "pair" for page in told for fact in page["facts"])
    assert (tmp_path / "001.png").exists()


@pytest.mark.usefixtures("known")
def test_training_is_fed_with_it() -> None:
    tokenizer = mini.build_tokenizer()
    config = mini.mini_config(tokenizer)
    vision: VisionConfig = config.vision
    images = ImageConfig(
        patch_size=vision.patch_size,
        temporal_patch_size=vision.temporal_patch_size,
        merge_size=vision.spatial_merge_size,
        image_mean=(0.5, 0.5, 0.5),
        image_std=(0.5, 0.5, 0.5),
        min_pixels=mini.MIN_PIXELS,
        max_pixels=mini.MAX_PIXELS,
    )
    stage = Stage("toy", {"ticket": 1.0}, {(320, 320): 1.0}, patches=800, text_tokens=256, transcribed=1.0)
    draws = {"ticket": lambda seed, width, height: families.draw("ticket", seed, (width, height))}
    batch: Batch = next(iter(BatchStream(stage, draws, config, images, tokenizer.to_str(), 0, 0)))
    assert batch.pictures == 2
    assert batch.glyph_counts.sum() > 20
    learned = batch.labels[batch.labels != IGNORED].tolist()
    assert "借书单" in tokenizer.decode(learned)
