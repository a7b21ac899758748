"""Results as one HTML file that needs nothing else: pictures inside, boxes drawn over them, wrong answers first."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Mapping, Sequence
from importlib.resources import files
from string import Template
from typing import Any

from PIL import Image

from kantu.aigc.files import report_label
from kantu.errors import ImageError
from kantu.evaluation import tables, task_tables
from kantu.evaluation.items import Item, Picture
from kantu.evaluation.report import words
from kantu.evaluation.results import Answer, Results
from kantu.processing.decode import render
from kantu.processing.guard import guard

_LONGEST_SIDE = 1_400  # pixels of a picture in the report
_WEBP = {"quality": 78, "method": 4}


def html(results: Results, answers: Sequence[Answer], items: Mapping[str, Item]) -> str:
    """The report on these answers; `items` have the pictures, by key."""
    here = files(__package__)
    data = {
        "who": words.who(results.run),
        "when": words.when(results),
        "costs": words.costs(tables.costs(answers)),
        "tasks": _tasks(answers),
        "floors": _floors(answers),
        "shares": _shares(answers),
        "origins": {name: words.origin(name) for name in tables.origins(answers)},
        "families": {name: words.family(name) for name in dict.fromkeys(answer.family for answer in answers)},
        "kinds": {name: words.kind(name) for name in dict.fromkeys(answer.group[1] for answer in answers)},
        "answers": [_answer(answer) for answer in sorted(answers, key=lambda answer: answer.score)],
        "pictures": _pictures([items[answer.key] for answer in answers]),
    }
    return Template((here / "page.html").read_text("utf-8")).substitute(
        title=f"评测：{results.run.model}",
        **report_label(),
        css=(here / "page.css").read_text("utf-8"),
        js=(here / "page.js").read_text("utf-8"),
        # Inside a script only its end could break out of JSON.
        data=json.dumps(data, ensure_ascii=True).replace("<", "\\u003c"),
    )


def _tasks(answers: Sequence[Answer]) -> dict[str, Any]:
    rows = task_tables.by_task(answers)
    return {
        "heads": list(words.TASK_HEADS),
        "rows": [[words.task(row.task), words.origin(row.origin), *words.task_cells(row)] for row in rows],
        "note": words.TASK_NOTE,
    }


def _floors(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [
        {
            "name": row.floor.name,
            "origin": words.origin(origin),
            "least": f"{'<' if row.floor.fooled else '≥'} {row.floor.least[origin]:g}",
            "reached": words.percent(share),
            "count": share.count,
            "met": row.floor.met(origin, share.percent),
        }
        for row in tables.floors(answers)
        for origin, share in row.reached.items()
    ]


def _shares(answers: Sequence[Answer]) -> list[dict[str, Any]]:
    return [
        {
            "family": row.family,
            "kind": row.kind,
            "shares": {origin: [round(share.percent, 1), share.count] for origin, share in row.shares.items()},
        }
        for row in tables.by_kind(answers)
    ]


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "pictures": [_name(answer.origin, name) for name in answer.pictures],
        "family": answer.family,
        "kind": answer.group[1],
        "origin": answer.origin,
        "question": answer.question,
        "truth": answer.truth,
        "values": answer.values,
        "forbidden": answer.forbidden,
        "answer": answer.answer,
        "error": answer.error,
        "score": round(answer.score, 3),
        "probability": None if answer.probability is None else round(answer.probability, 3),
        "seconds": round(answer.total_seconds, 2),
        "visual": answer.visual_tokens,
        "record": _record(answer),
        "measures": {
            words.MEASURES.get(name, name): round(value, 3)
            for name, value in answer.measures.items()
            if not isinstance(value, str)
        },
    }


def _record(answer: Answer) -> str:
    """What was said beside a record, and which of its fields are wrong."""
    if answer.rights is None:
        return ""
    wrong = "、".join(path or "整条" for path, right in answer.rights.items() if not right)
    parts = [f"错的字段：{wrong}" if wrong else "字段全对"]
    if answer.told is not None:
        sure = answer.told.confidence
        parts.append("没有把握" if sure is None else f"把握 {sure:.3f}")
        parts.append("需人工复核" if answer.told.review else "不必复核")
    return " · ".join(parts)


def _name(origin: str, picture: str) -> str:
    return f"{origin}/{picture}"


def _pictures(items: Sequence[Item]) -> dict[str, dict[str, Any]]:
    """By name, each once."""
    found: dict[str, dict[str, Any]] = {}
    for item in items:
        for picture in item.pictures:
            name = _name(item.origin, picture.name)
            if name not in found:
                found[name] = inlined(picture)
    return found


def inlined(picture: Picture) -> dict[str, Any]:
    """A picture as models see it, upright and on white, as a data URL: smaller where it is large, with its true size.

    One that is not accepted has no URL: no model has seen it.
    """
    try:
        container = guard(picture.read())
        width, height = container.upright
        scale = min(1.0, _LONGEST_SIDE / max(width, height))
        pixels = render(container, *(max(1, round(scale * side)) for side in (width, height)))
    except ImageError:
        return {"url": "", "width": 0, "height": 0}
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", **_WEBP)
    url = "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"url": url, "width": width, "height": height}
