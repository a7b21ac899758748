"""Questions about labelled values, tables, goods and what can be counted."""

from __future__ import annotations

import json

from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Item, Listing, Marked, Pair, Table
from kantu.synth.page import Question
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words import phrases as say
from kantu.tasks.builtin import EXTRACT


def _pair(scene: Scene) -> Pair | None:
    return scene.rng.choice(scene.labelled) if scene.labelled else None


def value(scene: Scene) -> Question | None:
    """What stands at a label?"""
    rng, pair = scene.rng, _pair(scene)
    if pair is None:
        return None
    templates = say.VALUE_BY_KIND.get(pair.kind, say.VALUE) if rng.random() < 0.4 else say.VALUE
    question = say.phrase(rng, templates, x=say.quoted(rng, pair.label))
    if question == pair.label:
        question += "？"
    sentence = rng.random() < 0.2
    answer = rng.choice(say.VALUE_ANSWERS).format(l=pair.label, v=pair.value) if sentence else pair.value
    return Question("value", question, answer, (pair.value,))


def label_of(scene: Scene) -> Question | None:
    """Which field has this value?"""
    rng, pair = scene.rng, _pair(scene)
    if pair is None or not scene.unique(pair.value) or len(pair.value) < 2:
        return None
    return Question("label_of", say.phrase(rng, say.LABEL_OF, x=say.quoted(rng, pair.value)), pair.label, (pair.label,))


def spell(scene: Scene) -> Question | None:
    """A code character by character."""
    rng = scene.rng
    codes = [p for p in scene.labelled if 3 <= len(p.value) <= 20 and p.value.isascii() and p.value.isalnum()]
    if not codes:
        return None
    pair = rng.choice(codes)
    spelled = " ".join(pair.value)
    return Question("spell", say.phrase(rng, say.SPELL, x=say.quoted(rng, pair.label)), spelled, (spelled,))


def record(scene: Scene) -> Question | None:
    """2 to 4 fields as JSON; sometimes one of them is not on the page, and null."""
    rng = scene.rng
    pairs = {pair.label: pair for pair in (_pair(scene) for _ in range(rng.randint(2, 5))) if pair}
    if len(pairs) < 2:
        return None
    fields: list[tuple[str, str | None]] = [(pair.label, pair.value) for pair in list(pairs.values())[:4]]
    if rng.random() < 0.3 and (absent := _absent(scene)) is not None:
        fields.insert(rng.randint(0, len(fields)), (absent[1], None))
    labels = [label for label, _ in fields]
    answer = json.dumps(dict(fields), ensure_ascii=False)
    values = tuple(value for _, value in fields if value is not None)
    if rng.random() < 0.4:
        asked = EXTRACT.instruct(keys="、".join(labels))
    else:
        asked = say.phrase(
            rng, say.RECORD, x=rng.choice(("、", "，", "和" if len(labels) == 2 else "、", " ")).join(labels)
        )
    return Question("record", asked, answer, values, EXTRACT.name)


def _absent(scene: Scene) -> tuple[str, str] | None:
    """A kind and a label of it that is not on the page, nor another word for what the family knows it to show."""
    kind, label, _ = vocabulary.labelled(scene.rng)
    if any(label in each.text or each.text.rstrip("：: ") in label for each in scene.texts):
        return None
    if any(label in lexicon.LABELS.get(pair.kind, ()) for pair in scene.facts(Pair) if pair.name):
        return None
    return kind, label


def unanswerable(scene: Scene) -> Question | None:
    """A label that is not on the page."""
    rng = scene.rng
    if (absent := _absent(scene)) is None:
        return None
    kind, label = absent
    templates = say.VALUE_BY_KIND[kind] if rng.random() < 0.4 else say.VALUE
    question = say.phrase(rng, templates, x=say.quoted(rng, label))
    answer = rng.choice(say.UNANSWERABLE).format(x=label)
    return Question("unanswerable", question if question != label else label + "？", answer, absent=True)


def marked(scene: Scene) -> Question | None:
    """The title, the banner's text, the selected tab, the ticked option, the button, when there is one."""
    found = {what: [fact.text for fact in scene.facts(Marked) if fact.what == what] for what in say.MARKED}
    found["button"] = [element.label for element in scene.page.elements if element.kind == "button"]
    singles = [what for what, texts in found.items() if len(texts) == 1]
    if not singles:
        return None
    what = scene.rng.choice(singles)
    (text,) = found[what]
    return Question(what, say.phrase(scene.rng, say.MARKED[what]), text, (text,))


def count(scene: Scene) -> Question | None:
    """How many rows, options, fields or buttons?"""
    rng = scene.rng
    listings: list[tuple[str, int]] = []
    for noun in ("列表", "数据", "选项", "信息"):
        found = [fact for fact in scene.facts(Listing) if fact.noun == noun]
        if len(found) == 1 and (noun != "信息" or len(scene.facts(Pair)) == len(found[0].rows)):
            listings.append((noun, len(found[0].rows)))
    buttons = sum(element.kind == "button" for element in scene.page.elements)
    if buttons:
        listings.append(("按钮", buttons))
    if not listings:
        return None
    noun, number = rng.choice(listings)
    shown = f"{number}{say.MEASURE[noun] if rng.random() < 0.6 else ''}"
    answer = rng.choice(say.COUNT_ANSWERS).format(v=shown)
    return Question("count", say.phrase(rng, say.COUNT[noun]), answer, (str(number),))


def cell(scene: Scene) -> Question | None:
    """A cell of a table by its row and column."""
    rng = scene.rng
    tables = scene.facts(Table)
    if len(tables) != 1:
        return None
    table = tables[0]
    row = rng.choice(table.rows)
    column = rng.randrange(1, len(table.header))
    question = say.phrase(rng, say.CELL, x=say.quoted(rng, row[0]), c=table.header[column])
    return Question("cell", question, row[column], (row[column],))


def goods(scene: Scene) -> Question | None:
    """Price, quantity or name of something for sale."""
    rng = scene.rng
    items = scene.facts(Item)
    if not items:
        return None
    item = rng.choice(items)
    asked = rng.random()
    name = (
        say.quoted(rng, item.title)
        if len(items) > 1 or rng.random() < 0.6
        else rng.choice(("这件商品", "这个商品", "商品"))
    )
    if asked < 0.5:
        return Question("price", say.phrase(rng, say.PRICE, x=name), item.price, (item.price,))
    if asked < 0.75:
        number = item.quantity.lstrip("×x")
        answer = rng.choice((number, item.quantity, f"{number}件"))
        return Question("quantity", say.phrase(rng, say.QUANTITY, x=name), answer, (number,))
    if not scene.unique(item.price):
        return None
    return Question("goods", say.phrase(rng, say.GOODS_OF, x=item.price), item.title, (item.title,))
