"""Pictures that deserve a warning get that one and no other; pictures that deserve none get none."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from kantu.processing.budget import ImageWarning
from kantu.processing.image import CleanImage, ImageConfig, prepare
from kantu.processing.quality import all_warnings, picture_warnings
from kantu.synth.draw.faces import FACES, load
from kantu.synth.families import draw

CONFIG = ImageConfig(16, 2, 2, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5), 4096, 1280 * 1024)
BROWSER = Path(__file__).parents[2] / "browser_everyday"
UPSIDE_DOWN, LEFT, RIGHT = Image.Transpose.ROTATE_180, Image.Transpose.ROTATE_90, Image.Transpose.ROTATE_270


def told(picture: Image.Image) -> list[ImageWarning]:
    return list(picture_warnings(prepare(picture, CONFIG), 1))


def codes(picture: Image.Image) -> list[str]:
    return [warning.code for warning in told(picture)]


@pytest.fixture(scope="module")
def page() -> Image.Image:
    """A page of text from our own generator, none that has been trained on."""
    return draw("reading", 7, (448, 512)).image


@pytest.fixture(scope="module")
def screen() -> Image.Image:
    """A page from a browser."""
    return Image.open(BROWSER / "notice" / "04.webp").convert("RGB")


@pytest.fixture(scope="module")
def photograph() -> Image.Image:
    return Image.open(BROWSER / "photo" / "04.webp").convert("RGB")


def blank(width: int = 640, height: int = 480, colour: tuple[int, int, int] = (250, 250, 250)) -> Image.Image:
    return Image.new("RGB", (width, height), colour)


def noisy() -> Image.Image:
    values = np.asarray(blank()) + np.random.default_rng(1).normal(-30, 15, (480, 640, 3))
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def shaded() -> Image.Image:
    return Image.linear_gradient("L").resize((640, 480)).convert("RGB")


def framed() -> Image.Image:
    picture = blank()
    ImageDraw.Draw(picture).rectangle((3, 3, 636, 476), outline=(90, 90, 90), width=2)
    return picture


@pytest.mark.parametrize(
    "picture",
    [blank(), blank(colour=(0, 0, 0)), blank(40, 40), noisy(), shaded(), framed()],
    ids=["white", "black", "small", "noisy", "shaded", "framed"],
)
def test_a_picture_of_nothing_is_blank(picture: Image.Image) -> None:
    (warning,) = told(picture)
    assert warning.code == "picture_blank"
    assert warning.message.startswith("第 1 张图片几乎是空白的")


@pytest.mark.parametrize("ink", [0, 190])
def test_a_page_with_one_short_line_is_not_blank(ink: int) -> None:
    picture = blank(1000, 1200)
    ImageDraw.Draw(picture).text((30, 700), "已签收", fill=(ink, ink, ink), font=load(FACES[1], 16))
    assert "picture_blank" not in codes(picture)


def test_ordinary_pictures_get_no_warning(page: Image.Image, screen: Image.Image, photograph: Image.Image) -> None:
    assert codes(page) == codes(screen) == codes(photograph) == []


def test_what_is_compressed_or_enlarged_is_neither_blurred_nor_turned(screen: Image.Image) -> None:
    buffer = io.BytesIO()
    screen.save(buffer, "JPEG", quality=30)
    assert codes(Image.open(buffer)) == []
    assert codes(screen.resize((screen.width * 2, screen.height * 2), Image.Resampling.BICUBIC)) == []


def test_a_page_that_stands_on_its_head_is_told_so(page: Image.Image, screen: Image.Image) -> None:
    for picture in (page, screen):
        (warning,) = told(picture.transpose(UPSIDE_DOWN))
        assert (warning.code, "180°" in warning.message) == ("picture_upside_down", True)


def test_a_page_that_lies_on_its_side_is_told_which_way_to_turn_it(page: Image.Image, screen: Image.Image) -> None:
    for picture in (page, screen):
        (left,), (right,) = told(picture.transpose(LEFT)), told(picture.transpose(RIGHT))
        assert left.code == right.code == "picture_sideways"
        assert "请顺时针转 90°" in left.message
        assert "请逆时针转 90°" in right.message


def test_without_text_nothing_is_said_of_a_turn(photograph: Image.Image) -> None:
    assert [codes(photograph.transpose(turn)) for turn in (UPSIDE_DOWN, LEFT, RIGHT)] == [[], [], []]


def test_a_page_out_of_focus_or_shaken_either_way_is_blurred(screen: Image.Image) -> None:
    for kind in (ImageFilter.GaussianBlur(2.4), ImageFilter.BoxBlur((4, 0)), ImageFilter.BoxBlur((0, 4))):
        assert codes(screen.filter(kind)) == ["picture_blurred"]


def test_a_photograph_far_out_of_focus_is_blurred_and_not_blank(photograph: Image.Image) -> None:
    assert codes(photograph.filter(ImageFilter.GaussianBlur(8))) == ["picture_blurred"]


def test_text_too_small_to_read_is_told_with_its_height(page: Image.Image) -> None:
    small = page.resize((page.width * 2 // 5, page.height * 2 // 5), Image.Resampling.BICUBIC)
    (warning,) = told(small)
    assert warning.code == "picture_tiny"
    assert "像素高" in warning.message


def test_a_picture_lower_than_a_line_of_text_is_tiny_whatever_is_on_it() -> None:
    (warning,) = told(blank(80, 12))
    assert warning.code == "picture_tiny"
    assert "只有 80×12 像素" in warning.message


def test_what_was_enlarged_for_the_network_is_judged_as_it_was(page: Image.Image) -> None:
    enlarged = prepare(page, ImageConfig(16, 2, 2, (0.5,) * 3, (0.5,) * 3, 4 * page.width * page.height, 2**21))
    assert enlarged.pixels.shape[0] >= 2 * page.height
    assert picture_warnings(enlarged, 1) == ()


def test_small_text_on_a_picture_that_was_shrunk_is_the_shrinking_s_fault(page: Image.Image) -> None:
    large = page.resize((page.width * 3, page.height * 3), Image.Resampling.BICUBIC)
    shrunk = prepare(large, CONFIG, max_pixels=page.width * page.height // 6)
    assert [warning.code for warning in all_warnings([shrunk])] == ["picture_shrunk"]


def test_each_warning_names_its_picture(screen: Image.Image) -> None:
    clean = [prepare(screen, CONFIG), prepare(screen.transpose(UPSIDE_DOWN), CONFIG), prepare(blank(), CONFIG)]
    warnings = all_warnings(clean)
    assert [(warning.code, warning.message[:5]) for warning in warnings] == [
        ("picture_upside_down", "第 2 张"),
        ("picture_blank", "第 3 张"),
    ]
    (none,) = all_warnings([])
    assert none.code == "no_picture"


@pytest.mark.parametrize("size", [(32, 32), (32, 1024), (1024, 32)])
def test_no_size_is_too_odd_to_look_at(size: tuple[int, int]) -> None:
    values = np.random.default_rng(1).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    assert isinstance(picture_warnings(CleanImage.of(values, size), 1), tuple)
