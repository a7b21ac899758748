"""Rows of a CSV file, as Excel and others write it."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from kantu.batch.inputs import IMAGE, IMAGES, Row, Value, row_of
from kantu.errors import error

_ENCODINGS = ("utf-8-sig", "gb18030")
_DELIMITERS = (",", "\t", ";")
_PIECE_BYTES = 1 << 20
BETWEEN_IMAGES = "|"  # no name of a file on Windows has it


@dataclass
class CSVInputs:
    """Rows below a header with a column `image`, or `images` with "|" between their names."""

    path: Path
    skipped: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """The names in the header; a column without one is called by its number."""
        return self._header[1]

    def __iter__(self) -> Iterator[Row]:
        delimiter, names = self._header
        rows = self._rows(delimiter)
        next(rows)
        for place, cells in rows:
            if not any(cell.strip() for cell in cells):  # Excel leaves such rows at the end
                continue
            columns: dict[str, Value] = dict(zip(names, cells, strict=False))
            if len(cells) != len(names):
                fault = error("batch_row_invalid.columns", found=len(cells), wanted=len(names))
                yield Row(place, columns, fault=fault)
            else:
                yield self._row(place, columns)

    def _row(self, place: str, columns: dict[str, Value]) -> Row:
        one, several = (str(columns.get(name, "")).strip() for name in (IMAGE, IMAGES))
        named = [one] if one else [name.strip() for name in several.split(BETWEEN_IMAGES)]
        if bool(one) == bool(several) or not all(named):
            return Row(place, columns, fault=error("batch_row_invalid.images"))
        return row_of(place, columns, named, self.path.parent)

    @cached_property
    def _header(self) -> tuple[str, tuple[str, ...]]:
        """What stands between cells, and the names: the first delimiter with which there is a column of pictures."""
        for delimiter in _DELIMITERS:
            _, cells = next(self._rows(delimiter), ("1", []))
            names = tuple(cell.strip() or f"列{number}" for number, cell in enumerate(cells, 1))
            if IMAGE in names or IMAGES in names:
                twice = next((name for name in names if names.count(name) > 1), None)
                if twice is not None:
                    raise error("batch_input_invalid.twice", path=self.path, name=twice)
                return delimiter, names
        raise error("batch_input_invalid.header", path=self.path)

    def _rows(self, delimiter: str) -> Iterator[tuple[str, list[str]]]:
        """Each row with the number of the line on which it ends."""
        try:
            with self.path.open(encoding=self._encoding, newline="") as file:
                reader = csv.reader(file, delimiter=delimiter, strict=True)
                try:
                    for cells in reader:
                        yield str(reader.line_num), cells
                except csv.Error:
                    raise error("batch_input_invalid.csv", path=self.path, number=reader.line_num) from None
        except OSError:
            raise error("batch_input_unreadable", path=self.path) from None

    @cached_property
    def _encoding(self) -> str:
        """The first that all of the file is written in."""
        for encoding in _ENCODINGS:
            try:
                self._decode(codecs.getincrementaldecoder(encoding)())
            except UnicodeDecodeError:
                continue
            return encoding
        raise error("batch_input_invalid.encoding", path=self.path)

    def _decode(self, decoder: codecs.IncrementalDecoder) -> None:
        try:
            with self.path.open("rb") as file:
                while piece := file.read(_PIECE_BYTES):
                    decoder.decode(piece)
                decoder.decode(b"", final=True)
        except OSError:
            raise error("batch_input_unreadable", path=self.path) from None
