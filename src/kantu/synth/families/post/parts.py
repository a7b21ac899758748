"""Parts of posts: who wrote it, the counts under it, remarks, tags, bars."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from kantu.synth.draw import palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, backed, box, column, pad, paragraph, picture, row, spread, text
from kantu.synth.draw.parts import emoji, grouped
from kantu.synth.draw.style import Style
from kantu.synth.facts import Pair
from kantu.synth.families.post.record import Post, Remark
from kantu.synth.page import Box

_FACES = "👩👨👵👴🧑👧👦🐱🐶🐰🌸🌲⭐🍎🎈🌞"
COUNT_WORDS = {
    "likes": ("👍", ("赞", "点赞", "赞同", "喜欢")),
    "replies": ("💬", ("评论", "回复", "留言")),
    "shares": ("🔁", ("转发", "分享")),
    "saves": ("⭐", ("收藏",)),
}
"""By count: its sign, and the words that stand beside it."""
_KINDS = {"author": "person", "time": "time", "place": "place"}


def fact(name: str, value: str) -> Pair:
    """A value of the post, known by its name."""
    return Pair("", value, _KINDS.get(name, "count"), name)


def avatar(rng: random.Random, style: Style, size: float) -> Piece:
    """A face on a coloured disc or square."""
    mark, color = rng.choice(_FACES), palette.hsv(rng.random(), rng.uniform(0.1, 0.5), rng.uniform(0.7, 1.0))
    radius = rng.choice((size / 2, size / 2, 4, 0))

    def paint(canvas: Canvas, area: Box) -> None:
        canvas.rounded(area, radius, color)
        inner = size * 0.16
        canvas.emoji(mark, (area[0] + inner, area[1] + inner, area[2] - inner, area[3] - inner))

    return picture(size, size, paint)


def head(post: Post, style: Style, width: float, rng: random.Random) -> Piece:
    """Face, name, and under or beside it when and where; now and then a button to follow."""
    size = style["label"].size * rng.uniform(2.0, 2.9)
    face = avatar(rng, style, size)
    room = width - size - 10 * style.scale
    name = style["label"].fit(post.author, room * 0.62)
    type_ = replace(style["label"], fill=rng.choice((style.ink, style.accent, style.ink)))
    lines = [text(name, type_, role="author", name="author").showing(fact("author", name))]
    told = [("time", post.time)] + ([("place", post.place)] if post.place else [])
    if rng.random() < 0.2:
        told.reverse()
    parts = [text(v, style["small"], role=k, name=k).showing(fact(k, v)) for k, v in told]
    while parts and sum(part.width for part in parts) + 8 * len(parts) > room:
        parts.pop()
    if parts:
        lines.append(row(parts, 8 * style.scale))
    names = column(lines, 4 * style.scale)
    left = row([face, names], 9 * style.scale)
    if rng.random() < 0.3 and left.width + style["small"].size * 5 < width:
        follow = text(
            rng.choice(("关注", "+关注", "已关注", "私信")), replace(style["small"], fill=style.accent), role="button"
        )
        edged = backed(pad(follow, 8, 4), lambda canvas, area: canvas.rounded(area, 99, None, outline=style.accent))
        return spread(left, edged, width)
    return box(left, width, left.height, align=0.0)


def name_line(post: Post, style: Style, width: float, rng: random.Random) -> Piece:
    """The name alone, as forums and videos have it, with the time after it or at the other end."""
    at = rng.choice(("", "@", "楼主 ", "作者：", "文/"))
    name = style["label"].fit(post.author, width * 0.5)
    parts = [text(at, style["label"], role="mark")] if at else []
    parts.append(text(name, style["label"], role="author", name="author").showing(fact("author", name)))
    left = row(parts, 2)
    when = text(post.time, style["small"], role="time", name="time").showing(fact("time", post.time))
    if left.width + when.width + 12 > width:
        return box(left, width, left.height, align=0.0)
    return (
        spread(left, when, width) if rng.random() < 0.6 else box(row([left, when], 12), width, left.height, align=0.0)
    )


def body(post: Post, style: Style, width: float) -> Piece:
    """The text."""
    return paragraph(post.text, style["body"], width, leading=style.leading, role="body", name="text")


def tags(post: Post, style: Style, width: float, rng: random.Random) -> Piece | None:
    """#topics in a row, as far as they fit."""
    type_ = replace(style["small"], fill=style.accent)
    closed = rng.random() < 0.3
    pieces: list[Piece] = []
    for index, tag in enumerate(post.tags):
        piece = text(tag + ("#" if closed else ""), type_, role="tag", name=f"tag{index}").showing(fact("tag", tag))
        if sum(each.width + 8 for each in pieces) + piece.width <= width:
            pieces.append(piece)
    return row(pieces, 8) if pieces else None


