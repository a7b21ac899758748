"""Blocks of a "reading" page that are not fields: bars, banners, titles, text, buttons, goods, lists, totals, bubbles."""

from __future__ import annotations

from kantu.synth import palette, vocabulary
from kantu.synth.canvas import Canvas, Color
from kantu.synth.page import Box
from kantu.synth.reading_blocks import (
    ICONS,
    Block,
    Fact,
    Heading,
    Item,
    Listing,
    Marked,
    Pair,
    Press,
    Run,
    divider,
    plate,
)
from kantu.synth.reading_style import Surface

_ACTIONS = tuple(
    """确认收货 立即付款 去支付 查看物流 申请退款 再次购买 联系客服 催发货 评价 取消订单 提交 保存 下一步 返回首页 加入购物车 立即购买
    去使用 领取 预约 报名 签到 分享 收藏 关注 编辑 删除 复制 下载 打印 导出 更多 全部 确定 同意 拒绝 稍后再说 重新上传 开始导航
    拨打电话 修改地址 申请开票 查看详情 去评价 续费 充值 提现 撤回 发送 登录 注册 退出 开启 关闭 切换账号""".split()
)


def _action(press: Press) -> str | None:
    open_ended = press.rng.random() < 0.3
    return press.new(vocabulary.word if open_ended else lambda rng: rng.choice(_ACTIONS))


def heading(press: Press, surface: Surface, width: float) -> Block | None:
    """A title, perhaps with a coloured bar before it, a line under it and a link at the right."""
    style, rng = press.style, press.rng
    maker = rng.choice(
        (vocabulary.word, vocabulary.shop_name, vocabulary.goods_name, vocabulary.choice, vocabulary.label)
    )
    text = press.new(lambda r: maker(r) + r.choice(("", "", "详情", "信息", "通知", "记录", "清单")))
    bar = 0.6 * style.title.size if rng.random() < 0.2 else 0.0
    fill = surface.accent if rng.random() < 0.25 else surface.ink
    title = press.run(text, style.title, fill, "title", width=width - bar, most=2) if text else None
    if text is None or title is None:
        return None
    near = style.scale * 4
    under = (
        press.run(press.new(vocabulary.sentence) or "", style.small, surface.soft, "subtitle", width=width, most=2)
        if rng.random() < 0.3
        else None
    )
    link_text = _action(press) if rng.random() < 0.2 and len(title.lines) == 1 else None
    link = (
        press.run(link_text, style.small, surface.accent, "link", width=width - bar - title.width - 8 * style.scale)
        if link_text
        else None
    )
    anchor = "m" if style.align == "m" and not bar and not link else "l"
    height = title.height + (near + under.height if under else 0)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        at = x + (width / 2 if anchor == "m" else 0)
        if bar:
            plate(canvas, (x, y, x + bar / 2.5, y + title.height), 2 * style.scale, (surface.accent,))
        title.draw(canvas, at + bar, y, anchor)
        if link:
            link.draw(canvas, x + width, y + (title.height - link.height) / 2, "r")
        if under:
            under.draw(canvas, at, y + title.height + near, anchor)

    return Block(height, draw, (Heading(text, "title"),))


def paragraph(press: Press, surface: Surface, width: float) -> Block | None:
    """One or two sentences."""
    style, rng = press.style, press.rng
    text = press.new(lambda r: "".join(vocabulary.sentence(r) for _ in range(r.choice((1, 1, 2)))))
    run = (
        press.run(text, style.body, rng.choice((surface.ink, surface.soft)), "text", width=width, most=5)
        if text
        else None
    )
    return Block(run.height, lambda canvas, x, y: run.draw(canvas, x, y)) if run else None


def notice(press: Press, surface: Surface, width: float) -> Block | None:
    """A tinted strip with a short text, full width, perhaps with a bar at its left."""
    style, rng = press.style, press.rng
    strong = rng.random() < 0.3
    color = style.solid(rng) if strong else style.tint(rng, rng.uniform(0.15, 0.4))
    inner = style.surface(rng, color)
    pad = style.scale * rng.choice((5, 8, 10))
    text = press.new(vocabulary.sentence)
    run = press.run(text, style.small, inner.ink, "notice", width=width - 2 * pad, most=3) if text else None
    if run is None:
        return None

    def draw(canvas: Canvas, x: float, y: float) -> None:
        plate(canvas, (x, y, x + width, y + run.height + 2 * pad), style.radius, (color,))
        run.draw(canvas, x + pad, y + pad)

    return Block(run.height + 2 * pad, draw)


