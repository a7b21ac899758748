"""Draw the everyday pictures and write their truth.

    python tests/browser_everyday/render.py [FAMILY ...] [--only 7 12] [--sheet FOLDER]

Every family is a module `families/NAME.py` with `pages() -> list[Screen]` beside a folder of templates of that name.
A page whose marked texts differ from its truth, or are cut, covered, too small or missing, fails the run and is not
written. The same page gives the same picture with the same browser and fonts.
"""

from __future__ import annotations

import argparse
import importlib
import io
import json
import math
import unicodedata
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import content
from browser import Browser
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from page import Screen, line_of
from PIL import Image

HERE = Path(__file__).resolve().parent
TRUTH = HERE / "truth.jsonl"
FAMILIES = (
    "product", "post", "notice", "problem", "chart", "table", "ui", "scene", "invoice", "chat", "phone",
)  # fmt: skip
LOSSLESS_BYTES = 45_000  # above this a picture is saved at quality 90
#: Kinds whose values are read off the page as they stand.
READ = frozenset({"field", "cell", "title", "name", "line"})


class Marks(dict[str, Markup]):
    """`t.KEY` in a template: the text of that key, marked for the browser."""

    def __init__(self, truth: Mapping[str, str]) -> None:
        marked = '<span data-truth="{}">{}</span>'
        super().__init__({key: Markup(marked).format(key, text) for key, text in truth.items()})

    def __missing__(self, key: str) -> Markup:
        """Nothing for a text that this screen does not have: a misspelt one is found by the browser as not drawn."""
        return Markup()


def page_of(family: str, screen: Screen) -> str:
    """The HTML of a screen."""
    loader = FileSystemLoader([HERE / "families" / family, HERE / "families"])
    environment = Environment(loader=loader, undefined=StrictUndefined, autoescape=True)
    return environment.get_template(screen.template).render(
        screen.data, t=Marks(screen.truth), truth=screen.truth, width=screen.width, height=screen.height,
        font=Markup(screen.font),
    )  # fmt: skip


def screens_of(family: str) -> list[Screen]:
    """The screens of a family, from its text or its module."""
    if (HERE / "families" / f"{family}.toml").exists():
        return content.pages(family)
    screens: list[Screen] = importlib.import_module(f"families.{family}").pages()
    return screens


def problems_of(screen: Screen, report: Mapping[str, Any], line: Mapping[str, Any]) -> list[str]:
    """What is wrong with a drawn page."""
    problems, drawn = list(report["problems"]), report["values"]

    def plain(text: str) -> str:
        return "".join(unicodedata.normalize("NFKC", text).split())

    for key, text in screen.truth.items():
        if key not in drawn:
            problems.append(f"{key} is not drawn")
        elif plain(drawn[key]) != plain(text):
            problems.append(f"{key} is drawn as {drawn[key]!r}, truth {text!r}")
    problems += [f"{key} is marked and not in the truth" for key in drawn if key not in screen.truth]
    texts = [plain(text) for text in screen.truth.values()]
    for question in line["questions"]:
        for value in question.get("values", ()) if question["kind"] in READ else ():
            if not any(plain(value) in text for text in texts):
                problems.append(f"value {value!r} of {question['question']!r} stands in no marked text")
        for value in question.get("values", ()):
            if plain(value) not in plain(question["answer"]):
                problems.append(f"the answer {question['answer']!r} lacks {value!r}")
        if any(plain(text) in plain(question["answer"]) for text in question.get("forbidden", ())):
            problems.append(f"the answer {question['answer']!r} has what it must not")
    if screen.height and report["height"] != screen.height:
        problems.append(f"the page is {report['height']} high, not {screen.height}")
    if report["width"] != screen.width:
        problems.append(f"the page is {report['width']} wide, not {screen.width}")
    return problems


def save(image: Image.Image, path: Path) -> None:
    """Write a picture, without loss where that stays small."""
    path.parent.mkdir(exist_ok=True)
    data = io.BytesIO()
    image.save(data, "WEBP", lossless=True, quality=100, method=4)
    if data.tell() > LOSSLESS_BYTES:
        data = io.BytesIO()
        image.save(data, "WEBP", quality=90, method=4)
    path.write_bytes(data.getvalue())


def draw(browser: Browser, family: str, screen: Screen) -> tuple[dict[str, Any], list[str]]:
    """Draw one screen and write its picture if nothing is wrong; return its line of truth and the problems."""
    report, image = browser.draw(page_of(family, screen), screen.width, screen.height, screen.scale)
    name = f"{family}/{screen.number:02d}.webp"
    missing = [q.box for q in screen.questions if q.box and q.box not in report["boxes"]]
    if missing:
        return {"file": name}, [f"no box of {key}" for key in missing] + report["problems"]
    questions = [line_of(question, screen.truth, report["boxes"]) for question in screen.questions]
    line = {"file": name, "family": family, "size": list(image.size), "questions": questions}
    problems = problems_of(screen, report, line)
    if not problems:
        save(image, HERE / name)
    return line, problems


def sheet(path: Path, pictures: Iterable[Path], columns: int = 7) -> None:
    """Write pictures side by side, small, for a look."""
    width, height = 300, 400
    images = [Image.open(picture) for picture in pictures]
    out = Image.new("RGB", (columns * width, math.ceil(len(images) / columns) * height), "#777")
    for i, image in enumerate(images):
        image.thumbnail((width - 8, height - 8))
        out.paste(image, (i % columns * width + 4, i // columns * height + 4))
    out.save(path)


def read_truth() -> dict[str, dict[str, Any]]:
    """The lines of the truth by file."""
    written = TRUTH.read_text(encoding="utf-8").splitlines() if TRUTH.exists() else []
    return {row["file"]: row for row in map(json.loads, written)}


def write_truth(lines: Mapping[str, Mapping[str, Any]]) -> None:
    """Write the lines in the order of families (photographs last) and files."""
    place = {family: i for i, family in enumerate(FAMILIES)}
    ordered = sorted(lines.values(), key=lambda row: (place.get(row["family"], len(place)), row["file"]))
    TRUTH.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ordered), encoding="utf-8")


def main() -> None:
    """Draw the screens asked for; the truth keeps the lines of all others."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("families", nargs="*", help=f"of {', '.join(FAMILIES)}; all that are there without")
    parser.add_argument("--only", type=int, nargs="*", help="numbers of screens, from 1")
    parser.add_argument("--sheet", type=Path, help="write a contact sheet of each family into this folder")
    arguments = parser.parse_args()
    there = [name for name in FAMILIES if any((HERE / "families").glob(f"{name}.*"))]
    lines = read_truth()
    bad = False
    with Browser() as browser:
        for family in arguments.families or there:
            for screen in screens_of(family):
                if arguments.only and screen.number not in arguments.only:
                    continue
                line, problems = draw(browser, family, screen)
                for problem in problems:
                    bad = True
                    print(f"{line['file']} ({screen.template}): {problem}", flush=True)
                if not problems:
                    lines[line["file"]] = line
            if arguments.sheet:
                sheet(arguments.sheet / f"{family}.png", sorted((HERE / family).glob("*.webp")))
    write_truth(lines)
    if bad:
        raise SystemExit("some pages are not as their truth says")


if __name__ == "__main__":
    main()
