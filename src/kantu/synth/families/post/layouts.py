"""How posts stand on a page: feeds, notes, forums, answers, videos, reviews, and pictures alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

from kantu.synth.draw import effects, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.grounds import regrounded, zoomed
from kantu.synth.draw.layout import Piece, box, column, paragraph, row, text
from kantu.synth.draw.parts import card, chevron, emoji, rule
from kantu.synth.draw.style import Style
from kantu.synth.facts import Fact, Marked
from kantu.synth.families.post import parts, shots
from kantu.synth.families.post.record import Post
from kantu.synth.page import Color
from kantu.synth.words import vocabulary


@dataclass(frozen=True)
class Placed:
    """A drawn post and what it states; `post` is the post as far as it is shown."""

    canvas: Canvas
    facts: tuple[Fact, ...]
    post: Post


Layout = Callable[[Post, Style, int, int, random.Random], Placed | None]


def _bar(style: Style, width: float, rng: random.Random) -> Piece:
    """The bar over a page of an app."""
    title = rng.choice(("详情", "动态", "帖子", "笔记", "正文", "朋友动态", "话题", "回答", vocabulary.word(rng)))
    words = text(title, style["label"], role="bar")
    tall = words.height * 2.6
    back = Piece(
        9 * style.scale, words.height, lambda canvas, x, y: chevron(canvas, (x, y, x + 8, y + 14), style.ink, back=True)
    )
    dots = text("···", style["label"], role="mark")
    middle = box(words, width - back.width - dots.width - 16, tall, align=rng.choice((0.0, 0.5)))
    return row([back, middle, box(dots, dots.width, tall)], 8, height=tall)


def _title(post: Post, style: Style, width: float) -> Piece | None:
    if not post.title:
        return None
    title = paragraph(post.title, style["title"], width, leading=1.3, role="title", name="title")
    return title.showing(Marked("title", post.title))


def _photos(post: Post, style: Style, width: float, height: float, rng: random.Random) -> Piece | None:
    """The post's pictures in at most this height."""
    if not post.shots or height < style["body"].size * 4:
        return None
    if len(post.shots) > 1:
        return shots.grid(style, rng, post.shots, width * rng.choice((1.0, 1.0, 0.8)), height)
    wide = width * rng.choice((1.0, 1.0, 1.0, 0.75, 0.6))
    return shots.single(style, rng, post.shots[0], wide, min(height, wide * rng.uniform(0.55, 1.25)))


_ORDERS = {
    "feed": ("head", "text", "photos", "tags", "counts", "remarks"),
    "note": ("photos", "title", "text", "tags", "head", "counts", "remarks"),
    "blog": ("head", "text", "tags", "photos", "remarks", "counts"),
    "forum": ("title", "name", "text", "photos", "counts", "remarks"),
    "answer": ("title", "head", "text", "photos", "counts"),
    "gallery": ("head", "photos", "counts", "text", "remarks"),
    "reviews": ("head", "stars", "text", "photos", "tags", "counts"),
    "remarked": ("title", "photos", "counts", "head", "text", "remarks"),
}
"""What stands over what."""


def _stars(style: Style, rng: random.Random) -> Piece:
    return row([emoji("⭐", style["body"].size) for _ in range(rng.randint(1, 5))], 2)


