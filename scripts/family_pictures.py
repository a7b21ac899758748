"""Draw docs/families.webp: three pages of every family of pictures that kantu-mini is taught, a family a row pair.

.venv/bin/python scripts/family_pictures.py
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from kantu.synth.families import FAMILIES, draw

PATH = Path(__file__).parents[1] / "docs" / "families.webp"
APART = ("glyphs", "reading", "photo")  # they teach reading; nobody sends such pictures
PAGES, PER_ROW = 3, 12
CELL = 230, 330
GAP = 8


def main() -> None:
    cells = [page(name, seed) for name in FAMILIES if name not in APART for seed in range(PAGES)]
    rows = -(-len(cells) // PER_ROW)
    sheet = Image.new("RGB", (PER_ROW * (CELL[0] + GAP) + GAP, rows * (CELL[1] + GAP) + GAP), (225, 228, 232))
    for number, cell in enumerate(cells):
        row, column = divmod(number, PER_ROW)
        x, y = GAP + column * (CELL[0] + GAP), GAP + row * (CELL[1] + GAP)
        sheet.paste(cell, (x + (CELL[0] - cell.width) // 2, y + (CELL[1] - cell.height) // 2))
    sheet.save(PATH, quality=72, method=6)
    print(PATH.name, sheet.size, PATH.stat().st_size, "bytes")


def page(name: str, seed: int) -> Image.Image:
    """One page as it is drawn without a wished size, made small."""
    image = draw(name, 2_000_000 + seed).image.convert("RGB")
    image.thumbnail(CELL, Image.Resampling.LANCZOS)
    return image


if __name__ == "__main__":
    main()
