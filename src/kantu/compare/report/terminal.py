"""A comparison on the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kantu.compare.comparison import Comparison
from kantu.compare.report.about import about
from kantu.compare.report.sections import sections


def show(found: Comparison, out: Console) -> None:
    """Print the tables, in Chinese."""
    out.print(about(found).zh, markup=False, soft_wrap=True)
    for section in sections(found):
        grid = Table(title=section.title.zh, title_justify="left")
        for head in section.heads:
            grid.add_column(head.zh)
        for row in section.rows:
            grid.add_row(*(escape(cell.zh) for cell in row))
        out.print(grid)
        if section.note.zh:
            out.print(section.note.zh, markup=False, soft_wrap=True, style="dim")