def banner(press: Press, surface: Surface, width: float) -> Block | None:
    """A coloured strip with a state, a sentence or field under it, and perhaps an icon."""
    style, rng = press.style, press.rng
    start = style.solid(rng)
    colors = (start, palette.mix(start, style.solid(rng), rng.uniform(0.2, 0.6))) if rng.random() < 0.5 else (start,)
    inner = style.surface(rng, *colors)
    pad = style.scale * rng.choice((8, 12, 16))
    icon = style.title.size * 1.8 if rng.random() < 0.35 else 0.0
    room = width - 2 * pad - (icon + pad if icon else 0)
    text = press.new(vocabulary.choice)
    title = press.run(text, style.title, inner.ink, "status", width=room) if text else None
    if title is None or text is None:
        return None
    facts: list[Fact] = [Heading(text, "banner")]
    near = style.scale * rng.choice((3, 5, 8))
    rest: list[tuple[Run, float]] = []
    if rng.random() < 0.5:
        field = press.pair(
            style.small,
            style.small,
            inner,
            lambda label: room - label - 0.5 * style.small.size,
            colon=style.colon.rstrip(),
        )
        if field:
            facts.append(field[0])
            rest = [(field[1], 0.0), (field[2], field[1].width + 0.5 * style.small.size)]
    elif rng.random() < 0.7:
        sentence = press.new(vocabulary.sentence)
        run = press.run(sentence, style.small, inner.soft, "text", width=room, most=2) if sentence else None
        rest = [(run, 0.0)] if run else []
    picture, right = rng.choice(tuple(ICONS)), rng.random() < 0.5
    height = max(title.height + (near + max(run.height for run, _ in rest) if rest else 0), icon) + 2 * pad
    radius = style.radius if rng.random() < 0.7 else 0

    def draw(canvas: Canvas, x: float, y: float) -> None:
        plate(canvas, (x, y, x + width, y + height), radius, colors)
        left = x + pad + (icon + pad if icon and not right else 0)
        if icon:
            at = x + width - pad - icon if right else x + pad
            canvas.emoji(picture, (at, y + pad, at + icon, y + pad + icon), label=ICONS[picture])
        title.draw(canvas, left, y + pad)
        for run, offset in rest:
            run.draw(canvas, left + offset, y + pad + title.height + near)

    return Block(height, draw, tuple(facts))


def app_bar(press: Press, surface: Surface, width: float) -> Block | None:
    """The bar at the top of a screen: a back arrow, a title, perhaps a word at the right."""
    style, rng = press.style, press.rng
    text = press.new(lambda r: vocabulary.word(r) + r.choice(("", "详情", "中心", "管理")))
    arrow = style.title.size * 0.35
    title = press.run(text, style.title, surface.ink, "title", width=width * 0.5) if text else None
    if text is None or title is None:
        return None
    word = _action(press) if rng.random() < 0.35 else None
    right = press.run(word, style.small, surface.soft, "link", width=width * 0.22) if word else None
    centred = rng.random() < 0.6

    def draw(canvas: Canvas, x: float, y: float) -> None:
        middle = y + title.height / 2
        points = [(x + arrow, middle - arrow), (x, middle), (x + arrow, middle + arrow)]
        canvas.draw.line(points, fill=surface.ink, width=max(1, round(1.5 * style.scale)))
        title.draw(canvas, x + width / 2 if centred else x + 3 * arrow, y, "m" if centred else "l")
        if right:
            right.draw(canvas, x + width, y + (title.height - right.height) / 2, "r")

    return Block(title.height, draw, (Heading(text, "title"),))