def counts(post: Post, style: Style, width: float, rng: random.Random, *, upright: bool = False) -> Piece | None:
    """Likes, replies and the like: a sign or a word with a number, spread over the width or at one side."""
    worded, before = rng.random() < 0.45, rng.random() < 0.6
    made = []
    shown = list(post.counts)
    rng.shuffle(shown)
    for name, value in shown:
        sign, words = COUNT_WORDS[name]
        mark = (
            text(rng.choice(words), style["small"], role="label") if worded else emoji(sign, style["small"].size * 1.25)
        )
        number = text(value, style["small"], role="count", name=name).showing(fact(name, value))
        pair = [mark, number] if before or not worded else [number, mark]
        made.append(column([mark, number], 3, align="m") if upright else row(pair, 4 * style.scale))
    if not made:
        return None
    if upright:
        return column(made, style.gap + 6, align="m")
    gap = 14 * style.scale
    while len(made) > 1 and sum(piece.width for piece in made) + gap * (len(made) - 1) > width:
        made.pop()
    if made[0].width > width:
        return None
    total = sum(piece.width for piece in made)
    if len(made) > 1 and rng.random() < 0.5:
        gap = (width - total) / (len(made) - 1)
    line = row(made, gap)
    return box(line, width, line.height, align=rng.choice((0.0, 0.0, 1.0)))


def _remark(remark: Remark, index: int, style: Style, width: float, rng: random.Random, form: str) -> Piece:
    """One remark: in one line, or under its author with a face and its likes."""
    named = Pair(remark.author, remark.text, "choice", f"remark{index}")
    if form == "line":
        line = f"{remark.author}：{remark.text}"
        return paragraph(line, style["small"], width, leading=1.4, role="remark", name=f"remark{index}").showing(named)
    size = style["small"].size * 1.9
    likes = text(str(remark.likes), style["small"], role="count", name=f"liked{index}")
    thumb = row([emoji("👍", style["small"].size * 1.1), likes], 3)
    room = width - size - 8 - thumb.width - 10
    who = text(style["small"].fit(remark.author, room), style["small"], role="author", name=f"by{index}")
    said = paragraph(
        remark.text,
        replace(style["body"], size=style["small"].size, fill=style.ink),
        room,
        role="remark",
        name=f"remark{index}",
    )
    left = row([avatar(rng, style, size), column([who, said], 4)], 8, valign=0.0)
    return spread(grouped(left), thumb, width, valign=0.0).showing(named)


def remarks(post: Post, style: Style, width: float, rng: random.Random, most: int) -> Piece | None:
    """What others wrote, on the page or on a tinted plate."""
    shown = post.remarks[:most]
    if not shown:
        return None
    form = rng.choice(("line", "faces", "faces"))
    plated = form == "line" and rng.random() < 0.6
    inner = width - 16 * style.scale if plated else width
    pieces = [_remark(each, index, style, inner, rng, form) for index, each in enumerate(shown)]
    piece = column(pieces, style.row_gap * 0.8 + 3, width=inner)
    if plated:
        shade = palette.mix(style.card, style.ink, 0.05)
        piece = backed(pad(piece, 8 * style.scale), lambda canvas, area: canvas.rounded(area, 4, shade))
    return piece


def stacked(pieces: Sequence[Piece | None], gap: float, width: float) -> Piece:
    """The pieces that there are, one under the other."""
    return column([piece for piece in pieces if piece], gap, width=width)
