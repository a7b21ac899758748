"""Tables as files that spreadsheets open. What a cell says is never run: no cell is a formula."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from kantu.aigc import ContentLabel
from kantu.batch.table import Cell, Table
from kantu.errors import error, install_command
from kantu.output_files import draft

_FORMULA = re.compile(r"[\s]*[=+\-@＝＋－＠]|[\t\r\n]")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?%?")
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_MOST_CHARACTERS = 32_767  # of a cell
_MOST_ROWS = 1_048_576


def export(table: Table, path: Path, label: ContentLabel | None = None) -> None:
    """Write a table as its name says: .csv or .xlsx. Never half: a new file takes the place of the old one.

    Args:
        label: of the file. CSV has no metadata: what is said of each row stands in the .jsonl beside it.

    Raises InvalidRequestError (`batch_too_many_rows`), MissingDependencyError (`openpyxl_missing`), KantuError
    (`output_not_written`).
    """
    FORMATS[path.suffix.lower()](table, path, label)


def require_openpyxl() -> Any:
    """The package.

    Raises MissingDependencyError (`openpyxl_missing`).
    """
    try:
        import openpyxl
    except ImportError as failure:
        raise error("openpyxl_missing", install=install_command("excel")) from failure
    return openpyxl


def _write_csv(table: Table, path: Path, _: ContentLabel | None) -> None:
    """With a byte order mark, without which Excel takes Chinese for another encoding."""
    with draft(path) as made, made.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([harmless(name) for name in table.columns])
        writer.writerows([harmless(cell) for cell in row] for row in table.rows())


def _write_xlsx(table: Table, path: Path, label: ContentLabel | None) -> None:
    """Row by row; all text is marked as text, so that numbers of orders keep their digits."""
    openpyxl = require_openpyxl()
    book = openpyxl.Workbook(write_only=True)
    if label is not None and label.AIGC is not None:
        book.custom_doc_props.append(openpyxl.packaging.custom.StringProperty(name="AIGC", value=label.AIGC.to_json()))
    sheet = book.create_sheet("结果")
    sheet.freeze_panes = "A2"
    text_cell = openpyxl.cell.WriteOnlyCell

    def cells(row: tuple[Cell, ...]) -> Iterator[Any]:
        for value in row:
            if not isinstance(value, str):
                yield value
                continue
            cell = text_cell(sheet, value=_UNPRINTABLE.sub("\ufffd", value)[:_MOST_CHARACTERS])
            cell.data_type = "s"  # openpyxl takes what begins with "=" for a formula
            if _FORMULA.match(value):
                cell.quotePrefix = True  # or it would become a formula when somebody edits the cell
            yield cell

    with closing(sheet):
        sheet.append(cells(table.columns))
        for number, row in enumerate(table.rows(), 2):
            if number > _MOST_ROWS:
                raise error("batch_too_many_rows", path=path, most=_MOST_ROWS - 1)
            sheet.append(cells(row))
    with draft(path) as made:
        book.save(made)


FORMATS: dict[str, Callable[[Table, Path, ContentLabel | None], None]] = {".csv": _write_csv, ".xlsx": _write_xlsx}


def harmless(cell: Cell) -> Cell:
    """What spreadsheets would run as a formula gets an apostrophe before it; numbers stay numbers."""
    is_formula = isinstance(cell, str) and _FORMULA.match(cell) and not _NUMBER.fullmatch(cell)
    return f"'{cell}" if is_formula else cell
