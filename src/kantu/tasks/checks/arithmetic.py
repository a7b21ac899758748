"""A safe evaluator for transcribed arithmetic and linear equations in one unknown, in exact fractions.

A formula is read by a grammar of its own; nothing is ever handed to Python's evaluator. What the grammar does not cover
(words, powers, two unknowns) is not judged.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from kantu.tasks.results import ProblemResult

_SAME = str.maketrans({"×": "*", "÷": "/", "−": "-", "–": "-", "·": "*", "∶": ":", "？": "?", "□": "?", "○": "?"})
_TOKEN = re.compile(r"\s*(?:(\d+(?:\.\d+)?%?)|([a-zA-Z])|([-+*/():]))")
_ITEM = re.compile(r"(?m)^\s*\(?\d+(?:、|\)|\.\s)\s*")  # the number of a problem on a sheet
_FORMULA = re.compile(r"[-\d.a-zA-Z(][-\d.a-zA-Z+*/():%\s]*=[-\d.a-zA-Z+*/():%\s]*\??")
_LONGEST = 200  # characters of a formula
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:/\d+)?%?")


class _NotLinearError(Exception):
    """The formula is not one that this grammar solves."""


@dataclass(frozen=True)
class _Linear:
    """`slope` * unknown + `constant`."""

    slope: Fraction
    constant: Fraction

    def plus(self, other: _Linear, sign: int = 1) -> _Linear:
        return _Linear(self.slope + sign * other.slope, self.constant + sign * other.constant)

    def times(self, other: _Linear) -> _Linear:
        if self.slope and other.slope:
            raise _NotLinearError
        slope = self.slope * other.constant + other.slope * self.constant
        return _Linear(slope, self.constant * other.constant)

    def over(self, other: _Linear) -> _Linear:
        if other.slope or not other.constant:
            raise _NotLinearError
        return _Linear(self.slope / other.constant, self.constant / other.constant)


class _Reader:
    """Recursive descent: sums of products of signed numbers, the unknown and parentheses; 3x is a product."""

    def __init__(self, formula: str) -> None:
        self.tokens: list[str] = []
        self.unknowns = {letter for letter in formula if letter.isalpha()}
        at = 0
        while at < len(formula.rstrip()):
            found = _TOKEN.match(formula, at)
            if found is None:
                raise _NotLinearError
            self.tokens.append(found.group().strip())
            at = found.end()
        if len(self.unknowns) > 1:
            raise _NotLinearError

    def read(self) -> _Linear:
        total = self._sum()
        if self.tokens:
            raise _NotLinearError
        return total

    def _take(self, *wanted: str) -> str:
        return self.tokens.pop(0) if self.tokens and self.tokens[0] in wanted else ""

    def _sum(self) -> _Linear:
        total = self._product()
        while sign := self._take("+", "-"):
            total = total.plus(self._product(), 1 if sign == "+" else -1)
        return total

    def _product(self) -> _Linear:
        total = self._factor()
        while True:
            if self._take("*"):
                total = total.times(self._factor())
            elif self._take("/", ":"):
                total = total.over(self._factor())
            elif self.tokens and (self.tokens[0].isalpha() or self.tokens[0] == "("):
                total = total.times(self._factor())
            else:
                return total

    def _factor(self) -> _Linear:
        if self._take("-"):
            return _Linear(Fraction(0), Fraction(-1)).times(self._factor())
        if self._take("("):
            inner = self._sum()
            if not self._take(")"):
                raise _NotLinearError
            return inner
        if not self.tokens:
            raise _NotLinearError
        token = self.tokens.pop(0)
        if token.isalpha():
            return _Linear(Fraction(1), Fraction(0))
        if not token[0].isdigit():
            raise _NotLinearError
        number = Fraction(token.rstrip("%"))
        return _Linear(Fraction(0), number / 100 if token.endswith("%") else number)


def solve(formula: str) -> Fraction | None:
    """The value of `36÷4+5=`, or the unknown of `3x+5=20`; None for what is neither, or has no single answer."""
    text = unicodedata.normalize("NFKC", formula).translate(_SAME).replace("?", "").strip()
    left, equals, right = text.partition("=")
    if not equals or len(text) > _LONGEST:
        return None
    try:
        a = _Reader(left).read()
        if not right.strip():
            return None if a.slope else a.constant
        b = _Reader(right).read()
    except _NotLinearError:
        return None
    slope = a.slope - b.slope
    letters = {letter for letter in text if letter.isalpha()}
    return (b.constant - a.constant) / slope if slope and len(letters) == 1 else None


def disagreement(result: ProblemResult) -> str | None:
    """A warning where the transcription is one formula and the answer is not its solution; None where all is well.

    Where there are several formulas, or none, there is nothing to compare the answer with.
    """
    text = unicodedata.normalize("NFKC", result.transcription).translate(_SAME)
    formulas = [found.group() for found in _FORMULA.finditer(_ITEM.sub("", text))]
    true = solve(formulas[0]) if len(formulas) == 1 else None
    if true is None:
        return None
    said = _value(result.answer or "")
    if said == true:
        return None
    return f"按抄写的算式，答案应为 {_written(true)}，与给出的“{result.answer or '无'}”不一致。"


def _value(answer: str) -> Fraction | None:
    """The last number of an answer such as `x = 5` or `3/4 米`."""
    numbers = _NUMBER.findall(unicodedata.normalize("NFKC", answer).translate(_SAME))
    if not numbers:
        return None
    top, _, bottom = numbers[-1].rstrip("%").partition("/")
    if bottom and not int(bottom):
        return None
    value = Fraction(top) / Fraction(bottom or 1)
    return value / 100 if numbers[-1].endswith("%") else value


def _written(value: Fraction) -> str:
    decimal = f"{float(value):.10g}"
    return decimal if Fraction(decimal) == value else f"{value.numerator}/{value.denominator}"
