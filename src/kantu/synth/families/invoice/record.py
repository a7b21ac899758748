"""Invented papers about money: what each states, section by section, with sums that are right."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from decimal import Decimal

from kantu.synth.facts import Pair, Table
from kantu.synth.families.invoice.words import COMPANY_TAILS, GOODS_CATEGORIES, LABELS, RATES, UNITS
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.figures import yuan


@dataclass(frozen=True)
class Paper:
    """One paper: its kind, title and noun (发票, 小票, ...), labelled values by section, and what was sold.

    `seal` is who stamped it and what the stamp is called; `numbers` are sums in cents by the name of their pair.
    """

    kind: str
    title: str
    noun: str
    sections: dict[str, tuple[Pair, ...]]
    table: Table | None = None
    seal: tuple[str, str] = ("", "")
    numbers: dict[str, int] = field(default_factory=dict)

    @property
    def pairs(self) -> tuple[Pair, ...]:
        return tuple(pair for section in self.sections.values() for pair in section)


@dataclass(frozen=True)
class Sold:
    name: str
    unit: str
    quantity: int
    price: int  # cents
    rate: str

    @property
    def amount(self) -> int:
        return self.quantity * self.price

    @property
    def tax(self) -> int:
        return round(self.amount * Decimal(self.rate.rstrip("%")) / 100) if self.rate.endswith("%") else 0


class Clerk:
    """Fills in papers: keeps the page's random state and its ways of writing sums and days."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.sign = rng.choice(("¥", "￥", "¥", "", ""))
        self.grouped = rng.random() < 0.25
        self.day = rng.randrange(4)
        self.year, self.month, self.date = rng.randint(2008, 2031), rng.randint(1, 12), rng.randint(1, 28)

    def pair(self, name: str, value: str, kind: str = "") -> Pair:
        """A value under one of the labels such papers have for it."""
        return Pair(self.rng.choice(LABELS[name]), value, kind, name)

    def money(self, cents: int, *, sign: str | None = None) -> str:
        return (self.sign if sign is None else sign) + yuan(cents, grouped=self.grouped)

    def today(self, later: int = 0) -> str:
        """The paper's day, or some days on (within the month)."""
        date = min(self.date + later, 30 if self.month != 2 else 28)
        return (
            f"{self.year}年{self.month:02d}月{date:02d}日",
            f"{self.year}-{self.month:02d}-{date:02d}",
            f"{self.year}/{self.month:02d}/{date:02d}",
            f"{self.year}.{self.month}.{date}",
        )[self.day]

    def clock(self) -> str:
        return f"{self.rng.randrange(24):02d}:{self.rng.randrange(60):02d}"

    def seconds(self) -> str:
        return f"{self.clock()}:{self.rng.randrange(60):02d}"

    def name(self) -> str:
        """A person's full name."""
        return self.rng.choice(lexicon.SURNAMES) + vocabulary.random_han(self.rng, self.rng.choice((1, 2, 2)))

    def company(self) -> str:
        rng = self.rng
        head = rng.choice(lexicon.CITIES) if rng.random() < 0.6 else ""
        own = vocabulary.random_han(rng, rng.randint(2, 3)) if rng.random() < 0.6 else vocabulary.word(rng)
        return head + own + rng.choice(COMPANY_TAILS)

    def phone(self) -> str:
        rng = self.rng
        if rng.random() < 0.5:
            return f"1{rng.randint(3, 9)}{vocabulary.digits(rng, 9)}"
        return f"0{rng.randint(10, 999)}-{vocabulary.digits(rng, 8)}"

    def sold(self, most: int, *, rated: bool = False) -> list[Sold]:
        rng = self.rng
        rate = rng.choice(RATES)
        found: dict[str, Sold] = {}
        for _ in range(rng.randint(1, most)):
            name = vocabulary.goods_name(rng)
            if rated:
                name = f"*{rng.choice(GOODS_CATEGORIES)}*{name[:8]}"
            price = int(10 ** rng.uniform(2, rng.choice((3.5, 4.5, 5.5))))
            price = round(price, -2) or 100 if rng.random() < 0.3 else price
            quantity = rng.choice((1, 1, 1, 2, 3, rng.randint(2, 60)))
            found[name] = Sold(name, rng.choice(UNITS), quantity, price, rate if rated else "")
        return list(found.values())

    def keep(self, share: float, *pairs: Pair) -> tuple[Pair, ...]:
        """Each of them with this probability: papers leave things out."""
        return tuple(pair for pair in pairs if self.rng.random() < share)
