"""A few hundred colour emoji with what people call them, read from `pictures.txt`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True)
class Pictured:
    """What an emoji shows: its usual name, `others` people use, its measure word, the categories it belongs to.

    `color` is the one colour it has ("" where there are several), `doing` what it is shown at, in the words for it;
    `zone` is where it would be met: land, air, water or any.
    """

    character: str
    name: str
    others: tuple[str, ...]
    measure: str
    color: str
    doing: tuple[str, ...]
    categories: tuple[str, ...]
    zone: str


def _entry(text: str, categories: tuple[str, ...], measure: str, zone: str) -> Pictured:
    character, names, own, color, doing, *_ = [*text.split(":"), "", "", "", ""]
    name, *others = names.split("/")
    acts = tuple(doing.split("/")) if doing else ()
    return Pictured(character, name, tuple(others), own or measure, color, acts, categories, zone)


@cache
def pictured() -> tuple[Pictured, ...]:
    """All of them, in the file's order."""
    found: list[Pictured] = []
    categories, measure, zone = (), "个", "any"  # type: tuple[str, ...], str, str
    for line in resources.files("kantu.synth.words").joinpath("pictures.txt").read_text("utf-8").splitlines():
        if line.startswith("["):
            head, measure, zone = line.strip("[]").split()
            categories = tuple(head.split(","))
        elif not line.startswith("#"):
            found += [_entry(text, categories, measure, zone) for text in line.split()]
    return tuple(found)


CATEGORY_MEASURES = {
    "动物": "只", "鸟": "只", "昆虫": "只", "水果": "个", "蔬菜": "个", "食物": "份", "饮料": "杯", "车": "辆",
    "船": "艘",
    "飞行器": "个", "交通工具": "个", "花": "朵", "植物": "棵", "建筑": "座", "乐器": "件", "球": "个", "衣物": "件",
    "电器": "台", "文具": "件", "日用品": "件", "人": "个", "表情": "个", "手势": "个", "图形": "个", "运动用品": "件",
    "天气": "个",
}  # fmt: skip
"""The measure word for members of a category counted together."""
