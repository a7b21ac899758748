"""How a reader of printed lines errs, as measured on drawn pages (see `measuring`); kept as data beside this file."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from kantu.synth.page import Box

_FILE = "reader_errors.json"
HALF_EMPTY = frozenset("，。、：；？！）》】」』”’")  # fill the left half of their em, where a reader's box ends
_PRIOR = 50  # times that a character counts as seen with what is usual for its class

CharacterClass = Literal["han", "digit", "latin", "mark"]

Counts = Mapping[str, int]
"""How often something was read; "" is nothing."""


@dataclass(frozen=True)
class Missed:
    """Share of lines not read at all, of those with at most so many characters, larger than the row before."""

    most_characters: int
    share: float


@dataclass(frozen=True)
class Joined:
    """Share of neighbours in a row read as one line, by the gap between them, and share of these with a space there."""

    most_ems: float
    share: float
    spaced: float


@dataclass(frozen=True)
class Sized:
    """How many times as often as on average characters of at most this size are misread."""

    most_pixels: float
    factor: float


@dataclass(frozen=True)
class Misreadings:
    """Of one character or of one class: how often it was printed, and what else than itself was read."""

    printed: int
    read: Counts

    @property
    def share(self) -> float:
        return sum(self.read.values()) / self.printed if self.printed else 0.0


_NEVER = Misreadings(0, {})


@dataclass(frozen=True)
class Added:
    """Share of places at which something is read that is not printed, and what."""

    share: float
    read: Counts


@dataclass(frozen=True)
class Ghost:
    """A line read where nothing is printed; `box` is in parts of the width and height of what it was read in."""

    text: str
    box: Box


@dataclass(frozen=True)
class Ghosts:
    """Share of elements of one kind in which ghosts were read, and examples of all that was read in one of them."""

    share: float
    read: tuple[tuple[Ghost, ...], ...]


@dataclass(frozen=True)
class Edge:
    """By how many ems an edge of the read box lies further right or down than that of the printed one."""

    mean: float
    deviation: float


@dataclass(frozen=True)
class ReaderErrors:
    """All that was measured.

    Attributes:
        families: how many times as often as on average characters of a family of pages are misread.
        dispersion: the shape of the gamma distribution by which pages of a family differ in that.
        styles: what is the same sign written otherwise, such as a full-width mark read as a narrow one.
        misread: by character, what is another sign or nothing ("").
        classes: the same for all characters of a class.
        missed_alone: as `missed`, of lines of one character, by its class.
        ghosts: by the kind of the element they were read in; "" is the page itself.
        edges: left, top, right, bottom, and right after a mark that fills half of its width.
        sureness: quantiles of the reader's own, of lines read right, read wrong, and not printed.
    """

    pages: int
    lines: int
    characters: int
    missed: tuple[Missed, ...]
    missed_alone: Mapping[CharacterClass, float]
    joined: tuple[Joined, ...]
    cut_at_space: float
    cut_elsewhere: float
    spaces_kept: float
    families: Mapping[str, float]
    dispersion: float
    sizes: tuple[Sized, ...]
    styles: Mapping[str, Misreadings]
    misread: Mapping[str, Misreadings]
    classes: Mapping[CharacterClass, Misreadings]
    before: Added
    inside: Added
    after: Added
    ghosts: Mapping[str, Ghosts]
    edges: tuple[Edge, Edge, Edge, Edge, Edge]
    sureness: Mapping[Literal["right", "wrong", "ghost"], tuple[float, ...]]

    def misreadings(self, character: str) -> tuple[tuple[float, Counts], ...]:
        """What a character is misread as, with the share: by its own record, and by its class where that is short."""
        usual, own = self.classes[character_class(character)], self.misread.get(character, _NEVER)
        seen = own.printed + _PRIOR
        return (sum(own.read.values()) / seen, own.read), (usual.share * _PRIOR / seen, usual.read)


def character_class(character: str) -> CharacterClass:
    """Which characters are misread alike."""
    if "\u4e00" <= character <= "\u9fff":
        return "han"
    if character.isdigit():
        return "digit"
    return "latin" if character.isascii() and character.isalpha() else "mark"


def same_sign(printed: str, read: str) -> bool:
    """Whether two characters are one sign in two styles: full or half width, or another of its forms."""
    return bool(read) and unicodedata.normalize("NFKC", printed) == unicodedata.normalize("NFKC", read)


_ERRORS = TypeAdapter(ReaderErrors)


def write_errors(errors: ReaderErrors, file: Path | None = None) -> None:
    """Keep what was measured, in the package if no file is named."""
    path = file or Path(str(resources.files(__package__) / _FILE))
    path.write_bytes(_ERRORS.dump_json(errors, indent=None) + b"\n")


@cache
def measured_errors() -> ReaderErrors:
    """What was measured of RapidOCR."""
    return _ERRORS.validate_json((resources.files(__package__) / _FILE).read_bytes())


def within(value: float, tops: Sequence[float]) -> int:
    """The first of some rising bounds that a value does not exceed; the last where it exceeds all."""
    return next((number for number, top in enumerate(tops) if value <= top), len(tops) - 1)