def buttons(press: Press, surface: Surface, width: float) -> Block | None:
    """1 to 4 buttons: filled, outlined, tinted; wide, at the right, spread or in the middle."""
    style, rng = press.style, press.rng
    pad, high, between = style.scale * rng.choice((8, 12, 16)), style.scale * rng.choice((4, 6, 9)), style.gap
    wide = rng.random() < 0.4
    color = style.solid(rng)
    made: list[tuple[Run, str]] = []
    used = 0.0
    for index in range(rng.choice((1, 1, 2, 2, 3, 4))):
        kind = (
            rng.choice(("filled", "filled", "outlined", "tinted"))
            if index == 0
            else rng.choice(("outlined", "outlined", "tinted"))
        )
        inner = style.surface(rng, color) if kind == "filled" else surface
        fill = inner.ink if kind == "filled" else rng.choice((surface.ink, surface.accent))
        text = _action(press)
        run = press.run(text, style.button, fill, "button") if text else None
        if run is None or used + run.width + 2 * pad > width:
            break
        made.append((run, kind))
        used += run.width + 2 * pad + between
    if not made:
        return None
    if rng.random() < 0.5:
        made.reverse()
    used -= between
    tall = style.button.size + 2 * high
    spare = (width - used) / len(made) if wide else 0.0
    offset = 0.0 if wide else rng.choice((0.0, width - used, (width - used) / 2))
    soft = palette.mix(surface.back[0], surface.line, 0.6)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        left = x + offset
        for run, kind in made:
            right = left + run.width + 2 * pad + spare
            box: Box = (left, y, right, y + tall)
            if kind == "outlined":
                canvas.rounded(
                    box, min(style.button_radius, tall / 2), None, outline=run.fill, width=max(1, round(style.scale))
                )
            else:
                plate(canvas, box, style.button_radius, (color if kind == "filled" else soft,))
            canvas.element("button", run.lines[0], box)
            run.draw(canvas, (left + right) / 2, y + high, "m")
            left = right + between

    filled = [run.lines[0] for run, kind in made if kind == "filled"]
    return Block(tall, draw, tuple(Marked("filled_button", text) for text in filled))


def item(press: Press, surface: Surface, width: float) -> Block | None:
    """Something for sale: a picture beside its name, a variant, price and quantity."""
    style, rng = press.style, press.rng
    side = style.scale * rng.choice((44, 52, 60, 72))
    near, gap = style.scale * rng.choice((3, 5)), style.scale * rng.choice((6, 10))
    flip = rng.random() < 0.15
    room = width - side - gap
    name = press.new(vocabulary.goods_name)
    title = press.run(name, style.body, surface.ink, "title", width=room, most=2) if name else None
    price_text = press.new(
        lambda r: r.choice(("¥", "¥", "￥", "¥ ")) + vocabulary.amount(r), lambda t: style.value.width(t) < room * 0.7
    )
    if name is None or title is None or price_text is None:
        return None
    price = press.run(price_text, style.value, rng.choice((surface.ink, surface.accent)), "price")
    quantity_text = f"{rng.choice('×x×')}{rng.randint(1, 20)}"
    quantity = press.run(quantity_text, style.small, surface.soft, "quantity")
    variant_text = (
        press.new(
            lambda r: vocabulary.choice(r) + r.choice(("", "；", "，", "/")) + r.choice(vocabulary.lexicon.COLORS)
        )
        if rng.random() < 0.5
        else None
    )
    variant = press.run(variant_text, style.small, surface.soft, "variant", width=room) if variant_text else None
    if price is None or quantity is None or price.width + quantity.width + gap > room:
        return None
    text_height = (
        title.height + near * 2 + (variant.height + near if variant else 0) + max(price.height, quantity.height)
    )
    height = max(side, text_height)
    picture, under = rng.choice(tuple(ICONS)), rng.random() < 0.3
    ground = style.tint(rng, 0.2)

    def draw(canvas: Canvas, x: float, y: float) -> None:
        at = x + width - side if flip else x
        plate(canvas, (at, y, at + side, y + side), min(style.radius, side / 4), (ground,))
        inset = side * 0.15
        box = (at + inset, y + inset, at + side - inset, y + side - inset)
        canvas.emoji(picture, box, label=ICONS[picture], kind="picture")
        left = x if flip else x + side + gap
        title.draw(canvas, left, y)
        top = y + title.height + near
        if variant:
            variant.draw(canvas, left, top)
            top += variant.height + near
        bottom = top if under else y + height - price.height
        price.draw(canvas, left, bottom)
        quantity.draw(canvas, left + room, bottom + (price.height - quantity.height) / 2, "r")

    return Block(height, draw, (Item(name, price_text, quantity_text, ICONS[picture]),))


