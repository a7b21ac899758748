"""What is asked: suites as versioned data, and how one becomes questions."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from PIL import Image

import kantu
from kantu.errors import error, listed
from kantu.evaluation.formats import read_file
from kantu.evaluation.items import Item, Picture, read_folder
from kantu.synth.families import FAMILIES, draw
from kantu.tasks.builtin import TASKS
from kantu.tasks.truth import Truth

HELD_OUT = "held_out"
BROWSER = "browser"
EVERYDAY_FAMILIES = (
    *("order", "product", "post", "notice", "problem", "chart"),
    *("table", "ui", "scene", "invoice", "chat", "phone"),
)
_HELD_OUT_PAGES = 60  # of each family
_BROWSER_FOLDERS = (("browser_screens", "order"), ("browser_everyday", ""))  # of tests/, and the family of all of it


@dataclass(frozen=True)
class Seeds:
    """Pages of one family, drawn on the fly. Training never draws seeds below a million."""

    family: str
    first: int
    count: int


@dataclass(frozen=True)
class Suite:
    """A name and a version of what is asked; the version changes when pages or folders do.

    `folders` are (folder in the repository's tests, family of its pictures or "" where its truth tells it).
    """

    name: str
    version: str
    seeds: tuple[Seeds, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()


EVERYDAY = Suite(
    "everyday",
    "1",
    tuple(Seeds(family, 0, _HELD_OUT_PAGES) for family in EVERYDAY_FAMILIES),
    _BROWSER_FOLDERS,
)
SUITES = {suite.name: suite for suite in (EVERYDAY,)}


@dataclass(frozen=True)
class Opened:
    """The questions of a suite. `missing` names what it should have and this checkout does not, in Chinese."""

    name: str
    version: str
    items: tuple[Item, ...]
    missing: tuple[str, ...] = ()


def open_suite(name: str, *, pictures: int | None = None, families: tuple[str, ...] = ()) -> Opened:
    """A suite by its name; a folder with truth.jsonl; or a file (see `formats`).

    Args:
        pictures: only the first so many of each family and origin.
        families: only these, if any are given.

    Raises InvalidRequestError when there is no such suite, or a file of it cannot be read.
    """
    path = Path(name)
    if name in SUITES:
        opened = _open(SUITES[name], pictures, families)
    elif path.is_dir():
        opened = Opened(path.resolve().name, _digest(path / "truth.jsonl"), read_folder(path))
    elif path.is_file():
        opened = Opened(path.stem, _digest(path), read_file(path))
    else:
        raise error("unknown_suite.eval", name=name, suites=listed(SUITES))
    items = tuple(item for item in opened.items if not families or item.family in families)
    return Opened(opened.name, opened.version, _first(items, pictures), opened.missing)


def _open(suite: Suite, pictures: int | None, families: tuple[str, ...]) -> Opened:
    items: list[Item] = []
    wanted = [seeds for seeds in suite.seeds if not families or seeds.family in families]
    absent = [seeds.family for seeds in wanted if seeds.family not in FAMILIES]
    missing = [f"图片家族 {'、'.join(absent)} 还不会画"] if absent else []
    for seeds in wanted:
        if seeds.family in FAMILIES:
            for seed in islice(range(seeds.first, seeds.first + seeds.count), pictures):
                items += draw_items(seeds.family, seed)
    for name, family in suite.folders:
        folder = Path(kantu.__file__).parents[2] / "tests" / name
        if (folder / "truth.jsonl").is_file():
            items += read_folder(folder, family=family, origin=BROWSER)
        else:
            missing.append(f"tests/{name}（只在源码仓库里）")
    return Opened(suite.name, suite.version, tuple(items), tuple(missing))


def draw_items(family: str, seed: int) -> Iterator[Item]:
    """The questions of a page of our own generator."""
    page = draw(family, seed)
    picture = Picture(f"{family}/{seed}", _png(page.image), hashlib.sha256(page.image.tobytes()).hexdigest())
    for asked in page.questions:
        truth = Truth(asked.answer, asked.values, asked.absent, asked.forbidden)
        yield Item((picture,), TASKS[asked.task], asked.kind, asked.question, truth, family, HELD_OUT)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _first(items: tuple[Item, ...], pictures: int | None) -> tuple[Item, ...]:
    """The items about the first so many pictures of each family and origin."""
    if pictures is None:
        return items
    kept: dict[tuple[str, str], dict[tuple[str, ...], None]] = {}
    chosen = []
    for item in items:
        seen = kept.setdefault((item.family, item.origin), {})
        names = tuple(picture.name for picture in item.pictures)
        if names in seen or len(seen) < pictures:
            seen[names] = None
            chosen.append(item)
    return tuple(chosen)


def _digest(path: Path) -> str:
    """A version for what has none: of the file that holds the truth."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""
