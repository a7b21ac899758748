"""What a contender takes on the disk."""

from __future__ import annotations

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

KANTU = ("kantu-vl",)
PIPELINE = (*KANTU, "rapidocr", "onnxruntime")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_EXTRA = re.compile(r"extra\s*==")


def package_bytes(*roots: str) -> int:
    """What is installed for these packages: they and all that they need, without extras."""
    return sum(_installed_bytes(name) for name in _needed(roots))


def path_bytes(path: Path) -> int:
    """Of a file, or of all files in a folder."""
    files = [path] if path.is_file() else path.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def _needed(roots: Iterable[str]) -> set[str]:
    """Names of distributions that are installed here."""
    found: set[str] = set()
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name in found:
            continue
        try:
            requirements = distribution(name).requires or ()
        except PackageNotFoundError:  # for another system, or another version of Python
            continue
        found.add(name)
        waiting += [
            match[0].lower() for each in requirements if not _EXTRA.search(each) and (match := _NAME.match(each))
        ]
    return found


def _installed_bytes(name: str) -> int:
    found = distribution(name)
    sizes = (Path(str(file.locate())) for file in found.files or ())
    return sum(path.stat().st_size for path in sizes if path.is_file())
