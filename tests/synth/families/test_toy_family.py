"""A new family is a page of drawing and a list of facts: questions, export and training come with it."""

from __future__ import annotations

import json
import random
from pathlib import Path
from types import MappingProxyType

import pytest
from typer.testing import CliRunner

from kantu.cli import app
from kantu.synth import families
from kantu.synth.ask.scene import relative
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import column, text
from kantu.synth.draw.parts import card
from kantu.synth.draw.reading_order import transcription
from kantu.synth.draw.rows import FORMS, plain_row, rows
from kantu.synth.draw.style import make_style
from kantu.synth.facts import Pair
from kantu.synth.families.family import Family, Size, finish, usual_size
from kantu.synth.page import Page
from kantu.synth.words import vocabulary
from kantu.training.mini.batch import IGNORED
from kantu.training.mini.network import mini_config
from kantu.training.mini.stream import BatchStream, Stage
from kantu.training.mini.tokenizer import build_tokenizer
from tests.synth.geometry import outside, overlaps
from tests.training.mini.pages import IMAGE_CONFIG

pytestmark = pytest.mark.usefixtures("needs_fonts")

# The whole of a family: library tickets, some labelled values on a card.

KINDS = {"书名": "goods", "借阅人": "person", "应还日期": "time", "书架": "place", "押金": "money", "借书证": "code"}


def draw(seed: int, size: Size) -> Page:
    """A ticket with a title and some fields, in any style."""
    rng = random.Random(f"ticket:{seed}")
    style = make_style(rng, size[0])
    width = size[0] - 2 * (style.margin + style.padding)
    facts = [Pair(label, vocabulary.VALUES[KINDS[label]](rng), KINDS[label]) for label in rng.sample(tuple(KINDS), 3)]
    fields = rows([plain_row(fact, style) for fact in facts], style, width, rng, rng.choice(FORMS))
    ticket = card(
        column([text("借书单", style["title"], role="title"), fields], style.gap, width=width), style, "借书单"
    )
    canvas = Canvas(*size, style.page[0])
    ticket.draw(canvas, style.margin, 20)
    return finish("ticket", seed, size, canvas, ticket.facts, rng)


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
        printed = "".join(line.text for line in page.lines)
        assert all(label in printed and value in printed for label, value in page.fields.items())
        assert outside(page) == overlaps(page) == []
        assert 6 <= len(page.questions) <= 10
    assert len({line.color for page in pages for line in page.lines}) > 60


def test_it_is_asked_for_values_and_for_labels(pages: list[Page]) -> None:
    for page, question, answer in asked(pages, "value"):
        label = next(label for label in page.fields if label in question)
        assert page.fields[label] in answer
    for page, question, answer in asked(pages, "label_of"):
        assert page.fields[answer] in question


def test_it_is_asked_where_things_are(pages: list[Page]) -> None:
    for page, question, answer in asked(pages, "box"):
        ((box, label),) = [(each["bbox_2d"], each["label"]) for each in json.loads(answer)]
        assert label in question
        assert box in [relative(line.box, page) for line in page.lines if line.text == label]
    for page, question, answer in asked(pages, "right"):
        pairs = [(line, other) for line in page.lines for other in page.lines if other.box[0] > line.box[0]]
        assert any(line.text in question and answer.startswith(other.text) for line, other in pairs)


def test_it_is_read_out_in_reading_order(pages: list[Page]) -> None:
    whole = [(page, answer) for page, _, answer in asked(pages, "transcribe") if answer.startswith("借书单")]
    assert len(whole) > 5
    for page, answer in whole:
        assert answer in transcription(page.lines, page.elements)  # distractors may stand outside of the card
        assert all(value in answer.replace("\n", "") for value in page.fields.values())


def test_it_is_asked_for_records_and_for_what_it_does_not_show(pages: list[Page]) -> None:
    for page, _, answer in asked(pages, "record"):
        record = json.loads(answer)
        assert {key: page.fields.get(key) for key in record} == record
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
    tokenizer = build_tokenizer()
    stage = Stage("toy", {"ticket": 1.0}, {(320, 320): 1.0}, patches=800, text_tokens=256, transcribed=1.0)
    draws = {"ticket": lambda seed, width, height: families.draw("ticket", seed, (width, height))}
    batch = next(iter(BatchStream(stage, draws, mini_config(tokenizer), IMAGE_CONFIG, tokenizer.to_str(), 0, 0)))
    assert batch.pictures == 2
    assert batch.glyph_counts.sum() > 20
    learned = batch.labels[batch.labels != IGNORED].tolist()
    assert "借书单" in tokenizer.decode(learned)