def list_rows(press: Press, surface: Surface, width: float) -> Block | None:
    """Rows of a menu, messages or events: icon or dot, text, something at the right, a second line."""
    style, rng = press.style, press.rng
    mark = rng.choice(("icon", "icon", "dot", "number", "none"))
    lead = style.body.size * {"icon": 1.8, "dot": 1.0, "number": 1.6, "none": 0.0}[mark]
    twice, ended = rng.random() < 0.35, rng.random() < 0.6
    right_maker = rng.choice((vocabulary.date_time, vocabulary.money, vocabulary.count, vocabulary.choice))
    left_maker = rng.choice(
        (vocabulary.word, vocabulary.goods_name, vocabulary.shop_name, vocabulary.person, vocabulary.choice)
    )
    rows: list[tuple[Run, Run | None, Run | None, str]] = []
    for _ in range(rng.randint(2, 6)):
        text = press.new(left_maker)
        first = press.run(text, style.body, surface.ink, "row", width=width - lead) if text else None
        if text is None or first is None:
            continue
        room = width - lead - first.width - style.gap
        end_text = press.new(right_maker, lambda t, room=room: style.small.width(t) <= room) if ended else None  # type: ignore[misc]
        end = press.run(end_text, style.small, surface.soft, "row_end") if end_text else None
        below_text = press.new(vocabulary.sentence, lambda t: style.small.width(t) <= width - lead) if twice else None
        below = press.run(below_text, style.small, surface.soft, "row_text") if below_text else None
        rows.append((first, end, below, rng.choice(tuple(ICONS))))
    if len(rows) < 2:
        return None
    near = style.scale * 3
    heights = [
        max(first.height + (near + below.height if below else 0), lead if mark == "icon" else 0)
        for first, _, below, _ in rows
    ]

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for index, ((first, end, below, picture), height) in enumerate(zip(rows, heights, strict=True)):
            top = y + (height - first.height - (near + below.height if below else 0)) / 2
            size = lead * 0.72
            middle = y + height / 2 if mark == "icon" else top + first.height / 2
            if mark == "icon":
                canvas.emoji(picture, (x, middle - size / 2, x + size, middle + size / 2), label=ICONS[picture])
            elif mark != "none":
                radius = lead * (0.18 if mark == "dot" else 0.3)
                center = x + radius + 1
                canvas.draw.ellipse(
                    (center - radius, middle - radius, center + radius, middle + radius), fill=surface.accent
                )
            first.draw(canvas, x + lead, top)
            if end:
                end.draw(canvas, x + width, top + (first.height - end.height) / 2, "r")
            if below:
                below.draw(canvas, x + lead, top + first.height + near)
            y += height + style.row_gap
            if index < len(rows) - 1:
                divider(canvas, style, surface, x, y - style.row_gap / 2, width)

    names = tuple(first.lines[0] for first, _, _, _ in rows)
    return Block(sum(heights) + style.row_gap * (len(rows) - 1), draw, (Listing(names, "列表"),))


