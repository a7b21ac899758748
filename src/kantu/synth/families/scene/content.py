"""What is in a scene: invented casts, and where each of them stands."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass, replace
from functools import cache, cached_property

from PIL import Image, ImageFilter

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas, emoji_bitmap
from kantu.synth.families.scene.backdrop import Place
from kantu.synth.page import Box
from kantu.synth.words.pictures import Pictured, pictured

_THEMES = (
    ("动物", 10.0), ("人", 3.0), ("交通工具", 2.0), ("水果", 1.6), ("蔬菜", 0.7), ("食物", 1.5), ("日用品", 2.0),
    ("植物", 0.8), ("图形", 1.0), ("表情", 0.8), ("球", 0.5), ("衣物", 0.8), ("建筑", 0.5), ("", 4.0),
)  # fmt: skip
"""The category most of a scene's things belong to ("" for any), with weights."""
_SMALLEST, _LARGEST = 24, 200


@dataclass(frozen=True)
class Thing:
    """One emoji as it stands in the picture; `box` is tight around its ink, in pixels."""

    what: Pictured
    box: Box

    @property
    def name(self) -> str:
        return self.what.name


@dataclass(frozen=True)
class Told:
    """Everything a scene shows, things from left to right by their middles."""

    place: Place
    things: tuple[Thing, ...]
    caption: str = ""

    @cached_property
    def counts(self) -> dict[str, int]:
        """How many there are of each name, in the order of the leftmost."""
        return dict(Counter(thing.name for thing in self.things))

    @cached_property
    def kinds(self) -> dict[str, Pictured]:
        """One entry of the vocabulary for each name (a name may have two emoji)."""
        return {thing.name: thing.what for thing in reversed(self.things)}

    def of(self, category: str) -> list[str]:
        """The names that belong to a category, in the order of the leftmost."""
        return [name for name in self.counts if category in self.kinds[name].categories]

    def boxed(self, boxes: tuple[Box, ...]) -> Told:
        """The same scene after its picture was scaled or turned."""
        things = (replace(thing, box=box) for thing, box in zip(self.things, boxes, strict=True))
        return replace(self, things=tuple(things))


@cache
def _by_theme(theme: str, zones: frozenset[str]) -> tuple[Pictured, ...]:
    return tuple(each for each in pictured() if each.zone in zones and (not theme or theme in each.categories))


def confusable(a: Pictured, b: Pictured) -> bool:
    """Whether a word for one could mean the other, so that both in one picture would leave a question open."""
    ours, theirs = (a.name, *a.others), (b.name, *b.others)
    return any(x in y or y in x for x in ours for y in theirs)


def _cast(rng: random.Random, place: Place) -> list[Pictured]:
    """One to six different things that may be met there."""
    zones = frozenset(place.zones)
    themes, weights = zip(*_THEMES, strict=True)
    theme = rng.choices(themes, weights)[0]
    choice = _by_theme(theme, zones)
    if not choice:
        choice = _by_theme("", zones)
    cast: list[Pictured] = []
    for _ in range(rng.choice((1, 1, 2, 2, 2, 3, 3, 4, 5, 6))):
        each = rng.choice(choice if rng.random() < 0.8 else _by_theme("", zones))
        if not any(confusable(each, other) for other in cast):
            cast.append(each)
    return cast


def _sprite(rng: random.Random, what: Pictured, size: int, tilt: float) -> Image.Image:
    """The emoji `size` pixels high at most, perhaps mirrored and turned a little, cut to its ink."""
    bitmap = emoji_bitmap(what.character)
    if rng.random() < 0.35:
        bitmap = bitmap.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    if tilt:
        bitmap = bitmap.rotate(rng.uniform(-tilt, tilt), Image.Resampling.BICUBIC, expand=True)
    bitmap = bitmap.crop(bitmap.getbbox())
    scale = size / max(bitmap.size)
    sides = max(round(bitmap.width * scale), 1), max(round(bitmap.height * scale), 1)
    return bitmap.resize(sides, Image.Resampling.LANCZOS if scale < 0.5 else Image.Resampling.BICUBIC)


def _shared(a: Box, b: Box) -> float:
    """The share of the smaller of two boxes that lies in the other."""
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    smaller = min((a[2] - a[0]) * (a[3] - a[1]), (b[2] - b[0]) * (b[3] - b[1]))
    return max(width, 0.0) * max(height, 0.0) / smaller


