"""Numbers as Chinese papers write them: sums in words, tax ids and account numbers with their check digits."""

from __future__ import annotations

import random

from kantu.synth.words.vocabulary import digits

_NUMERALS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_MYRIADS = ("", "万", "亿", "万亿")
_TAX_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_REGIONS = (
    *("110105", "110108", "120116", "130102", "140105", "210102", "220104", "230103", "310104", "310115", "320106"),
    *("320594", "330106", "330212", "340104", "350203", "360111", "370102", "370211", "410105", "420106", "430102"),
    *("440103", "440305", "450103", "460106", "500103", "510104", "520103", "530102", "610113", "620102", "650104"),
)


def check_character(body: str) -> str:
    """The 18th character of a unified social credit code after GB 32100 for the 17 before it."""
    total = sum(_TAX_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(body))
    return _TAX_SIGNS[-total % 31]


def tax_id(rng: random.Random) -> str:
    """The code of an invented company: authority, kind, region, nine signs of its own, check character."""
    own = "".join(rng.choices(_TAX_SIGNS, k=8)) if rng.random() < 0.7 else digits(rng, 8)
    body = rng.choice(("91", "91", "91", "92", "12", "52")) + rng.choice(_REGIONS) + own + rng.choice(_TAX_SIGNS)
    return body + check_character(body)


def luhn_digit(body: str) -> str:
    """The last digit of a card number for the digits before it (Luhn)."""
    doubled = [int(sign) * (2 if index % 2 == 0 else 1) for index, sign in enumerate(reversed(body))]
    return str(-sum(number // 10 + number % 10 for number in doubled) % 10)


def account(rng: random.Random) -> str:
    """A bank account: 16 to 20 digits, cards with their check digit."""
    body = rng.choice(("62", "62", "10", "20", "44", "80")) + digits(rng, rng.choice((13, 15, 16, 17)))
    return body + luhn_digit(body)


def _group(number: int) -> str:
    """Up to four digits in words, with 零 for zeros between others."""
    text, gap = "", False
    for place in (3, 2, 1, 0):
        digit = number // 10**place % 10
        if digit:
            text += ("零" if gap and text else "") + _NUMERALS[digit] + _PLACES[place]
            gap = False
        else:
            gap = True
    return text


def _whole(number: int) -> str:
    text, gap = "", False
    for myriad in (3, 2, 1, 0):
        part = number // 10_000**myriad % 10_000
        if part:
            text += ("零" if text and (gap or part < 1000) else "") + _group(part) + _MYRIADS[myriad]
            gap = False
        else:
            gap = True
    return text


def in_words(cents: int) -> str:
    """A sum as cheques and invoices write it: 壹佰贰拾叁元肆角整."""
    yuan, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    text = f"{_whole(yuan)}元" if yuan else ""
    if not jiao and not fen:
        return f"{text or '零元'}整"
    if jiao:
        text += f"{_NUMERALS[jiao]}角"
    elif text:
        text += "零"
    return text + (f"{_NUMERALS[fen]}分" if fen else "整")


def yuan(cents: int, *, grouped: bool = False) -> str:
    """A sum in digits with two decimals, with a comma before each third digit where `grouped`."""
    whole = f"{abs(cents) // 100:,}" if grouped else str(abs(cents) // 100)
    return f"{'-' if cents < 0 else ''}{whole}.{abs(cents) % 100:02d}"
