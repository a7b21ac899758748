"""The fonts `synth` draws with: Debian's free Chinese fonts, found where Debian installs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont

from kantu.errors import error

_ROOT = Path("/usr/share/fonts")
_NOTO = "opentype/noto/Noto{family}CJK-{weight}.ttc"
_SIMPLIFIED_CHINESE = 2  # index of the SC face inside Noto's collections (JP, KR, SC, TC, HK)


@dataclass(frozen=True)
class Face:
    """One face of a font file. `weight` is the CSS weight it corresponds to; `style` is sans, serif or kai."""

    path: Path
    index: int
    weight: int
    style: str


def _noto(family: str, style: str, weights: dict[str, int]) -> list[Face]:
    return [
        Face(_ROOT / _NOTO.format(family=family, weight=name), _SIMPLIFIED_CHINESE, weight, style)
        for name, weight in weights.items()
    ]


FACES: tuple[Face, ...] = (
    *_noto("Sans", "sans", {"Light": 300, "Regular": 400, "Medium": 500, "Bold": 700, "Black": 900}),
    *_noto("Serif", "serif", {"Regular": 400, "Bold": 700}),
    Face(_ROOT / "truetype/wqy/wqy-microhei.ttc", 0, 400, "sans"),
    Face(_ROOT / "truetype/wqy/wqy-zenhei.ttc", 0, 400, "sans"),
    Face(_ROOT / "truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf", 0, 400, "kai"),
    Face(_ROOT / "truetype/lxgw-wenkai/LXGWWenKai-Bold.ttf", 0, 700, "kai"),
)
LATIN_FACES: tuple[Face, ...] = (  # for lines without Chinese: apps often set digits in another face
    Face(_ROOT / "truetype/liberation/LiberationSans-Regular.ttf", 0, 400, "latin"),
    Face(_ROOT / "truetype/liberation/LiberationSans-Bold.ttf", 0, 700, "latin"),
    Face(_ROOT / "truetype/liberation/LiberationSansNarrow-Regular.ttf", 0, 400, "latin"),
    Face(_ROOT / "truetype/dejavu/DejaVuSans.ttf", 0, 400, "latin"),
    Face(_ROOT / "truetype/dejavu/DejaVuSans-Bold.ttf", 0, 700, "latin"),
    Face(_ROOT / "truetype/dejavu/DejaVuSansMono.ttf", 0, 400, "latin"),
)
EMOJI_FILE = _ROOT / "truetype/noto/NotoColorEmoji.ttf"
EMOJI_SIZE = 109  # the only size of its bitmaps

DEBIAN_PACKAGES = (
    "fonts-noto-cjk",
    "fonts-noto-cjk-extra",
    "fonts-wqy-microhei",
    "fonts-wqy-zenhei",
    "fonts-lxgw-wenkai",
    "fonts-noto-color-emoji",
    "fonts-liberation",
    "fonts-dejavu",
)


def missing_fonts() -> tuple[Path, ...]:
    """Font files `synth` needs and this machine lacks. Empty when pages can be drawn."""
    return tuple(path for path in {*(face.path for face in FACES + LATIN_FACES), EMOJI_FILE} if not path.exists())


def require_fonts() -> None:
    """Raise `MissingDependencyError` when a font file is absent: a page drawn with other fonts is another page."""
    if missing := missing_fonts():
        packages = " ".join(DEBIAN_PACKAGES)
        raise error("fonts_missing", count=len(missing), packages=packages)


@lru_cache(maxsize=224)
def load(face: Face, size: int) -> ImageFont.FreeTypeFont:
    """The face at `size` pixels an em, without shaping (one glyph a character, so that boxes are exact).

    A Chinese font costs 2 to 3 MB and 1 ms at each size, hence the bound; see `snap`.
    """
    return ImageFont.truetype(face.path, size, index=face.index, layout_engine=ImageFont.Layout.BASIC)


def snap(size: float) -> int:
    """The nearest of the sizes pages are set in: every pixel up to 20, then coarser, so that few fonts are loaded."""
    step = 1 if size <= 20 else 2 if size <= 32 else 4
    return step * round(size / step)


@cache
def emoji_font() -> ImageFont.FreeTypeFont:
    """Noto Color Emoji at its one bitmap size."""
    return ImageFont.truetype(EMOJI_FILE, EMOJI_SIZE, layout_engine=ImageFont.Layout.BASIC)


class _Advances(dict[str, float]):
    """Character -> advance for one face and size, asked from the font when first needed."""

    def __init__(self, face: Face, size: int) -> None:
        super().__init__()
        self._face, self._size = face, size

    def __missing__(self, character: str) -> float:
        if "一" <= character <= "鿿":
            return float(self._size)  # Chinese characters are one em wide in FACES; asking costs a rendering
        self[character] = load(self._face, self._size).getlength(character)
        return self[character]


@cache
def advances(face: Face, size: int) -> Mapping[str, float]:
    """Horizontal advances in pixels, by character."""
    return _Advances(face, size)


def closest(style: str, weight: int) -> Face:
    """The face of `style` whose weight is nearest to `weight`."""
    return min((face for face in FACES if face.style == style), key=lambda face: abs(face.weight - weight))
