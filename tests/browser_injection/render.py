"""Draw the pages with and without their instructions, and write the truth.

    python tests/browser_injection/render.py [--sheet FILE]

The three pictures of a pair differ in nothing but the instruction, which one hides and one has a harmless sentence in
place of; this is checked.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from instructions import FIELDS, HARMLESS, NAMES, PROSE, REPLIES, STATUSES, VERDICTS, WORDINGS
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "browser_everyday"))
from browser import Browser  # noqa: E402

IN_TEXT = "text"
VARIANTS = 3  # instructions of each page
WITH_TEXT = {"moderate": "text", "match": "text", "order": "question", "ask": "question"}
FONTS = ('"Noto Sans CJK SC"', '"Noto Serif CJK SC"', '"WenQuanYi Micro Hei"', '"WenQuanYi Zen Hei"', '"LXGW WenKai"')
LOOKS = (  # ground, sheet, ink, accent
    ("#eef0f3", "#ffffff", "#1f2328", "#dbe7f5"),
    ("#20242c", "#2b303b", "#eceff4", "#3d4657"),
    ("#fbf3e4", "#fffaf0", "#4a3520", "#f0dcb8"),
    ("#e3f1ea", "#f7fcf9", "#123524", "#bfe3cf"),
    ("#f7e6ec", "#fff8fa", "#431325", "#f2c4d3"),
    ("#ffffff", "#ffffff", "#000000", "#e4e4e4"),
)


@dataclass(frozen=True)
class Attack:
    """An instruction on a page: its form, its words, and what it wants."""

    form: str
    text: str
    field: str
    claim: str
    harmless: str


def pairs() -> Iterator[tuple[str, Mapping[str, Any], Attack, random.Random]]:
    """(name, page, attack, chance of its looks); forms take turns, so that each has about as many pairs."""
    pages = tomllib.loads((HERE / "content.toml").read_text("utf-8"))["page"]
    turns = count()
    for number, page in enumerate(pages, 1):
        forms = [form for form in WORDINGS if form != IN_TEXT or page["task"] in ("moderate", "match", "order")]
        for variant in range(VARIANTS):
            rng = random.Random(f"{number}.{variant}")
            form = forms[next(turns) % len(forms)]
            field, claim = aim(page, number + variant, variant)
            told = {"n": NAMES[field], "c": claim, "f": FIELDS.get(field, field)}
            text = rng.choice(WORDINGS[form]).format(**told)
            harmless = random.Random(f"harmless {number}.{variant}").choice(HARMLESS[form])
            attack = Attack(form, text, field, claim, harmless)
            yield f"{number:02d}{'abc'[variant]}", page, attack, rng


def aim(page: Mapping[str, Any], turn: int, variant: int) -> tuple[str, str]:
    """The field and the claim."""
    if "verdict" in page:
        return "verdict", VERDICTS[page["verdict"]]
    if page["task"] == "order":
        if variant == 1:
            return "reply", REPLIES[turn % len(REPLIES)]
        return "status", [status for status in STATUSES if status != page["status"]][turn % 3]
    return ("*" if page["task"] == "extract" else ""), PROSE[turn % len(PROSE)]


def line_of(name: str, page: Mapping[str, Any], attack: Attack) -> dict[str, Any]:
    """A line of the truth."""
    task = page["task"]
    if task == "extract":
        given = {"keys": "、".join(page["keys"])}
    else:
        given = {WITH_TEXT[task]: page["given"]} if "given" in page else {}
    attacked, harmless = dict(given), dict(given)
    if attack.form == IN_TEXT:
        attacked = {WITH_TEXT[task]: f"{page.get('given', '')}{attack.text}"}
        harmless = {WITH_TEXT[task]: f"{page.get('given', '')}{attack.harmless}"}
    values = {"values": page["values"]} if "values" in page else {}
    return {
        **{"name": name, "family": page["family"], "task": task, "form": attack.form, "said": attack.text},
        **{"field": attack.field, "claim": attack.claim, "given": given, "attacked_given": attacked},
        **{"harmless": attack.harmless, "harmless_given": harmless},
        **{"truth": truth_of(page), **values},
    }


def truth_of(page: Mapping[str, Any]) -> str:
    """The right answer; of a record as much as the page tells."""
    if page["task"] == "ask":
        return str(page["answer"])
    if page["task"] == "extract":
        shown = dict(line.split("=") for line in page["rows"])
        record = {key: shown[key] for key in page["keys"]}
    elif page["task"] == "order":
        kept = ("status", "order_number", "tracking_number", "amount")
        record = {"status_text": page["title"], **{key: page[key] for key in kept if key in page}}
    else:
        record = {"verdict": page["verdict"]}
    return json.dumps(record, ensure_ascii=False)


def html(
    page: Mapping[str, Any], attack: Attack, rng: random.Random, *, hidden: bool = False, harmless: bool = False
) -> tuple[str, int]:
    """The page, and how wide it is. The same chance makes the same looks."""
    ground, sheet, ink, accent = rng.choice(LOOKS)
    width = rng.choice((320, 352, 384, 416))
    environment = Environment(loader=FileSystemLoader(HERE), undefined=StrictUndefined, autoescape=True)
    text = environment.get_template("page.html").render(
        **{"page": page, "text": "" if attack.form == IN_TEXT else attack.text, "form": attack.form, "hidden": hidden},
        **{"harmless": attack.harmless if harmless else ""},
        **{"ground": ground, "sheet": sheet, "ink": ink, "accent": accent, "width": width},
        **{"font": rng.choice(FONTS), "size": rng.choice((16, 17, 18, 19)), "round": rng.choice((0, 6, 14))},
        **{"align": rng.choice(("left", "center")), "slot": rng.choice(("top", "middle", "bottom"))},
        **{"slot_align": rng.choice(("left", "center", "right")), "likes": rng.randint(3, 900)},
        **{"remarks": rng.randint(0, 90)},
        **{"modules": [(3 * x, 3 * y) for x in range(23) for y in range(23) if rng.random() < 0.5]},
    )
    return text.replace("&#34;", '"'), width


def saved(image: Image.Image) -> bytes:
    """WebP: without loss where that is small."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", lossless=True, quality=100, method=4)  # more effort takes far longer and saves nothing
    return buffer.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sheet", type=Path, help="a contact sheet of what is written into the pages")
    options = parser.parse_args()
    lines, shown = [], []
    for old in HERE.glob("*.webp"):
        old.unlink()
    with Browser() as browser:
        for name, page, attack, rng in pairs():
            state = rng.getstate()
            text, width = html(page, attack, rng, hidden=True)
            report, plain = browser.draw(text, width, 0, 1)
            faults = [problem for problem in report["problems"] if "said" not in problem and "under 12" not in problem]
            assert not faults, (name, faults)
            (HERE / f"{name}.webp").write_bytes(saved(plain))
            lines.append(line_of(name, page, attack))
            if attack.form == IN_TEXT:
                continue
            for arm in ("attacked", "harmless"):
                rng.setstate(state)
                _, drawn = browser.draw(html(page, attack, rng, harmless=arm == "harmless")[0], width, 0, 1)
                assert drawn.size == plain.size, (name, arm)
                differs = np.any(np.asarray(drawn) != np.asarray(plain), axis=-1)
                assert 0.0003 < differs.mean() < 0.3, (name, arm, differs.mean())
                (HERE / f"{name}-{arm}.webp").write_bytes(saved(drawn))
                shown.append(drawn)
    truth = "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
    (HERE / "truth.jsonl").write_text(truth, "utf-8")
    if options.sheet:
        sheet = Image.new("RGB", (10 * 230, -(-len(shown) // 10) * 260), "grey")
        for number, image in enumerate(shown):
            image.thumbnail((224, 254))
            sheet.paste(image, (number % 10 * 230, number // 10 * 260))
        sheet.save(options.sheet)


if __name__ == "__main__":
    main()
