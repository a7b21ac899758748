"""What a page states, in the few forms that questions can be made of. A family lists these; `ask` does the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """A value the page shows, written as it is printed.

    `label` is what is printed for it ("" when nothing is), `kind` what kind of value the label promises (a key of
    `words.vocabulary.VALUES`, or ""), `name` what the family calls it ("" when it has no name of its own for it).
    """

    label: str
    value: str
    kind: str = ""
    name: str = ""

    @property
    def key(self) -> str:
        """Its name in `Page.fields`, and the `Line.name` of the lines that show it."""
        return self.name or self.label


@dataclass(frozen=True)
class Listing:
    """Rows that can be counted: the text of each, and what the rows are called (a key of `words.phrases.COUNT`)."""

    rows: tuple[str, ...]
    noun: str


@dataclass(frozen=True)
class Table:
    """A table with a header row; the first column names the rows."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Item:
    """A thing for sale: its name as far as it can be read, its price for one, how many."""

    title: str
    price: str
    quantity: str


@dataclass(frozen=True)
class Marked:
    """A text that stands out: a "title", a "banner", a "filled_button", the selected "tab", the ticked "option"."""

    what: str
    text: str


Fact = Pair | Listing | Table | Item | Marked
