"""Take the photographs that packages ship out of their wheels, and write their lines of the truth.

    pip download --no-deps --dest WHEELS scikit-image scikit-learn matplotlib
    python tests/browser_everyday/photographs.py WHEELS

`families/photo.toml` says which files, under what licence, and what is asked of them.
"""

from __future__ import annotations

import argparse
import io
import tomllib
import zipfile
from pathlib import Path

from content import FAMILIES, question_of
from page import line_of
from PIL import Image
from render import HERE, read_truth, write_truth

MAX_SIDE_PIXELS = 640
QUALITY = 85


def photograph(wheels: list[Path], name: str) -> Image.Image:
    """A photograph of one of the wheels, at most 640 pixels a side; what is transparent becomes white."""
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as files:
            if name in files.namelist():
                image = Image.open(io.BytesIO(files.read(name))).convert("RGBA")
                image.thumbnail((MAX_SIDE_PIXELS, MAX_SIDE_PIXELS))
                return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    raise SystemExit(f"{name} is in none of the wheels")


def main() -> None:
    """Write all photographs; the truth keeps the lines of all other pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path, help="the folder that pip downloaded the wheels into")
    wheels = sorted(parser.parse_args().wheels.glob("*.whl"))
    lines = read_truth()
    (HERE / "photo").mkdir(exist_ok=True)
    for number, photo in enumerate(tomllib.loads((FAMILIES / "photo.toml").read_text(encoding="utf-8"))["photo"], 1):
        image, file = photograph(wheels, photo["file"]), f"photo/{number:02d}.webp"
        image.save(HERE / file, "WEBP", quality=QUALITY, method=6)
        questions = [line_of(question_of(line), {}, {}) for line in photo["ask"].strip().splitlines()]
        lines[file] = {"file": file, "family": "photo", "size": list(image.size), "questions": questions}
    write_truth(lines)


if __name__ == "__main__":
    main()