def total(press: Press, surface: Surface, width: float) -> Block | None:
    """A footer: a count and a sum with its label, mostly at the right."""
    style, rng = press.style, press.rng
    label_text = press.new(lambda r: r.choice(vocabulary.lexicon.LABELS["money"]))
    sum_text = press.new(lambda r: r.choice(("¥", "￥", "¥", "")) + vocabulary.amount(r))
    if label_text is None or sum_text is None:
        return None
    name = press.name()
    label = press.run(label_text + style.colon.rstrip(), style.label, surface.soft, "label", name=name)
    value = press.run(sum_text, style.value, surface.accent, "value", name=name)
    if label is None or value is None:
        return None
    near = style.label.size * 0.4
    room = width - label.width - near - value.width
    count_text = (
        press.new(lambda r: f"共{r.randint(2, 40)}{r.choice(vocabulary.lexicon.MEASURES)}")
        if rng.random() < 0.5
        else None
    )
    count = press.run(count_text, style.small, surface.soft, "count", width=room - style.gap) if count_text else None
    if room < 0:
        return None
    height = max(label.height, value.height)
    spread = rng.random() < 0.4

    def draw(canvas: Canvas, x: float, y: float) -> None:
        value.draw(canvas, x + width, y + (height - value.height) / 2, "r")
        start = x + room
        label.draw(canvas, start, y + (height - label.height) / 2)
        if count:
            at = x if spread else start - style.gap - count.width
            count.draw(canvas, at, y + (height - count.height) / 2)

    return Block(height, draw, (Pair(name, label_text, sum_text, "money"),))


def tabs(press: Press, surface: Surface, width: float) -> Block | None:
    """Words in a row with one selected: coloured and underlined, or in a pill."""
    style, rng = press.style, press.rng
    texts = [press.new(vocabulary.word) for _ in range(rng.randint(2, 5))]
    chosen = rng.randrange(len(texts))
    pill = rng.random() < 0.4
    color: Color = style.solid(rng)
    on = style.surface(rng, color)
    runs: list[Run] = []
    used = 0.0
    for index, text in enumerate(texts):
        fill = (on.ink if pill else surface.accent) if index == chosen else surface.soft
        run = press.run(text, style.body, fill, "tab") if text else None
        if run is None:
            return None
        runs.append(run)
        used += run.width
    pad = style.scale * 6
    if used + (2 * pad + style.gap) * len(runs) > width:
        return None
    cell = width / len(runs)
    height = style.body.size + style.scale * 8

    def draw(canvas: Canvas, x: float, y: float) -> None:
        left = x
        slack = (width - used) / len(runs)
        for index, run in enumerate(runs):
            middle = left + (run.width + slack) / 2
            if index == chosen and pill:
                box = (middle - run.width / 2 - pad, y, middle + run.width / 2 + pad, y + height)
                plate(canvas, box, style.button_radius, (color,))
            elif index == chosen:
                bar = (middle - run.width / 2, y + height - 2 * style.scale, middle + run.width / 2, y + height)
                plate(canvas, bar, 0, (surface.accent,))
            run.draw(canvas, middle, y + style.scale * 4, "m")
            left += run.width + slack

    del cell
    return Block(height, draw, (Marked("tab", runs[chosen].lines[0]),))


def options(press: Press, surface: Surface, width: float) -> Block | None:
    """Radio buttons or check boxes under each other, one of them ticked."""
    style, rng = press.style, press.rng
    side, round_ = style.body.size * 0.85, rng.random() < 0.5
    runs = []
    for _ in range(rng.randint(2, 5)):
        text = press.new(vocabulary.choice)
        run = press.run(text, style.body, surface.ink, "option", width=width - 2 * side) if text else None
        if run:
            runs.append(run)
    if len(runs) < 2:
        return None
    chosen, right = rng.randrange(len(runs)), rng.random() < 0.3
    thin = max(1, round(style.scale))

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for index, run in enumerate(runs):
            left, top = (x + width - side if right else x), y + (run.height - side) / 2
            box = (left, top, left + side, top + side)
            radius = side / 2 if round_ else side / 5
            canvas.rounded(box, radius, surface.accent if index == chosen else None, outline=surface.soft, width=thin)
            if index == chosen:
                points = [(left + side * a, top + side * b) for a, b in ((0.22, 0.5), (0.42, 0.72), (0.78, 0.28))]
                canvas.draw.line(points, fill=surface.back[0], width=max(1, round(1.6 * style.scale)))
            run.draw(canvas, x if right else x + side * 1.6, y)
            y += run.height + style.row_gap

    facts = (Marked("option", runs[chosen].lines[0]), Listing(tuple(run.lines[0] for run in runs), "选项"))
    return Block(sum(run.height for run in runs) + style.row_gap * (len(runs) - 1), draw, facts)


