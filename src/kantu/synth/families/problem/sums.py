"""Problems of numbers alone: sums, blanks, comparisons, fractions, units, equations. Most take one small step."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Problem:
    """A problem as it is printed, and worked out.

    `text` is read from left to right; a fraction in it, 3/4, may be set stacked. `answer` is short, `value` what every
    right answer contains. `sort` groups problems that stand under one heading; `upright` holds the terms and the sign
    of a sum that may be set in columns. `small` says that it takes one step with small numbers.
    """

    sort: str
    text: str
    answer: str
    value: str
    steps: tuple[str, ...]
    small: bool = True
    options: tuple[str, ...] = ()
    upright: tuple[int, str, int] | None = None


def _sum(a: int, sign: str, b: int, *, small: bool = True) -> Problem:
    result = {"+": a + b, "-": a - b, "×": a * b, "÷": a // b if b else 0}[sign]
    upright = (a, sign, b) if sign != "÷" and (a > 9 or b > 9) else None
    return Problem("sum", f"{a}{sign}{b}=", str(result), str(result), (f"{a}{sign}{b}={result}",), small, (), upright)


def plain_sum(rng: random.Random) -> Problem:
    """One operation, mostly within the tables."""
    kind = rng.choices(
        ("add20", "sub20", "times", "div", "add100", "sub100", "tens", "round"), (16, 14, 18, 14, 14, 12, 7, 5)
    )[0]
    if kind == "add20":
        return _sum(rng.randint(1, 10), "+", rng.randint(1, 10))
    if kind == "sub20":
        a = rng.randint(2, 20)
        return _sum(a, "-", rng.randint(1, min(a, 10)))
    if kind == "times":
        return _sum(rng.randint(2, 9), "×", rng.randint(1, 9))
    if kind == "div":
        b, c = rng.randint(2, 9), rng.randint(1, 9)
        return _sum(b * c, "÷", b)
    if kind == "add100":
        a = rng.randint(11, 89)
        return _sum(a, "+", rng.randint(2, 100 - a))
    if kind == "sub100":
        a = rng.randint(21, 100)
        return _sum(a, "-", rng.randint(2, a - 1))
    if kind == "tens":
        a, b = 10 * rng.randint(1, 9), 10 * rng.randint(1, 9)
        return _sum(max(a, b), rng.choice("+-"), min(a, b))
    return _sum(rng.randint(2, 99), "×", rng.choice((10, 100)))


def large_sum(rng: random.Random) -> Problem:
    """Three digits and more: set in columns, worked on paper."""
    kind = rng.choice("+-+-×")
    if kind == "×":
        return _sum(rng.randint(11, 99), "×", rng.randint(2, 9), small=False)
    a, b = sorted((rng.randint(100, 999), rng.randint(10, 999)), reverse=True)
    return _sum(a, kind, b, small=False)


def upright_sum(rng: random.Random) -> Problem:
    """A sum that can be set in columns, mostly of two digits."""
    if rng.random() < 0.3:
        return large_sum(rng)
    a, b = rng.randint(10, 99), rng.randint(2, 99)
    return _sum(max(a, b), rng.choice("+-"), min(a, b))


def missing(rng: random.Random) -> Problem:
    """A sum with a number left out."""
    whole = plain_sum(rng)
    left, result = whole.text.rstrip("="), whole.answer
    sign = next(character for character in left if character in "+-×÷")
    a, b = left.split(sign)
    blank = rng.choice(("□", "（  ）", "（   ）", "____"))
    if rng.random() < 0.5:
        work = {"+": f"{result}-{a}={b}", "-": f"{a}-{result}={b}", "×": f"{result}÷{a}={b}", "÷": f"{a}÷{result}={b}"}
        return Problem("missing", f"{a}{sign}{blank}={result}", b, b, (work[sign],), int(a) != 0 and int(result) != 0)
    work = {"+": f"{result}-{b}={a}", "-": f"{result}+{b}={a}", "×": f"{result}÷{b}={a}", "÷": f"{result}×{b}={a}"}
    return Problem("missing", f"{blank}{sign}{b}={result}", a, a, (work[sign],))


def comparison(rng: random.Random) -> Problem:
    """Which sign stands between two numbers or sums."""
    steps: tuple[str, ...] = ()
    if rng.random() < 0.6:
        digits = rng.choice((1, 2, 2, 3, 4))
        a, b = rng.randint(10 ** (digits - 1), 10**digits - 1), rng.randint(10 ** (digits - 1), 10**digits - 1)
        if rng.random() < 0.1:
            b = a
        left, right = str(a), str(b)
    elif rng.random() < 0.4:
        x, y = rng.randint(1, 99), rng.randint(1, 99)
        left, right, a, b = f"0.{x:02d}", f"0.{y:02d}", x, y
    else:
        first = plain_sum(rng)
        a = int(first.answer)
        b = max(a + rng.choice((-2, -1, 0, 1, 2, 5)), 0)
        left, right, steps = first.text.rstrip("="), str(b), first.steps
    sign = ">" if a > b else "<" if a < b else "="
    gap = rng.choice(("", " "))
    return Problem("compare", f"{left}{gap}○{gap}{right}", sign, sign, (*steps, f"{left}{sign}{right}"))


def _fraction(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{value.numerator}/{value.denominator}"


def fraction_sum(rng: random.Random) -> Problem:
    """Fractions of one denominator added and taken away, simple products."""
    d = rng.randint(3, 12)
    if rng.random() < 0.75:
        a, b = rng.randint(1, d - 1), rng.randint(1, d - 1)
        sign = rng.choice("+-")
        a, b = max(a, b), min(a, b)
        if sign == "-" and a == b:
            sign = "+"
        top = a + b if sign == "+" else a - b
        result = _fraction(Fraction(top, d))
        work = f"{a}/{d}{sign}{b}/{d}={top}/{d}"
        return Problem(
            "fraction",
            f"{a}/{d}{sign}{b}/{d}=",
            result,
            result,
            (work if work.endswith(f"={result}") else f"{work}={result}",),
        )
    e = rng.randint(2, 6)
    d = rng.randint(2, 6)
    result = _fraction(Fraction(1, d * e))
    return Problem("fraction", f"1/{d}×1/{e}=", result, result, (f"1/{d}×1/{e}={result}",))


def decimal_sum(rng: random.Random) -> Problem:
    """One place after the point."""
    sign = rng.choice("+-×")
    a, b = rng.randint(1, 99), rng.randint(1, 99)
    if sign == "×":
        a, b = rng.randint(1, 9), rng.randint(2, 9)
        result = f"{a * b / 10:g}"
        return Problem("decimal", f"0.{a}×{b}=", result, result, (f"0.{a}×{b}={result}",))
    a, b = max(a, b), min(a, b)
    result = f"{(a + b if sign == '+' else a - b) / 10:g}"
    left = f"{a / 10:g}{sign}{b / 10:g}"
    return Problem("decimal", f"{left}=", result, result, (f"{left}={result}",))


_UNITS = (
    ("米", "厘米", 100), ("米", "分米", 10), ("分米", "厘米", 10), ("厘米", "毫米", 10), ("千米", "米", 1000),
    ("千克", "克", 1000), ("吨", "千克", 1000), ("时", "分", 60), ("分", "秒", 60), ("元", "角", 10), ("角", "分", 10),
    ("天", "小时", 24), ("周", "天", 7), ("年", "个月", 12), ("升", "毫升", 1000), ("平方米", "平方分米", 100),
    ("km", "m", 1000), ("m", "cm", 100), ("kg", "g", 1000), ("L", "mL", 1000),
)  # fmt: skip


def conversion(rng: random.Random) -> Problem:
    """A measure in another unit."""
    large, small, factor = rng.choice(_UNITS)
    count = rng.randint(2, 9)
    blank = rng.choice(("（  ）", "（   ）", "____"))
    if rng.random() < 0.6:
        answer, text = str(count * factor), f"{count}{large}={blank}{small}"
        step = f"{count}×{factor}={answer}"
    else:
        answer, text = str(count), f"{count * factor}{small}={blank}{large}"
        step = f"{count * factor}÷{factor}={count}"
    return Problem("unit", text, answer, answer, (step,))


def percentage(rng: random.Random) -> Problem:
    """A share of a round number, or a number as a percentage."""
    if rng.random() < 0.5:
        share, whole = rng.choice((10, 20, 25, 50, 30, 40)), 20 * rng.randint(1, 10)
        answer = f"{share * whole / 100:g}"
        return Problem("percent", f"{whole}的{share}%是（  ）", answer, answer, (f"{whole}×{share}%={answer}",))
    number = rng.randint(1, 99)
    if rng.random() < 0.5:
        return Problem("percent", f"0.{number:02d}=（  ）%", str(number), str(number), (f"0.{number:02d}={number}%",))
    top, bottom = rng.choice(((1, 2), (1, 4), (3, 4), (1, 5), (2, 5), (3, 5), (4, 5), (1, 10), (3, 10), (7, 10)))
    answer = str(100 * top // bottom)
    return Problem("percent", f"{top}/{bottom}=（  ）%", answer, answer, (f"{top}÷{bottom}={answer}%",))


def equation(rng: random.Random) -> Problem:
    """A linear equation in x, mostly of one step."""
    x, a = rng.randint(1, 20), rng.randint(2, 9)
    letter = rng.choice("xxxxya")
    form = rng.choice(("add", "add", "sub", "times", "times", "div", "two", "two"))
    if form == "add":
        text, work = f"{letter}+{a}={x + a}", f"{letter}={x + a}-{a}"
    elif form == "sub":
        text, work = f"{letter}-{a}={x}", f"{letter}={x}+{a}"
        x += a
    elif form == "times":
        text, work = f"{a}{letter}={a * x}", f"{letter}={a * x}÷{a}"
    elif form == "div":
        text, work = f"{letter}÷{a}={x}", f"{letter}={x}×{a}"
        x *= a
    else:
        b = rng.randint(1, 20)
        text = f"{a}{letter}+{b}={a * x + b}"
        return Problem("equation", text, f"{letter}={x}", str(x), (f"{a}{letter}={a * x}", f"{letter}={x}"), False)
    return Problem("equation", text, f"{letter}={x}", str(x), (work, f"{letter}={x}"))


def two_steps(rng: random.Random) -> Problem:
    """Two operations, the one that comes first written first among the steps."""
    a, b, c = rng.randint(2, 9), rng.randint(2, 9), rng.randint(1, 20)
    form = rng.randrange(5)
    if form == 0:
        text, steps, result = f"{a}×{b}+{c}=", (f"{a}×{b}={a * b}", f"{a * b}+{c}={a * b + c}"), a * b + c
    elif form == 1:
        d = a * b + c
        text, steps, result = f"{d}-{a}×{b}=", (f"{a}×{b}={a * b}", f"{d}-{a * b}={c}"), c
    elif form == 2:
        opening, closing = rng.choice((("(", ")"), ("（", "）")))
        text, result = f"{opening}{a}+{b}{closing}×{c}=", (a + b) * c
        steps = (f"{a}+{b}={a + b}", f"{a + b}×{c}={result}")
    elif form == 3:
        text, result = f"{a}+{b}+{c}=", a + b + c
        steps = (f"{a}+{b}={a + b}", f"{a + b}+{c}={result}")
    else:
        text, result = f"{a * b}÷{b}+{c}=", a + c
        steps = (f"{a * b}÷{b}={a}", f"{a}+{c}={a + c}")
    return Problem("mixed", text, str(result), str(result), steps, False)


def series(rng: random.Random) -> Problem:
    """A row of numbers with one left out."""
    step, start = rng.choice((1, 2, 3, 4, 5, 10)), rng.randint(1, 40)
    numbers = [start + step * index for index in range(5)]
    hidden = rng.randint(2, 4)
    shown = [str(number) if index != hidden else "（  ）" for index, number in enumerate(numbers)]
    answer = str(numbers[hidden])
    return Problem("series", "，".join(shown), answer, answer, (f"{numbers[hidden - 1]}+{step}={answer}",))


def root(rng: random.Random) -> Problem:
    """The square root of a square."""
    number = rng.randint(1, 12)
    return Problem("root", f"√{number * number}=", str(number), str(number), (f"{number}×{number}={number * number}",))


def judgement(rng: random.Random) -> Problem:
    """A finished sum to be called right or wrong."""
    whole = plain_sum(rng)
    right = rng.random() < 0.5
    claimed = whole.answer if right else str(max(int(whole.answer) + rng.choice((-10, -2, -1, 1, 2, 10)), 0))
    answer = "对" if claimed == whole.answer else "错"
    return Problem("judge", f"{whole.text}{claimed}（  ）", answer, answer, (f"{whole.text}{whole.answer}",))


def chosen(rng: random.Random) -> Problem:
    """One of four numbers."""
    if rng.random() < 0.25:
        numbers = rng.sample(range(10, 1000), 4)
        high = rng.random() < 0.5
        right = str((max if high else min)(numbers))
        texts = tuple(map(str, numbers))
        text = f"下面的数中，最{'大' if high else '小'}的是（  ）"
        steps: tuple[str, ...] = (f"最{'大' if high else '小'}的是{right}",)
    else:
        maker: Callable[[random.Random], Problem] = rng.choice(
            (plain_sum, plain_sum, conversion, percentage, decimal_sum)
        )
        whole = maker(rng)
        right, steps = whole.answer, whole.steps
        text = whole.text.replace("____", "（  ）")
        text += "（  ）" if "（" not in text else ""
        base = float(right)
        shifted = (base + shift for shift in (1, 2, 10, -1, -2, 5, 0.5))
        near = {f"{value:g}" for value in shifted if value > 0} - {right}
        texts = tuple(rng.sample([right, *rng.sample(sorted(near), 3)], 4))
    letter = "ABCD"[texts.index(right)]
    return Problem("choice", text, letter, letter, (*steps, f"选{letter}"), True, texts)


NUMBERS: tuple[tuple[Callable[[random.Random], Problem], int], ...] = (
    (plain_sum, 34), (missing, 9), (comparison, 8), (fraction_sum, 8), (decimal_sum, 4), (conversion, 8),
    (percentage, 5), (equation, 9), (two_steps, 6), (series, 3), (root, 2), (judgement, 4), (chosen, 10),
    (large_sum, 4),
)  # fmt: skip
"""How often each sort is drawn."""
