"""What is said of every error, one row a message: its key is the code, or `code.variant` where a code has several.

Codes are stable, words are not. The rows of a code agree in all but their words. Rows stand with the part of the
system that raises them first.
"""

from __future__ import annotations

from kantu.errors.catalogue import (
    audit,
    backup,
    batches,
    commands,
    compare,
    engine,
    model,
    people,
    pipeline,
    processing,
    service,
    tasks,
)
from kantu.errors.catalogue.row import Row

ROWS: dict[str, Row] = {
    **tasks.ROWS,
    **model.ROWS,
    **processing.ROWS,
    **engine.ROWS,
    **service.ROWS,
    **people.ROWS,
    **batches.ROWS,
    **backup.ROWS,
    **audit.ROWS,
    **commands.ROWS,
    **pipeline.ROWS,
    **compare.ROWS,
}

__all__ = ["ROWS", "Row"]
