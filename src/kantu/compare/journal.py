"""The file of a comparison that is under way: a run that was killed goes on where it ended."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from kantu import hub
from kantu.compare.pairs import Pair
from kantu.errors import error
from kantu.json_lines import DamagedLineError, LineFile, read_lines, rewrite

FORMAT = 2  # 1: the pipeline read a picture again for every question about it
_PAIR = TypeAdapter(Pair)


@dataclass
class Journal:
    """Pairs that are on the disk. Use `opened`."""

    path: Path
    pairs: dict[str, Pair]
    _file: LineFile = field(repr=False)

    def add(self, pair: Pair) -> None:
        """One more, on the disk when this returns."""
        self._file.add({"pair": _PAIR.dump_python(pair, mode="json")})
        self.pairs[pair.ours.key] = pair


@contextmanager
def opened(path: Path, about: Mapping[str, str], *, again: bool) -> Iterator[Journal]:
    """Begin a file, or go on with the one that is there, unless it is to begin `again`.

    Args:
        about: what is compared with what, on which questions; another comparison's file is not gone on with.

    Raises InvalidRequestError: `comparison_other`, `comparison_invalid`, `file_in_use`.
    """
    pairs: dict[str, Pair] = {}
    if path.exists() and not again:
        pairs = {pair.ours.key: pair for pair in _read(path, about)}
    rewrite(path, _lines(about, pairs.values()))
    with LineFile.open(path) as file:
        yield Journal(path, pairs, file)


def default_path(about: Mapping[str, str]) -> Path:
    """One under KANTU_HOME for each thing that can be compared, in this format."""
    digest = hashlib.sha256(repr((FORMAT, sorted(about.items()))).encode()).hexdigest()[:12]
    return hub.home() / "comparisons" / f"{digest}.jsonl"


def _lines(about: Mapping[str, str], pairs: Iterable[Pair]) -> Iterator[Any]:
    yield {"kantu_compare": FORMAT, "about": dict(about)}
    yield from ({"pair": _PAIR.dump_python(pair, mode="json")} for pair in pairs)


def _read(path: Path, about: Mapping[str, str]) -> Iterator[Pair]:
    number = 1
    try:
        for number, line in enumerate(read_lines(path), 1):
            if number > 1:
                yield _PAIR.validate_python(line.value["pair"])
            elif line.value["kantu_compare"] != FORMAT or line.value["about"] != dict(about):
                raise error("comparison_other", path=path)
    except (DamagedLineError, LookupError, TypeError, ValueError) as failure:
        at = failure.number if isinstance(failure, DamagedLineError) else number
        raise error("comparison_invalid", path=path, number=at) from None
