"""Word lists behind `vocabulary`, read from `lexicon.txt`: labels by kind, parts of names, button texts, sentences."""

from __future__ import annotations

from importlib import resources


def sections(text: str) -> dict[str, list[str]]:
    """Lines of a text by section; a section begins with its name in brackets (a line with | in them is none),
    and # begins a comment."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line.startswith("[") and line.endswith("]") and "|" not in line:
            lines = found.setdefault(line.strip("[]"), [])
        elif not line.startswith("#"):
            lines.append(line)
    return found


_SECTIONS = sections(resources.files("kantu.synth.words").joinpath("lexicon.txt").read_text("utf-8"))


def _words(section: str) -> tuple[str, ...]:
    return tuple(" ".join(_SECTIONS[section]).split())


LABELS: dict[str, tuple[str, ...]] = {
    name.removeprefix("labels."): _words(name) for name in _SECTIONS if name.startswith("labels.")
}
"""About 400 field labels, by the kind of value that follows them."""

CHOICES = _words("choices")
COLORS = _words("colors")
MEASURES = _words("measures")
GOODS_MODIFIERS = _words("goods_modifiers")
GOODS_MATERIALS = _words("goods_materials")
GOODS_NOUNS = _words("goods_nouns")
SHOP_HEADS = _words("shop_heads")
SHOP_KINDS = _words("shop_kinds")
SURNAMES = _words("surnames")
TITLES = _words("titles")
CITIES = _words("cities")
DISTRICTS = _words("districts")
ROAD_HEADS = _words("road_heads")
ACTIONS = _words("actions")

SENTENCES = tuple(_SECTIONS["sentences"])
"""Templates of `vocabulary.sentence`. Slots: g goods, w and v words, p person, s shop, t time, d date, n number,
m amount, c code, a city, x random characters, l label."""
