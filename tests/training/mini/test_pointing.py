"""Where a question's and an answer's characters stand in the picture: pages of 4 x 4 cells of 32 px."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
import torch
from torch import Tensor

from kantu.model.config import AttentionHead
from kantu.synth.page import Element, Page, Question
from kantu.training.mini.attention import PackedAttention
from kantu.training.mini.compose import Composer
from kantu.training.mini.losses import HEADS, GlyphHead, brought, places_of, pointing
from kantu.training.mini.network import mini_config
from kantu.training.mini.pointing import Look, Place, Printed
from kantu.training.mini.tokenizer import build_tokenizer
from tests.training.mini.pages import IMAGE_CONFIG, line, page


def printed(drawn: Page) -> Printed:
    return Printed(drawn, 32)


def answered(drawn: Page, answer: str, *values: str) -> dict[str, set[int]]:
    """The characters of an answer that point, with where."""
    places = printed(drawn).answered(Question("field", "?", answer, values))
    return {f"{place.character}{answer[place.character]}": set(place.cells) for place in places}


SHOP = page(128, 128, (line("店铺", 0, 0, 16), line("老王", 96, 40, 16), line("1", 0, 96, 16)))


def test_an_answers_characters_point_at_where_its_value_stands() -> None:
    assert answered(SHOP, "是老王。", "老王") == {"1老": {7}, "2王": {7}}


def test_a_value_of_one_character_is_looked_for_as_a_line_of_its_own() -> None:
    assert answered(SHOP, "有1个", "1") == {"1" + "1": {12}}
    assert answered(page(128, 128, (line("11", 0, 96, 16),)), "1", "1") == {}


def test_what_stands_in_several_places_may_point_at_any_and_at_none_when_it_stands_in_too_many() -> None:
    twice = page(128, 128, (line("甲", 0, 0, 16), line("甲", 96, 96, 16)))
    assert answered(twice, "甲", "甲") == {"0甲": {0, 15}}
    often = page(128, 128, tuple(line("甲", 0, 25 * row, 16) for row in range(5)))
    assert answered(often, "甲", "甲") == {}


def test_other_words_of_an_answer_point_where_the_page_has_them() -> None:
    assert answered(SHOP, "店铺：老王", "老王").keys() == {"0店", "1铺", "3老", "4王"}


def test_a_number_is_not_found_inside_another() -> None:
    drawn = page(128, 128, (line("2023", 0, 0, 16),))
    assert answered(drawn, "02", "02") == {}
    assert answered(drawn, "2023", "2023").keys() == {"02", "10", "22", "33"}


def test_a_question_points_from_the_second_character_of_what_it_quotes() -> None:
    assert printed(SHOP).asked("“店铺”是什么？") == [[Place(2, frozenset({0}))]]
    assert printed(SHOP).asked("老王的店铺") == [[Place(1, frozenset({7}))], [Place(4, frozenset({0}))]]


def belonging(drawn: Page, asked: Question) -> list[tuple[Look, int, int]]:
    shown = printed(drawn)
    return list(shown.belonging(asked, list(shown.answered(asked))))


TABLE = page(
    128,
    128,
    (line("姓名", 0, 0, 16), line("年级", 96, 0, 16), line("小红", 0, 96, 16), line("三", 96, 96, 16)),
)


def test_a_value_belongs_to_the_labels_on_its_left_and_above_it() -> None:
    asked = Question("cell", "“小红”的“年级”是什么？", "三", ("三",))
    assert set(belonging(TABLE, asked)) == {(Look.LEFT, 15, 12), (Look.ABOVE, 15, 3)}


def test_a_value_in_front_of_its_label_belongs_to_nothing_as_it_does_not_see_it() -> None:
    assert belonging(TABLE, Question("cell", "谁是“三”年级？年级三", "姓名", ("姓名",))) == []


def test_a_value_that_stands_twice_belongs_to_nothing() -> None:
    twice = page(128, 128, (line("店铺", 0, 0, 16), line("甲", 96, 0, 16), line("甲", 96, 96, 16)))
    assert belonging(twice, Question("shop", "“店铺”？", "甲", ("甲",))) == []


def test_coordinates_point_at_their_corners() -> None:
    """Of an answer's box every digit, of a question's the last one of a pair: only then is the corner known."""
    box = '[{"bbox_2d": [10, 20, 990, 480], "label": "x"}]'
    digits = {cell: "".join(key[-1] for key, cells in answered(SHOP, box).items() if cell in cells) for cell in (0, 7)}
    assert digits == {0: "10, 20", 7: "990, 480"}
    question = "(510, 10)是什么"
    assert printed(SHOP).asked(question) == [[Place(question.index(")") - 1, frozenset({2}))]]


def test_a_drawn_thing_is_found_by_its_name() -> None:
    scene = replace(page(128, 128), elements=(Element("thing", "水獭", (64, 64, 128, 128)),))
    assert answered(scene, "有水獭") == {"1水": {10, 11, 14, 15}, "2獭": {10, 11, 14, 15}}


def test_a_state_points_at_the_control_it_is_read_from() -> None:
    switch = Element("switch", "静音", (96, 0, 128, 32), "on")
    drawn = replace(page(128, 128, (line("静音", 0, 0, 16),)), elements=(switch,))
    asked = Question("state", "静音开了吗？", "开着。", ("开",))
    assert list(printed(drawn).answered(asked)) == [Place(0, frozenset({3}))]


@pytest.fixture(scope="module")
def composer() -> Composer:
    tokenizer = build_tokenizer()
    return Composer(mini_config(tokenizer), IMAGE_CONFIG, tokenizer)


def test_a_batch_points_from_the_token_before_a_character_to_its_visual_token(composer: Composer) -> None:
    pages = [replace(SHOP, questions=(Question("shop", "店铺", "老王", ("老王",)),)) for _ in range(2)]
    batch = composer.batch(0, pages, 100, random.Random(1))
    tokens, visual = batch.pointers[1:, batch.pointers[0] == Look.READS]
    first = (batch.input_ids == composer.config.image_token_id).nonzero()[0].item()
    assert composer.tokenizer.decode(batch.labels[tokens].tolist()) == "老王老王"
    assert visual[:2].tolist() == [first + 7, first + 7]


def test_a_batch_points_from_a_question_and_at_it(composer: Composer) -> None:
    asked = Question("shop", "老王的店铺", "老王", ("老王",))
    batch = composer.batch(0, [replace(SHOP, questions=(asked,))], 100, random.Random(1))

    def told(look: Look) -> list[tuple[str, str]]:
        ids, chosen = batch.input_ids, batch.pointers[1:, batch.pointers[0] == look].T.tolist()
        return [
            (composer.tokenizer.decode([ids[a]]), composer.tokenizer.decode([ids[b]], skip_special_tokens=False))
            for a, b in chosen
        ]

    assert told(Look.FINDS) == [("王", "<|image_pad|>"), ("铺", "<|image_pad|>")]
    assert told(Look.ASKED_FIRST) == [("\n", "王")]
    assert told(Look.ASKED_LAST) == [("\n", "铺")]


def test_a_batch_points_within_its_picture_once_however_often_it_is_asked(composer: Composer) -> None:
    asked = Question("cell", "“小红”的“年级”是什么？", "三", ("三",))
    batch = composer.batch(0, [replace(TABLE, questions=(asked, asked))], 100, random.Random(1))
    first = (batch.input_ids == composer.config.image_token_id).nonzero()[0].item()
    assert (batch.pointers[1:, batch.pointers[0] == Look.LEFT] - first).T.tolist() == [[15, 12]]
    assert (batch.pointers[1:, batch.pointers[0] == Look.ABOVE] - first).T.tolist() == [[15, 3]]


def test_a_batch_names_the_visual_tokens_of_drawn_things(composer: Composer) -> None:
    scene = replace(page(128, 128), elements=(Element("thing", "鸡", (64, 64, 96, 96)),))
    batch = composer.batch(0, [page(128, 128), scene], 0, random.Random(0))
    assert batch.named.tolist() == [[16 + 10], [composer.tokenizer.encode("鸡").ids[0]]]


def test_a_cell_tells_the_box_around_its_characters() -> None:
    """Two characters of 16 px from (36, 8) on: the centre of the second lies in the same cell, its edge in the next."""
    assert printed(page(128, 128, (line("老王", 36, 8, 16),))).extents() == {1: (0.125, 0.25, 1.125, 0.75)}


def test_the_loss_is_minus_the_log_of_the_attention_paid() -> None:
    """Two visual tokens and a question of two: its last token looks at the second one with a known share."""
    segments = torch.tensor([0, 0, 1, 1])
    attention = PackedAttention(segments, (4,), torch.float32, watched=(0,))
    k = torch.zeros(4, 2, 8)
    k[1, 1, 0] = 8**0.5
    q = torch.zeros(4, 4, 8)
    q[3, 2, 0] = 1.0
    attention.attend(0, q, k, k)

    weights = torch.tensor([1.0, 1.0, 3.0, 1.0])

    def loss(*pairs: tuple[int, int]) -> float:
        pointers: Tensor = torch.tensor(pairs).T
        return pointing(attention, AttentionHead(0, 2), pointers, weights).item()

    e = torch.tensor(1.0).exp()
    assert loss((3, 1)) == pytest.approx(-(e / (3 + e)).log().item())
    assert loss((3, 0), (3, 1)) == pytest.approx(-((1 + e) / (3 + e)).log().item())
    assert loss((3, 2)) == pytest.approx(-(1 / (3 + e)).log().item())
    assert loss((2, 0), (3, 1)) == pytest.approx((3 * torch.tensor(3.0).log() - (e / (3 + e)).log()).item() / 4)


def test_what_heads_bring_back_is_compared_with_the_place_of_what_they_look_at(composer: Composer) -> None:
    """Heads bring it back as it is, to probes that take it as it is; then one brings the place beside it."""
    asked = Question("cell", "“小红”的“年级”是什么？", "三", ("三",))
    batch = composer.batch(0, [replace(TABLE, questions=(asked,))], 100, random.Random(1))
    config = composer.config
    places = places_of(batch, config.vision.spatial_merge_size)
    waves = places.shape[1]
    head = GlyphHead(config)
    for probe in head.brought.values():
        torch.nn.init.eye_(probe.weight)
        torch.nn.init.zeros_(probe.bias)
    attention = PackedAttention(batch.segments, batch.lengths, torch.float32)
    shape = len(batch.input_ids), config.text.num_attention_heads, config.text.head_dim
    attention.brought = {layer: torch.zeros(shape) for layer in range(config.text.num_hidden_layers)}
    first = (batch.input_ids == config.image_token_id).nonzero()[0].item()
    seen_by_words = dict(batch.pointers[1:, batch.pointers[0] == Look.FINDS].T.tolist())
    for look, token, target in batch.pointers.T.tolist():
        at = HEADS[Look(look)]
        cell = seen_by_words.get(target, target) - first
        attention.brought[at.layer][token, at.number, :waves] = places[cell]

    def errors() -> dict[str, float]:
        return {
            name: error.item() for name, error in brought(head, attention, batch, places, config.image_token_id).items()
        }

    names = {f"brought_{name}" for name in ("finds", "asked_first", "asked_last", "left", "above")}
    assert errors() == dict.fromkeys(names, 0.0)
    attention.brought[3][first + 15, 0, :waves] = places[13]
    assert {name for name, error in errors().items() if error > 0.05} == {"brought_left"}
