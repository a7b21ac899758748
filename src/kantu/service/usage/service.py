"""Who sees what was used: the system administrator all of it, an operator their tenant's, a member their own."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from kantu.batch.export import harmless
from kantu.service.actor import Actor
from kantu.service.database import Database
from kantu.service.usage import repository
from kantu.service.usage.ledger import UsageLedger
from kantu.service.usage.repository import Dimension, Scope, Total

_TITLES = {
    "day": "日期（UTC）",
    "actor_id": "编号",
    "actor_name": "名称",
    "tenant": "租户",
    "task": "任务",
    "model": "模型",
}
_COUNTS = {"requests": "请求数", "visual_tokens": "视觉词元", "output_tokens": "输出词元"}
_AT_ONCE = 500  # lines of a table


class UsageService:
    """Blocks; used from any thread. What was counted by this process is written first."""

    def __init__(self, database: Database, ledger: UsageLedger) -> None:
        self._database, self._ledger = database, ledger

    def totals(self, actor: Actor, scope: Scope, by: Sequence[Dimension], limit: int) -> tuple[list[Total], bool]:
        """The first sums, and whether there are more.

        Raises:
            StoreError: the database is away.
        """
        self._ledger.write()
        with self._database.session(read_only=True) as session:
            found = repository.totals(session, _seen_by(actor, scope), by, limit + 1)
        return found[:limit], len(found) > limit

    def table(self, actor: Actor, scope: Scope, by: Sequence[Dimension]) -> Iterator[str]:
        """All sums as CSV that spreadsheets open: no cell is a formula, whatever somebody has called a key."""
        self._ledger.write()
        return self._lines(_seen_by(actor, scope), by)

    def _lines(self, scope: Scope, by: Sequence[Dimension]) -> Iterator[str]:
        columns = [name for name in _TITLES if name in by or ("actor" in by and name in _OF_ACTOR)]
        yield "\ufeff" + _csv([[_TITLES[name] for name in columns] + list(_COUNTS.values())])
        for offset in count(step=_AT_ONCE):
            with self._database.session(read_only=True) as session:  # whoever reads slowly holds nothing up
                found = repository.totals(session, scope, by, _AT_ONCE, offset=offset, most_first=False)
            if not found:
                return
            yield _csv([_cells(total, columns) for total in found])


_OF_ACTOR = ("actor_id", "actor_name", "tenant")


def _seen_by(actor: Actor, scope: Scope) -> Scope:
    if actor.role == "system":
        return scope
    if actor.role == "operator":
        return replace(scope, tenant=actor.tenant)
    own = actor.key_id if scope.actor_id in (None, actor.key_id) else ""  # nobody has this id
    return replace(scope, tenant=actor.tenant, actor_id=own)


def _cells(total: Total, columns: Sequence[str]) -> list[str | int]:
    return [getattr(total, name) or "" for name in columns] + [getattr(total.spent, name) for name in _COUNTS]


def _csv(rows: Sequence[Sequence[str | int]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()
