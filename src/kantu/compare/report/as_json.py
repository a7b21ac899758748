"""A comparison as JSON: the table and the figures first, then every question with both answers."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter

from kantu.compare import accuracy
from kantu.compare.accuracy import Checked, Group
from kantu.compare.comparison import Comparison
from kantu.compare.report.rows import rows

_COMPARISON = TypeAdapter(Comparison)
_GROUPS = TypeAdapter(list[Group])
_CHECKED = TypeAdapter(Checked)


def as_json(found: Comparison) -> str:
    """One object."""
    pairs = found.pairs
    told: dict[str, Any] = {
        "table": [
            {
                "row": row.label.en,
                "kantu": row.ours.en,
                "pipeline": row.theirs.en,
                "hybrid": None if row.hybrid is None else row.hybrid.en,
            }
            for row in rows(found)
        ],
        "losses": dict(accuracy.losses(pairs)),
        "losses_by_family": {family: dict(each) for family, each in accuracy.losses_by_family(pairs).items()},
        "checked": _CHECKED.dump_python(accuracy.checked(pairs), mode="json"),
    }
    for name, groups in (
        ("by_family", accuracy.by_family(pairs)),
        ("by_kind", accuracy.by_kind(pairs)),
        ("by_origin", accuracy.by_origin(pairs)),
    ):
        told[name] = _GROUPS.dump_python(groups, mode="json")
    return json.dumps({**told, **_COMPARISON.dump_python(found, mode="json")}, ensure_ascii=False, indent=2) + "\n"
