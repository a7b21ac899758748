"""How right the warnings about pictures are: on pictures that deserve one and on pictures that do not."""

from __future__ import annotations

import io
import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter

from kantu.processing.image import ImageConfig, prepare
from kantu.processing.quality import picture_warnings
from kantu.processing.quality.measure import measure
from kantu.synth.draw.faces import FACES, load
from kantu.synth.families import FAMILIES, draw

DRAWN, BROWSER = "自画", "浏览器"
CODES = ("picture_blank", "picture_tiny", "picture_blurred", "picture_upside_down", "picture_sideways")
# What a published checkpoint shows a task of small text, and no floor: nothing is enlarged that need not be.
CONFIG = ImageConfig(16, 2, 2, (0.5,) * 3, (0.5,) * 3, 4096, 1280 * 32 * 32)
LEAST_LINES = 3  # of Chinese, on a picture which is to be told upside down
_BROWSER_FOLDERS = ("browser_everyday", "browser_screens")
_PHOTOGRAPHS, _FEW_LINES = "photo", "scene"  # families of the browser's set without text, and with little
_INK_OF_EM = 0.92  # how high the ink of a Chinese character is
_LEAST_BROWSER_EM = 12.0  # pixels: its pages have no smaller text
_TINY_EM = 6.5
_LEAST_SIDE = 24
_SHORT = ("已签收", "你好", "共3件", "¥12.50", "OK", "404", "无")
_PHOTOGRAPH_BLUR = 5.0  # pixels; photographs have at most 640
_BLUR = 0.13  # deviation of the blur, of an em: strokes a tenth of an em apart become one
_MOTION = 1.7 * _BLUR  # radius of the box that has this deviation


@dataclass(frozen=True)
class Case:
    """A picture, and the one warning it deserves, if any.

    Attributes:
        condition: what has been done to it, in Chinese.
    """

    origin: str
    family: str
    condition: str
    picture: Image.Image
    deserves: str = ""


@dataclass
class Tally:
    """What has been counted.

    Attributes:
        asked, found: (origin, condition) -> pictures that deserve the condition's warning, those that got it.
        clean, false: (origin, family) -> pictures that deserve none; (origin, family, code) -> warnings they got.
        right, given: (origin, code) -> warnings deserved, warnings given.
    """

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    found: Counter[tuple[str, str]] = field(default_factory=Counter)
    clean: Counter[tuple[str, str]] = field(default_factory=Counter)
    false: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    given: Counter[tuple[str, str]] = field(default_factory=Counter)

    def add(self, case: Case, codes: Sequence[str]) -> None:
        """Count a picture and the warnings it got."""
        if case.deserves:
            self.asked[case.origin, case.condition] += 1
            self.found[case.origin, case.condition] += case.deserves in codes
        else:
            self.clean[case.origin, case.family] += 1
        for code in codes:
            self.given[case.origin, code] += 1
            self.right[case.origin, code] += code == case.deserves
            self.false[case.origin, case.family, code] += not case.deserves


def judged(cases: Iterable[Case]) -> Tally:
    """The warnings that these pictures get."""
    tally = Tally()
    for case in cases:
        warnings = picture_warnings(prepare(case.picture, CONFIG), 1)
        tally.add(case, [warning.code for warning in warnings])
    return tally


def drawn_cases(seeds: range) -> Iterator[Case]:
    """Pages of every family, in every condition, and pictures of nothing."""
    for family in FAMILIES:
        for seed in seeds:
            page = draw(family, seed)
            heights = [line.size for line in page.lines]
            lines = sum(sum("一" <= character <= "鿿" for character in line.text) >= 2 for line in page.lines)
            em = float(np.median(heights)) if heights else 0.0
            yield from _conditions(DRAWN, family, page.image, em, lines >= LEAST_LINES)
    yield from _blank_cases(2 * len(seeds))


def browser_cases(tests: Path) -> Iterator[Case]:
    """The browser's pictures and the photographs in the repository's tests, in every condition."""
    for folder in _BROWSER_FOLDERS:
        for line in (tests / folder / "truth.jsonl").read_text("utf-8").splitlines():
            told = json.loads(line)
            family = told.get("family", "order")
            picture = Image.open(tests / folder / told["file"]).convert("RGB")
            # a browser's page does not tell its size of text; measuring it is right to a pixel on drawn pages, which do
            measured = measure(prepare(picture, CONFIG)).height / _INK_OF_EM
            em = 0.0 if family == _PHOTOGRAPHS else max(measured, _LEAST_BROWSER_EM)
            yield from _conditions(BROWSER, family, picture, em, family not in (_PHOTOGRAPHS, _FEW_LINES))


def markdown(tally: Tally) -> str:
    """What was found of what should be; what of the warnings was right; which pictures got one that they should not."""
    origins = list(dict.fromkeys(origin for origin, _ in [*tally.asked, *tally.clean]))
    tables = (_found_table, _right_table, _false_table)
    return "\n\n".join("\n".join(table(tally, origins)) for table in tables)