def _column(post: Post, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """All in one column, on a card or on the page."""
    kind = rng.choice(tuple(_ORDERS))
    edge = max(effects.margin(width, height), rng.choice((6, 10, 14)) * style.scale)
    carded = rng.random() < 0.5
    inner = width - 2 * edge - (2 * style.padding if carded else 0)
    room = height - 2 * edge - (2 * style.padding if carded else 0)
    barred = rng.random() < 0.45
    bar = _bar(style, inner, rng) if barred else None
    gap = max(style.gap, 7 * style.scale)
    made: dict[str, Piece | None] = {
        "head": parts.head(post, style, inner, rng),
        "name": parts.name_line(post, style, inner, rng),
        "title": _title(post, style, inner),
        "text": parts.body(post, style, inner) if rng.random() < 0.93 else None,
        "tags": parts.tags(post, style, inner, rng),
        "counts": parts.counts(post, style, inner, rng),
        "stars": _stars(style, rng),
        "remarks": None,
    }
    order = [name for name in _ORDERS[kind] if name == "photos" or name == "remarks" or made[name]]
    state = rng.getstate()
    for most in (len(post.remarks), 2, 1, 0):
        rng.setstate(state)
        made["remarks"] = parts.remarks(post, style, inner, rng, most)
        used = sum(piece.height + gap for name in order if name != "photos" and (piece := made[name]))
        rest = room - used - (bar.height + gap if bar else 0)
        if rest > (style["body"].size * 6 if "photos" in order and post.shots else 0):
            break
    else:
        return None
    made["photos"] = _photos(post, style, inner, rest - gap, rng) if "photos" in order else None
    pieces = [piece for name in order if (piece := made[name])]
    if style.divided and len(pieces) > 2 and rng.random() < 0.4:
        pieces.insert(rng.randint(1, len(pieces) - 1), rule(style, inner))
    whole = column(pieces, gap, width=inner)
    if carded:
        whole = card(whole, style, "动态", outline=style.line if style.border else None)
    if bar:
        whole = column([box(bar, whole.width, bar.height), whole], gap)
    if whole.height > height - 2 * edge + 1:
        return None
    canvas = Canvas(width, height, style.page[0])
    slack = height - 2 * edge - whole.height
    whole.draw(canvas, edge, edge + slack * rng.choice((0.0, 0.0, 0.0, 0.5)))
    told = replace(
        post,
        remarks=post.remarks[:most] if made["remarks"] else (),
        shots=post.shots if made["photos"] else (),
    )
    return Placed(canvas, whole.facts, told)


def _bare(post: Post, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """The picture alone."""
    if not post.shots:
        return None
    canvas = Canvas(width, height, style.page[0])
    large = zoomed(style, rng.choice((1.0, 1.4, 1.9)))
    if len(post.shots) > 1:
        piece = shots.grid(large, rng, post.shots, width, height)
        if piece is None:
            return None
        piece.draw(canvas, (width - piece.width) / 2, (height - piece.height) / 2)
        return Placed(canvas, piece.facts, post)
    whole = shots.single(large, rng, post.shots[0], width, height)
    if whole is None:
        return None
    whole.draw(canvas, 0, 0)
    return Placed(canvas, whole.facts, post)


def _video(post: Post, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """A still of a video with signs at its right edge and words at its foot."""
    if len(post.shots) != 1:
        return None
    night: Color = palette.hsv(rng.random(), rng.uniform(0.0, 0.4), rng.uniform(0.05, 0.2))
    dark = regrounded(style, rng, night)
    edge = max(effects.margin(width, height), 10 * style.scale)
    signs = parts.counts(post, dark, width, rng, upright=True)
    wide = width - 2 * edge - (signs.width + 12 if signs else 0)
    words = parts.stacked(
        [parts.name_line(post, dark, wide, rng), parts.body(post, dark, wide), parts.tags(post, dark, wide, rng)],
        8,
        wide,
    )
    room = height - words.height - 3 * edge
    if room < 0.35 * height or (signs and signs.height > height - 2 * edge):
        return None
    still = shots.single(dark, rng, post.shots[0], wide, min(room, wide * rng.uniform(0.7, 1.3)))
    if still is None:
        return None
    canvas = Canvas(width, height, night)
    still.draw(canvas, edge, edge + (room - still.height) / 2)
    facts = still.facts + words.facts
    words.draw(canvas, edge, height - edge - words.height)
    if signs:
        canvas.element("column", "", (width - edge - signs.width, 0, width, height))
        signs.draw(canvas, width - edge - signs.width, height - edge - signs.height)
        facts += signs.facts
    return Placed(canvas, facts, replace(post, remarks=()))


def _wide(post: Post, style: Style, width: int, height: int, rng: random.Random) -> Placed | None:
    """Picture at one side, words at the other, as on a computer."""
    if width < 420 * style.scale or not post.shots:
        return None
    edge = max(effects.margin(width, height), 12 * style.scale)
    share = rng.uniform(0.38, 0.55)
    left = (width - 3 * edge) * share
    right = width - 3 * edge - left
    photo = _photos(post, style, left, height - 2 * edge, rng)
    state = rng.getstate()
    for most in (len(post.remarks), 2, 1, 0):
        rng.setstate(state)
        made = [
            parts.head(post, style, right, rng),
            _title(post, style, right),
            parts.body(post, style, right),
            parts.tags(post, style, right, rng),
            parts.remarks(post, style, right, rng, most),
            parts.counts(post, style, right, rng),
        ]
        words = parts.stacked(made, max(style.gap, 8), right)
        if words.height <= height - 2 * edge:
            break
    else:
        return None
    if photo is None:
        return None
    canvas = Canvas(width, height, style.page[0])
    flipped = rng.random() < 0.4
    photo_x, words_x = (2 * edge + right, edge) if flipped else (edge, 2 * edge + left)
    for x, piece in ((photo_x, photo), (words_x, words)):
        canvas.element("column", "", (x, edge, x + piece.width, edge + piece.height))
        piece.draw(canvas, x, edge)
    return Placed(canvas, photo.facts + words.facts, replace(post, remarks=post.remarks[:most]))


def place(post: Post, style: Style, width: int, height: int, rng: random.Random, *, alone: float) -> Placed | None:
    """The post in some layout, with probability `alone` its picture only; None where it does not fit."""
    if rng.random() < alone:
        return _bare(post, style, width, height, rng)
    made: Layout = rng.choices((_column, _video, _wide), (8, 1.4, 2 if width > height else 0.5))[0]
    return made(post, style, width, height, rng)