def bubbles(press: Press, surface: Surface, width: float) -> Block | None:
    """A conversation: tinted bubbles at the left and at the right."""
    style, rng = press.style, press.rng
    pad = style.scale * rng.choice((5, 8))
    mine = style.solid(rng) if rng.random() < 0.5 else style.tint(rng, 0.4)
    theirs = palette.mix(surface.back[0], surface.line, 0.4)
    rows: list[tuple[Run, bool]] = []
    for _ in range(rng.randint(2, 4)):
        side = rng.random() < 0.5
        inner = style.surface(rng, mine if side else theirs)
        text = press.new(rng.choice((vocabulary.sentence, vocabulary.sentence, vocabulary.word)))
        run = press.run(text, style.body, inner.ink, "message", width=width * 0.78 - 2 * pad, most=4) if text else None
        if run:
            rows.append((run, side))
    if not rows:
        return None

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for run, side in rows:
            wide = run.width + 2 * pad
            left = x + width - wide if side else x
            box = (left, y, left + wide, y + run.height + 2 * pad)
            plate(canvas, box, max(style.radius, 3), (mine if side else theirs,))
            canvas.element("bubble", "右边的消息" if side else "左边的消息", box)
            run.draw(canvas, left + pad, y + pad)
            y += run.height + 2 * pad + style.row_gap

    return Block(sum(run.height + 2 * pad for run, _ in rows) + style.row_gap * (len(rows) - 1), draw)


def tags(press: Press, surface: Surface, width: float) -> Block | None:
    """Short words in small boxes, flowing from left to right."""
    style, rng = press.style, press.rng
    pad, high = style.scale * rng.choice((4, 6)), style.scale * rng.choice((2, 3, 4))
    rows: list[list[tuple[Run, Color | None]]] = [[]]
    used = 0.0
    for _ in range(rng.randint(2, 7)):
        color = style.solid(rng) if rng.random() < 0.3 else style.tint(rng, 0.25) if rng.random() < 0.6 else None
        inner = style.surface(rng, color) if color else surface
        text = press.new(vocabulary.choice)
        run = (
            press.run(text, style.small, inner.ink if color else inner.accent, "tag", width=width - 2 * pad)
            if text
            else None
        )
        if run is None:
            continue
        if used and used + run.width + 2 * pad > width:
            rows.append([])
            used = 0.0
        rows[-1].append((run, color))
        used += run.width + 2 * pad + style.gap
    if not rows[0]:
        return None
    tall = style.small.size + 2 * high

    def draw(canvas: Canvas, x: float, y: float) -> None:
        for row in rows:
            left = x
            for run, color in row:
                box = (left, y, left + run.width + 2 * pad, y + tall)
                if color:
                    plate(canvas, box, min(style.button_radius, tall / 3), (color,))
                else:
                    canvas.rounded(box, min(style.button_radius, tall / 3), None, outline=run.fill)
                run.draw(canvas, left + pad, y + high)
                left += run.width + 2 * pad + style.gap
            y += tall + style.row_gap

    return Block(tall * len(rows) + style.row_gap * (len(rows) - 1), draw)


def loose(press: Press, surface: Surface, width: float) -> Block | None:
    """One run of anything, anywhere: a number, a word, random characters, in any of the page's types."""
    style, rng = press.style, press.rng
    maker = rng.choice((vocabulary.code, vocabulary.word, vocabulary.money, vocabulary.date_time, vocabulary.phone, vocabulary.address,
                        lambda r: vocabulary.random_han(r, r.randint(2, 10)), lambda r: vocabulary.digits(r, r.randint(1, 14))))  # fmt: skip
    type_ = rng.choice((style.label, style.value, style.title, style.body, style.small, style.big))
    text = press.new(maker)
    fill = rng.choice((surface.ink, surface.ink, surface.soft, surface.accent))
    run = press.run(text, type_, fill, "text", width=width, most=2) if text else None
    if run is None:
        return None
    at, anchor = rng.choice(
        ((0.0, "l"), (0.0, "l"), (width / 2, "m"), (width, "r"), (rng.uniform(0, width - run.width), "l"))
    )
    return Block(run.height, lambda canvas, x, y: run.draw(canvas, x + at, y, anchor))