def _conditions(origin: str, family: str, picture: Image.Image, em: float, has_lines: bool) -> Iterator[Case]:
    """A picture in every condition of which it is known what it deserves.

    Args:
        em: height of most of its text; 0 if there is none.
        has_lines: whether it has `LEAST_LINES` lines; with fewer, nobody can be asked to see that it is turned.
    """
    case = partial(Case, origin, family)
    yield case("原样", picture)
    yield case("JPEG 30", _jpeg(picture, 30))
    yield case("放大一倍", picture.resize((picture.width * 2, picture.height * 2), Image.Resampling.BICUBIC))
    if has_lines or not em:
        yield case("转 180°", picture.transpose(Image.Transpose.ROTATE_180), "picture_upside_down" if em else "")
        yield case("转 90°", picture.transpose(Image.Transpose.ROTATE_90), "picture_sideways" if em else "")
        yield case("转 270°", picture.transpose(Image.Transpose.ROTATE_270), "picture_sideways" if em else "")
    if has_lines:
        yield case("失焦", picture.filter(ImageFilter.GaussianBlur(_BLUR * em)), "picture_blurred")
        yield case("横向抖动", picture.filter(ImageFilter.BoxBlur((_MOTION * em, 0))), "picture_blurred")
        yield case("纵向抖动", picture.filter(ImageFilter.BoxBlur((0, _MOTION * em))), "picture_blurred")
        width, height = (max(_LEAST_SIDE, round(side * _TINY_EM / em)) for side in picture.size)
        small = picture.resize((width, height), Image.Resampling.BICUBIC)
        yield case(f"字高 {_TINY_EM:g} 像素", small, "picture_tiny")
    elif origin == BROWSER and not em:
        yield case("失焦的照片", picture.filter(ImageFilter.GaussianBlur(_PHOTOGRAPH_BLUR)), "picture_blurred")


def _blank_cases(count: int) -> Iterator[Case]:
    """Pictures of nothing: plain, noisy, shaded, framed, ruled; and pages with nothing but one short line."""
    for seed in range(count):
        rng, noise = random.Random(f"blank:{seed}"), np.random.default_rng(seed)
        width, height = rng.randint(120, 1300), rng.randint(120, 1000)
        colour = rng.choice([(255, 255, 255), (0, 0, 0), tuple(rng.randint(0, 255) for _ in range(3))])
        plain = Image.new("RGB", (width, height), colour)
        values = np.asarray(plain).astype(np.float64)
        across = np.linspace(0, rng.uniform(-120, 120), width)[None, :, None]
        ruled, framed = plain.copy(), plain.copy()
        for y in range(40, height, rng.randint(24, 60)):
            ImageDraw.Draw(ruled).line((0, y, width, y), fill=(128, 128, 128))
        ImageDraw.Draw(framed).rectangle(
            (0, 0, width - 1, height - 1), outline=(128, 128, 128), width=rng.randint(1, 4)
        )
        for condition, picture in (
            ("一种颜色", plain),
            ("噪点", _picture(values + noise.normal(0, rng.uniform(1, 25), values.shape))),
            ("渐变", _picture(values + across)),
            ("细边框", framed),
            ("横线纸", ruled),
        ):
            yield Case(DRAWN, "blank", condition, picture, "picture_blank")
        line = Image.new("RGB", (width, height), (255, 255, 255))
        ink, place = rng.choice((0, 80, 150, 190)), (rng.randint(0, width // 2), rng.randint(0, height - 40))
        font = load(rng.choice(FACES), rng.randint(12, 28))
        ImageDraw.Draw(line).text(place, rng.choice(_SHORT), fill=(ink,) * 3, font=font)
        yield Case(DRAWN, "只有一短行", "原样", line)


def _picture(values: npt.NDArray[np.float64]) -> Image.Image:
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return Image.open(buffer)


def _found_table(tally: Tally, origins: Sequence[str]) -> Iterator[str]:
    yield "| 该提醒的图片 | " + " | ".join(f"{origin}：提醒了 | 张" for origin in origins) + " |"
    yield "|---|" + "---|---|" * len(origins)
    for condition in dict.fromkeys(condition for _, condition in tally.asked):
        counts = [(tally.found[origin, condition], tally.asked[origin, condition]) for origin in origins]
        yield f"| {condition} | " + " | ".join(f"{_share(*pair)} | {pair[1] or ''}" for pair in counts) + " |"


def _right_table(tally: Tally, origins: Sequence[str]) -> Iterator[str]:
    yield "| 提醒 | " + " | ".join(f"{origin}：提醒得对 | 次" for origin in origins) + " |"
    yield "|---|" + "---|---|" * len(origins)
    for code in CODES:
        counts = [(tally.right[origin, code], tally.given[origin, code]) for origin in origins]
        yield f"| `{code}` | " + " | ".join(f"{_share(*pair)} | {pair[1] or ''}" for pair in counts) + " |"


def _false_table(tally: Tally, origins: Sequence[str]) -> Iterator[str]:
    yield "| 不该提醒的图片 | 张 | " + " | ".join(f"`{code.removeprefix('picture_')}`" for code in CODES) + " |"
    yield "|---|---|" + "---|" * len(CODES)
    for origin in origins:
        families = [family for place, family in tally.clean if place == origin]
        for family in families:
            counts = [tally.false[origin, family, code] for code in CODES]
            if any(counts):
                cells = " | ".join(str(count or "") for count in counts)
                yield f"| {origin}，{family} | {tally.clean[origin, family]} | {cells} |"
        sums = " | ".join(str(sum(tally.false[origin, family, code] for family in families)) for code in CODES)
        yield f"| **{origin}，合计** | {sum(tally.clean[origin, family] for family in families)} | {sums} |"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "–"
