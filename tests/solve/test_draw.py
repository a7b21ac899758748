"""A result is drawn on its picture: every box in its field's colour, doubtful ones dashed, told apart by a legend."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydantic import BaseModel, Field

from kantu.aigc import SENTENCE, ContentLabel
from kantu.solve.draw import COLORS, draw
from kantu.solve.result import (
    Finding,
    Notice,
    PictureBox,
    Review,
    TaskResult,
    TaskTimings,
    TaskUsage,
    TaskVersion,
)
from kantu.tasks.results import Boxes

Pixels = npt.NDArray[np.uint8]
GROUND = (200, 210, 220)


def result(record: Any = None, **fields: Finding) -> TaskResult[Any]:
    return TaskResult(
        task=TaskVersion(name="order", title="订单截图", version="1"),
        result=record,
        fields=fields,
        review=Review(needed=False),
        model="kantu-mini",
        usage=TaskUsage(),
        timings=TaskTimings(),
    )


def finding(*boxes: tuple[int, int, int, int], picture: int = 0, **more: Any) -> Finding:
    places = tuple(PictureBox(picture=picture, x1=x1, y1=y1, x2=x2, y2=y2) for x1, y1, x2, y2 in boxes)
    return Finding(boxes=places, **{"confidence": 0.93, **more})


def blank(size: tuple[int, int] = (400, 300)) -> Image.Image:
    return Image.new("RGB", size, GROUND)


def pixels(image: Image.Image) -> Pixels:
    return np.asarray(image)


def is_color(part: Pixels, color: tuple[int, int, int]) -> npt.NDArray[np.bool_]:
    return (part == color).all(axis=-1)


def lower_edge(image: Image.Image, box: tuple[int, int, int, int], color: tuple[int, int, int]) -> float:
    """The share of a line just below the box that has the colour."""
    return float(is_color(pixels(image)[box[3] + 1, box[0] : box[2]], color).mean())


BOX = (100, 100, 260, 140)


def test_a_box_is_framed_in_colour_and_what_it_holds_stays() -> None:
    drawn = pixels(draw(blank(), result(amount=finding(BOX))))
    x1, y1, x2, y2 = BOX
    assert is_color(drawn[y1:y2, x1:x2], GROUND).all()
    framed = is_color(drawn[:300], COLORS[0])
    for edge in (framed[y1 - 2, x1:x2], framed[y2 + 1, x1:x2], framed[y1:y2, x1 - 2], framed[y1:y2, x2 + 1]):
        assert edge.all()
    far = np.ones((300, 400), dtype=bool)
    far[y1 - 30 : y2 + 30, x1 - 30 : x2 + 30] = False
    assert is_color(drawn[:300], GROUND)[far].all()


def test_fields_have_colours_of_their_own_and_all_of_their_boxes() -> None:
    second = [(20, 200, 80, 220), (20, 240, 120, 260)]
    drawn = draw(blank(), result(amount=finding(BOX), address=finding(*second)))
    assert lower_edge(drawn, BOX, COLORS[0]) == 1
    assert [lower_edge(drawn, box, COLORS[1]) for box in second] == [1, 1]


@pytest.mark.parametrize(
    "doubt",
    [{"verified": False}, {"problems": (Notice(code="digits", message="少一位"),)}],
    ids=["unverified", "problem"],
)
def test_doubtful_fields_are_dashed(doubt: dict[str, Any]) -> None:
    drawn = draw(blank(), result(amount=finding(BOX, **doubt)))
    assert 0.3 < lower_edge(drawn, BOX, COLORS[0]) < 0.7
    assert lower_edge(draw(blank(), result(amount=finding(BOX, verified=True))), BOX, COLORS[0]) == 1


def legends(*results: TaskResult[Any]) -> list[Pixels]:
    return [pixels(draw(blank(), each))[300:] for each in results]


def test_the_legend_tells_name_confidence_and_doubts() -> None:
    plain, *others = legends(
        result(amount=finding(BOX)),
        result(number=finding(BOX)),
        result(amount=finding(BOX, confidence=0.31)),
        result(amount=finding(BOX, confidence=None)),
        result(amount=finding(BOX, verified=False)),
        result(amount=finding(BOX, problems=(Notice(code="digits", message="少一位"),))),
    )
    for other in others:
        assert not np.array_equal(plain, other)
    assert is_color(plain, COLORS[0]).any()  # the badge
    assert len({other.tobytes() for other in others}) == len(others)


def test_fields_are_called_by_their_titles() -> None:
    class Titled(BaseModel):
        amount: str = Field(title="金额")

    path, title, same = legends(
        result(amount=finding(BOX)), result(Titled(amount="5"), amount=finding(BOX)), result(**{"金额": finding(BOX)})
    )
    assert not np.array_equal(path, title)
    assert np.array_equal(title, same)


def test_found_things_are_called_by_the_words_on_them() -> None:
    def record(label: str) -> Boxes:
        return Boxes.model_validate([{"bbox_2d": [1, 2, 3, 4], "label": label}])

    one, other, named = legends(
        result(record("催发货"), **{"[0]": finding(BOX)}),
        result(record("退款"), **{"[0]": finding(BOX)}),
        result(**{"催发货": finding(BOX)}),
    )
    assert not np.array_equal(one, other)
    assert np.array_equal(one, named)


def test_a_long_text_in_the_legend_is_wrapped() -> None:
    long = Notice(code="digits", message="统一社会信用代码应为十八位" * 6)
    short, tall = legends(result(tax=finding(BOX)), result(tax=finding(BOX, problems=(long,))))
    assert tall.shape[0] > short.shape[0] + 40
    assert (tall[:, -6:] == 255).all()  # nothing runs out of the picture


def test_without_a_chinese_font_the_legend_is_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kantu.solve.draw.CHINESE_FONTS", (("no such font.ttc", 0),))
    problem = finding(BOX, problems=(Notice(code="digits", message="少一位"),))
    one, other, coded = legends(
        result(**{"金额": finding(BOX)}), result(**{"单号": finding(BOX)}), result(**{"金额": problem})
    )
    assert np.array_equal(one, other)  # both are "field 1": the font has neither name
    assert not np.array_equal(one, coded)


def test_boxes_lie_on_the_picture_as_it_is_shown() -> None:
    stored = Image.new("RGB", (300, 400), GROUND)
    exif = stored.getexif()
    exif[0x0112] = 6  # turned by a quarter when shown
    stored.info["exif"] = exif.tobytes()
    drawn = draw(stored, result(amount=finding((300, 20, 380, 60))))
    assert drawn.width == 400
    assert lower_edge(drawn, (300, 20, 380, 60), COLORS[0]) == 1


def test_each_picture_has_its_own_boxes_and_fields_keep_their_colours() -> None:
    both = result(amount=finding(BOX), other=finding(BOX, picture=1))
    assert lower_edge(draw(blank(), both), BOX, COLORS[0]) == 1
    assert lower_edge(draw(blank(), both, 1), BOX, COLORS[1]) == 1


@pytest.mark.parametrize("size", [(40, 30), (400, 300), (3000, 4000)])
def test_small_and_large_pictures_can_be_read(size: tuple[int, int]) -> None:
    width, height = size
    everything = (0, 0, width, height)
    drawn = draw(blank(size), result(all=finding(everything), point=finding((width // 2, height // 2) * 2)))
    legend = drawn.height - height
    assert drawn.width >= 350
    assert 60 <= legend <= max(120, height / 8)


def test_transparent_pictures_stand_on_white_as_the_model_sees_them() -> None:
    drawn = draw(Image.new("RGBA", (400, 300), (0, 0, 0, 0)), result(amount=finding(BOX)))
    assert drawn.getpixel((10, 10)) == (255, 255, 255)


def test_the_picture_itself_is_not_changed() -> None:
    picture = blank()
    draw(picture, result(amount=finding(BOX)))
    assert is_color(pixels(picture), GROUND).all()


def test_numbers_hide_neither_boxes_nor_each_other() -> None:
    boxes = [(150, 30 + 24 * n, 230, 48 + 24 * n) for n in range(8)]
    drawn = pixels(draw(blank(), result(**{f"f{n}": finding(box) for n, box in enumerate(boxes)})))[:300]
    for x1, y1, x2, y2 in boxes:
        assert is_color(drawn[y1:y2, x1:x2], GROUND).all()
    alone = pixels(draw(blank(), result(f=finding(boxes[0]))))[:300]
    assert min(is_color(drawn, color).sum() for color in COLORS) > 0.75 * is_color(alone, COLORS[0]).sum()


class TestLabel:
    def drawn(self, sentence: str | None, size: tuple[int, int] = (400, 300)) -> Image.Image:
        label = ContentLabel(sentence=sentence)
        return draw(blank(size), result(a=finding((10, 10, 50, 50))).model_copy(update={"label": label}))

    def test_the_sentence_ends_the_legend(self) -> None:
        without, with_label = self.drawn(None), self.drawn(SENTENCE)
        assert with_label.height > without.height
        assert (pixels(with_label)[: without.height] == pixels(without)).all()

    @pytest.mark.parametrize("size", [(400, 300), (1080, 2340), (2000, 400)])
    def test_it_is_as_high_as_the_standard_asks_for(self, size: tuple[int, int]) -> None:
        image = self.drawn(SENTENCE, size)
        last = (pixels(image)[-(image.height - size[1]) :].max(axis=-1) < 128).any(axis=1)
        (rows,) = np.nonzero(last)
        lines = np.split(rows, np.nonzero(np.diff(rows) > 2)[0] + 1)
        assert len(lines[-1]) >= 0.05 * min(image.size)
