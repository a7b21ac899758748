"""Draws docs/demo.svg, the README's picture: one real run of the demo's command, as a terminal shows it.

    .venv/bin/python scripts/demo_svg.py

Whatever the command prints is what the picture shows; if the command fails, no picture is written.
"""

from __future__ import annotations

import html
import io
import re
import subprocess
import sys
from pathlib import Path

from rich.cells import cell_len
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROOT = Path(__file__).resolve().parent.parent
QUESTION = "为什么这个还没发货？"
COLUMNS = 88
CELL_WIDTH = 12.2  # of rich's SVG: a character of 20 px is 0.61 of it wide


def widen(svg: str) -> str:
    """Gives every run of text the width of its terminal cells: rich counts a Chinese character, two cells, as one."""

    def one(match: re.Match[str]) -> str:
        width = cell_len(html.unescape(match[2])) * CELL_WIDTH
        return f'textLength="{width:g}"{match[1]}>{match[2]}<'

    return re.sub(r'textLength="[^"]*"([^>]*)>([^<]*)<', one, svg)


def main() -> None:
    command = [str(Path(sys.executable).with_name("kantu")), "ask", "examples/order.png", QUESTION]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    console = Console(record=True, width=COLUMNS, file=io.StringIO())
    console.print(Text.assemble(("$ ", "bold green"), ("kantu ask examples/order.png " + QUESTION, "bold")))
    console.print(Text.from_ansi(run.stdout.rstrip()))
    svg = console.export_svg(title="kantu", theme=MONOKAI)
    svg = re.sub(r"@font-face \{.*?\}", "", svg, flags=re.DOTALL)  # no font is fetched: the reader's own will do
    (ROOT / "docs" / "demo.svg").write_text(widen(svg), encoding="utf-8")


if __name__ == "__main__":
    main()