def _cast_shadow(canvas: Canvas, sprite: Image.Image, left: int, top: int, standing: bool, dark: int) -> None:
    """Under what stands on the ground an ellipse, behind anything else a soft double of it."""
    if standing:
        wide, high = sprite.width, max(sprite.height // 6, 3)
        foot = top + sprite.height - high // 2
        area = (left + wide * 0.08, foot - high / 2, left + wide * 0.92, foot + high / 2)
        canvas.shadow(area, high / 2, blur=max(high / 4, 1), color=(15, 20, 25), strength=dark / 255, drop=1)
        return
    pad = max(sprite.width // 12, 3)
    mask = Image.new("L", (sprite.width + 2 * pad, sprite.height + 2 * pad))
    mask.paste(sprite.getchannel("A").point(lambda alpha: alpha * dark // 255), (pad, pad))
    mask = mask.filter(ImageFilter.GaussianBlur(pad / 2.5))
    canvas.image.paste((15, 20, 25), (left - pad + pad // 2, top - pad + pad // 2), mask)


@dataclass(frozen=True)
class _Stage:
    """Where things may stand: the area left free of edges, and the looks they share."""

    area: Box
    tilt: float
    overlap: float
    shadow: int


def _lined_up(rng: random.Random, members: list[Pictured], stage: _Stage, size: float) -> list[tuple[Pictured, Box]]:
    """Places in rows of equal cells, as icons and posters are set; none where a cell would be too small."""
    x1, y1, x2, y2 = stage.area
    columns = min(len(members), rng.choice((2, 3, 4, 5, 8)))
    rows = -(-len(members) // columns)
    cell = min((x2 - x1) / columns, (y2 - y1) / rows)
    side = min(size, cell * 0.9)
    if side < _SMALLEST:
        return []
    left, top = rng.uniform(x1, x2 - cell * columns), rng.uniform(y1, y2 - cell * rows)
    placed = []
    for index, each in enumerate(members):
        x, y = left + (index % columns + 0.5) * cell, top + (index // columns + 0.5) * cell
        placed.append((each, (x - side / 2, y - side / 2, x + side / 2, y + side / 2)))
    return placed


def _scattered(
    rng: random.Random, members: list[Pictured], place: Place, stage: _Stage, size: float
) -> list[tuple[Pictured, Box]]:
    """Places anywhere in each one's zone; whoever finds none is left out."""
    x1, y1, x2, y2 = stage.area
    spread = rng.choice((1.0, 1.3, 2.2))
    deep = rng.random() < 0.5 and place.names
    placed: list[tuple[Pictured, Box]] = []
    for each in members:
        first, last = place.zones[each.zone]
        for _ in range(14):
            y = rng.uniform(max(first * y2, y1), max(last * y2, y1 + 1))
            side = size * rng.uniform(1 / spread, spread) * (0.55 + 0.75 * y / y2 if deep else 1)
            side = min(max(side, _SMALLEST), _LARGEST, x2 - x1, y2 - y1)
            x = rng.uniform(x1 + side / 2, x2 - side / 2)
            y = min(max(y, y1 + side / 2), y2 - side / 2)
            box = (x - side / 2, y - side / 2, x + side / 2, y + side / 2)
            if all(_shared(box, other) <= stage.overlap for _, other in placed):
                placed.append((each, box))
                break
    return placed


def stage_things(rng: random.Random, canvas: Canvas, place: Place, margin: float) -> tuple[Thing, ...]:
    """Invent who is there, draw them, and tell where each is."""
    width, height = canvas.width, canvas.height
    cast = _cast(rng, place)
    most = rng.choice((1, 1, 2, 3, 4, 6, 9))
    members = [each for each in cast for _ in range(rng.randint(1, most))][:14]
    rng.shuffle(members)
    stage = _Stage(
        (margin, margin, width - margin, height - margin),
        rng.choice((0.0, 0.0, 4.0, 10.0, 25.0)),
        rng.choice((0.0, 0.0, 0.05, 0.12)),
        rng.choice((0, 70, 110, 150)),
    )
    room = (width - 2 * margin) * (height - 2 * margin) * rng.uniform(0.12, 0.5)
    size = min(max((room / len(members)) ** 0.5, _SMALLEST + 4), _LARGEST, 0.6 * min(width, height))
    if place.names and place.zones.get("any") != (0.0, 1.0):
        placed = _scattered(rng, members, place, stage, size)
    else:
        ordered = sorted(members, key=lambda each: each.name) if rng.random() < 0.3 else members
        lined = rng.random() < 0.4
        placed = (lined and _lined_up(rng, ordered, stage, size)) or _scattered(rng, members, place, stage, size)
    placed.sort(key=lambda each: each[1][3])
    things = []
    for what, box in placed:
        sprite = _sprite(rng, what, round(box[2] - box[0]), stage.tilt)
        left = round((box[0] + box[2] - sprite.width) / 2)
        top = round((box[1] + box[3] - sprite.height) / 2)
        if stage.shadow:
            standing = what.zone == "land" and bool(place.names)
            _cast_shadow(canvas, sprite, left, top, standing, stage.shadow)
        canvas.image.paste(sprite, (left, top), sprite)
        things.append(Thing(what, (left, top, left + sprite.width, top + sprite.height)))
    return tuple(sorted(things, key=lambda thing: (thing.box[0] + thing.box[2]) / 2))


def tinted(rng: random.Random, image: Image.Image) -> Image.Image:
    """The picture under one light, so that things and backdrop look taken together."""
    light = palette.hsv(rng.random(), rng.uniform(0.2, 0.6), 1.0)
    return Image.blend(image, Image.new("RGB", image.size, light), rng.uniform(0.03, 0.12))
