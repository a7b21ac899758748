"""What is asked: suites as versioned data, and how one becomes questions."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from PIL import Image

import kantu
from kantu.errors import error, listed
from kantu.evaluation.formats import read_file
from kantu.evaluation.injection.pairs import PAGES_BY_TASK, drawn_pairs, read_pairs
from kantu.evaluation.items import TRUTH, Box, Item, Picture, read_folder
from kantu.evaluation.typed import as_run
from kantu.synth.families import FAMILIES, draw
from kantu.synth.page import Page
from kantu.tasks import builtin
from kantu.tasks.builtin import TASKS
from kantu.tasks.plain import plain
from kantu.tasks.truth import Truth

HELD_OUT = "held_out"
BROWSER = "browser"
EVERYDAY_FAMILIES = (
    *("order", "product", "post", "notice", "problem", "chart"),
    *("table", "ui", "scene", "invoice", "chat", "phone"),
)
_HELD_OUT_PAGES = 60  # of each family
_TASK_PAGES = 40  # held-out pages of each task
_MOST_SEEDS = 12  # drawn of each family for a page of a task: not every page is asked for every record
_LEAST_SEEDS = 200
_BROWSER_FOLDERS = (("browser_screens", "order"), ("browser_everyday", ""))  # of tests/, and the family of all of it
_RECORDS = "tasks.jsonl"  # of these folders: what tasks answer, where truth.jsonl has questions


@dataclass(frozen=True)
class Seeds:
    """Pages of one family, drawn on the fly. Training never draws seeds below a million."""

    family: str
    first: int
    count: int


@dataclass(frozen=True)
class Suite:
    """A name and a version of what is asked; the version changes when pages or folders do.

    Attributes:
        folders: (folder in the repository's tests, family of its pictures or "" where its truth tells it).
        truth: the file of these folders.
        tasks: which are run, with the families whose pages are drawn for them; without any, questions are asked.
        run: of a suite whose questions are asked, the tasks that are run all the same.
        pairs: by task, how many pairs of questions that differ by an instruction; folders then hold pairs, too.
    """

    name: str
    version: str
    seeds: tuple[Seeds, ...] = ()
    folders: tuple[tuple[str, str], ...] = ()
    truth: str = TRUTH
    tasks: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    run: tuple[str, ...] = ()
    pairs: Mapping[str, int] = field(default_factory=dict)


EVERYDAY = Suite(
    "everyday",
    "2",
    tuple(Seeds(family, 0, _HELD_OUT_PAGES) for family in EVERYDAY_FAMILIES),
    _BROWSER_FOLDERS,
    run=(builtin.LOCATE.name,),  # a user who wants a box asks for it there
)
TASK_SUITE = Suite(
    "tasks",
    "1",
    folders=_BROWSER_FOLDERS,
    truth=_RECORDS,
    tasks=MappingProxyType(
        {
            builtin.ORDER.name: ("order",),
            builtin.MATCH.name: ("post", "scene"),
            builtin.MODERATE.name: ("post", "notice"),
            builtin.PROBLEM.name: ("problem",),
            builtin.CHART.name: ("chart", "table"),
            builtin.UI.name: ("ui",),
            builtin.UI_POINT.name: ("ui",),
            builtin.COPY.name: ("product",),
            builtin.EXTRACT.name: EVERYDAY_FAMILIES,
            builtin.READ_BOXES.name: EVERYDAY_FAMILIES,
            builtin.LOCATE.name: EVERYDAY_FAMILIES,
        }
    ),
)
INJECTION = Suite("injection", "2", folders=(("browser_injection", ""),), pairs=PAGES_BY_TASK)
SUITES = {suite.name: suite for suite in (EVERYDAY, TASK_SUITE, INJECTION)}


@dataclass(frozen=True)
class Opened:
    """The questions of a suite. `missing` names what it should have and this checkout does not, in Chinese."""

    name: str
    version: str
    items: tuple[Item, ...]
    missing: tuple[str, ...] = ()


def open_suite(
    name: str, *, pictures: int | None = None, families: tuple[str, ...] = (), tasks: tuple[str, ...] = ()
) -> Opened:
    """A suite by its name; a folder with truth.jsonl; or a file (see `formats`).

    Args:
        pictures: only the first so many of each family and origin; where tasks are run, of each task, and as many
            are drawn.
        families, tasks: only these, if any are given.

    Raises InvalidRequestError when there is no such suite, or a file of it cannot be read, NotFoundError
    (`task_not_found`) when there is no such task.
    """
    if unknown := [each for each in tasks if each not in TASKS]:
        raise error("task_not_found.named", name=unknown[0], names=listed(TASKS))
    path = Path(name)
    suite = SUITES.get(name)
    if suite is not None:
        opened = _open_tasks(suite, pictures, families, tasks) if suite.tasks else _open(suite, pictures, families)
    elif path.is_dir():
        opened = Opened(path.resolve().name, _digest(path / "truth.jsonl"), read_folder(path))
    elif path.is_file():
        opened = Opened(path.stem, _digest(path), read_file(path))
    else:
        raise error("unknown_suite.eval", name=name, suites=listed(SUITES))
    items = tuple(
        item
        for item in opened.items
        if (not families or item.family in families) and (not tasks or item.task.name in tasks)
    )
    kept = items if pictures is None else _first(items, pictures, by_task=suite is not None and bool(suite.tasks))
    return Opened(opened.name, opened.version, kept, opened.missing)


def _open(suite: Suite, pictures: int | None, families: tuple[str, ...]) -> Opened:
    items: list[Item] = []
    wanted = [seeds for seeds in suite.seeds if not families or seeds.family in families]
    absent = [seeds.family for seeds in wanted if seeds.family not in FAMILIES]
    missing = [f"图片家族 {'、'.join(absent)} 还不会画"] if absent else []
    for seeds in wanted:
        if seeds.family in FAMILIES:
            for seed in islice(range(seeds.first, seeds.first + seeds.count), pictures):
                items += draw_items(seeds.family, seed)
    for task, count in suite.pairs.items():
        items += drawn_pairs(task, count if pictures is None else min(count, pictures))
    browser, absent = _read_folders(suite)
    asked = tuple(_as_asked(item, suite) for item in (*items, *browser))
    return Opened(suite.name, suite.version, asked, (*missing, *absent))


def _as_asked(item: Item, suite: Suite) -> Item:
    """As it stands, or run as its task, of the same kind."""
    run = as_run(item) if item.task.name in suite.run else None
    return item if run is None else replace(run, kind=item.kind)


def _open_tasks(suite: Suite, pictures: int | None, families: tuple[str, ...], tasks: tuple[str, ...]) -> Opened:
    """As many pages a task, and what the folders have of these tasks; all of it to be run."""
    count = pictures or _TASK_PAGES
    drawn = {name: drawn_from for name, drawn_from in suite.tasks.items() if not tasks or name in tasks}
    left = dict.fromkeys(drawn, count)
    items = list(_draw_tasks(drawn, left, families))
    missing = [
        f"任务“{TASKS[name].title}”的留出图片 {lacking} 张"
        for name, lacking in left.items()
        if lacking and (not families or set(families) & set(drawn[name]))
    ]
    browser, absent = _read_folders(suite)
    runs = [run for item in browser if (run := as_run(item)) is not None and run.task.name in drawn]
    runs.sort(key=lambda item: Path(item.pictures[0].name).stem)  # the first few are of all families
    return Opened(suite.name, suite.version, (*items, *runs), (*missing, *absent))


def _draw_tasks(
    tasks: Mapping[str, tuple[str, ...]], left: dict[str, int], families: tuple[str, ...]
) -> Iterator[Item]:
    """Families by turns, one question of a task a page, until nothing is `left` to find; what is found is taken off."""
    for seed in range(max(_LEAST_SEEDS, _MOST_SEEDS * max(left.values()))):
        for family in EVERYDAY_FAMILIES:
            wanted = {name for name, drawn in tasks.items() if left[name] and family in drawn}
            if not wanted or family not in FAMILIES or (families and family not in families):
                continue
            page = draw(family, seed)
            for item in _items(page):
                run = as_run(item) if item.task.name in wanted else None
                if run is not None and _is_unique(run, page):
                    wanted.remove(run.task.name)
                    left[run.task.name] -= 1
                    yield replace(run, places=_places(run, page))


def _is_unique(item: Item, page: Page) -> bool:
    """Whether the page shows no more of what is to be located than the truth has."""
    if item.task.name != builtin.LOCATE.name:
        return True
    boxes = json.loads(item.truth.answer)
    name = plain(boxes[0]["label"])
    shown = [sum(name in plain(text) for text in texts) for texts in _shown(page)]
    return max(shown) == len(boxes)


def _shown(page: Page) -> tuple[list[str], list[str]]:
    """Texts of lines, and labels of what is no text."""
    return [line.text for line in page.lines], [element.label for element in page.elements]


def _places(item: Item, page: Page) -> Mapping[str, tuple[Box, ...]]:
    """Where lines stand that are values of the record."""
    width, height = page.image.size
    places: dict[str, tuple[Box, ...]] = {}
    for line in page.lines:
        if json.dumps(line.text, ensure_ascii=False) in item.truth.answer:
            x1, y1, x2, y2 = line.box
            box = (1000 * x1 / width, 1000 * y1 / height, 1000 * x2 / width, 1000 * y2 / height)
            places[line.text] = (*places.get(line.text, ()), box)
    return places


def _read_folders(suite: Suite) -> tuple[list[Item], list[str]]:
    """The questions of the suite's folders, and which of these are missing."""
    items: list[Item] = []
    missing: list[str] = []
    for name, family in suite.folders:
        folder = Path(kantu.__file__).parents[2] / "tests" / name
        if (folder / suite.truth).is_file():
            items += (
                read_pairs(folder, BROWSER)
                if suite.pairs
                else read_folder(folder, family=family, origin=BROWSER, file=suite.truth)
            )
        else:
            missing.append(f"tests/{name}（只在源码仓库里）")
    return items, missing


def draw_items(family: str, seed: int) -> Iterator[Item]:
    """The questions of a page of our own generator."""
    return _items(draw(family, seed))


def _items(page: Page) -> Iterator[Item]:
    name = f"{page.family}/{page.seed}"
    picture = Picture(name, _png(page.image), hashlib.sha256(page.image.tobytes()).hexdigest())
    for asked in page.questions:
        truth = Truth(asked.answer, asked.values, asked.absent, asked.forbidden)
        yield Item((picture,), TASKS[asked.task], asked.kind, asked.question, truth, page.family, HELD_OUT)


def _png(image: Image.Image) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


def _first(items: tuple[Item, ...], pictures: int, *, by_task: bool) -> tuple[Item, ...]:
    """The items about the first so many pictures of each family, or of each task, and origin."""
    kept: dict[tuple[str, str], dict[tuple[str, ...], None]] = {}
    chosen = []
    for item in items:
        group = item.task.name if by_task else item.family
        seen = kept.setdefault((group, item.origin), {})
        names = (item.trial.pair,) if item.trial else tuple(picture.name for picture in item.pictures)
        if names in seen or len(seen) < pictures:
            seen[names] = None
            chosen.append(item)
    return tuple(chosen)


def _digest(path: Path) -> str:
    """A version for what has none: of the file that holds the truth."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12] if path.is_file() else ""
