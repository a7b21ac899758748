"""Questions about a "reading" page, asked from what is drawn on it, each with its one right answer."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterable

from kantu.synth.ask import phrases as say
from kantu.synth.ask.scene import (
    Scene,
    Text,
    color_name,
    hues_apart,
    neighbour,
    texts_of,
    vivid,
)
from kantu.synth.draw.reading_order import hull, row_text, transcription
from kantu.synth.families.reading.blocks import Fact, Heading, Item, Listing, Marked, Pair, Table
from kantu.synth.page import Box, Line, Page, Question
from kantu.synth.words import vocabulary

_PAGE_CHARACTERS = 120  # whole pages longer than this are not asked to be transcribed

Asker = Callable[[Scene], Question | None]


def _pair(scene: Scene) -> Pair | None:
    pairs = [fact for fact in scene.facts if isinstance(fact, Pair)]
    labels = Counter(pair.label for pair in pairs)
    choices = [pair for pair in pairs if labels[pair.label] == 1 and _points(scene, pair.label)]
    return scene.rng.choice(choices) if choices else None


def _points(scene: Scene, label: str) -> bool:
    """Whether a label means one place of the page, with or without its colon."""
    return sum(each.text.rstrip("：: ") == label for each in scene.texts) == 1


def value(scene: Scene) -> Question | None:
    """What stands at a label?"""
    rng, pair = scene.rng, _pair(scene)
    if pair is None:
        return None
    templates = say.VALUE_BY_KIND[pair.kind] if rng.random() < 0.4 else say.VALUE
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


def _beside(scene: Scene, direction: str) -> tuple[Text, Text] | None:
    """A text and the one text next to it in `direction`, when there is no doubt which it is."""
    texts = [each for each in scene.texts if 2 <= len(each.text) <= 16 and scene.unique(each.text)]
    scene.rng.shuffle(texts)
    for text in texts[:6]:
        found = neighbour(scene.texts, text, direction)
        if found:
            return text, found
    return None


def _relation(direction: str, templates: tuple[str, ...]) -> Asker:
    def asker(scene: Scene) -> Question | None:
        found = _beside(scene, direction)
        if found is None:
            return None
        question = say.phrase(scene.rng, templates, x=say.quoted(scene.rng, found[0].text, bare=0.15))
        return Question(direction, question, found[1].text, (found[1].text,))

    return asker


def largest(scene: Scene) -> Question | None:
    """The text in the largest type, when it is clearly larger than the others; now and then the smallest."""
    ordered = sorted(scene.texts, key=lambda each: each.size)
    if len(ordered) < 3:
        return None
    if ordered[-1].size > 1.15 * ordered[-2].size:
        return Question("largest", say.phrase(scene.rng, say.LARGEST), ordered[-1].text, (ordered[-1].text,))
    if ordered[0].size * 1.15 < ordered[1].size:
        return Question("smallest", say.phrase(scene.rng, say.SMALLEST), ordered[0].text, (ordered[0].text,))
    return None


def marked(scene: Scene) -> Question | None:
    """The title, the banner's text, the selected tab, the ticked option, the button, when there is one."""
    rng = scene.rng
    buttons = [element.label for element in scene.page.elements if element.kind == "button"]
    groups: dict[str, tuple[tuple[str, ...], list[str]]] = {
        "title": (say.TITLE, [f.text for f in scene.facts if isinstance(f, Heading) and f.what == "title"]),
        "banner": (say.BANNER, [f.text for f in scene.facts if isinstance(f, Heading) and f.what == "banner"]),
        "button": (say.BUTTON, buttons),
        "filled_button": (
            say.FILLED_BUTTON,
            [f.text for f in scene.facts if isinstance(f, Marked) and f.what == "filled_button"],
        ),
        "tab": (say.TAB, [f.text for f in scene.facts if isinstance(f, Marked) and f.what == "tab"]),
        "option": (say.OPTION, [f.text for f in scene.facts if isinstance(f, Marked) and f.what == "option"]),
    }
    singles = [kind for kind, (_, found) in groups.items() if len(found) == 1]
    if not singles:
        return None
    kind = rng.choice(singles)
    templates, (text,) = groups[kind]
    return Question(kind, say.phrase(rng, templates), text, (text,))


def color(scene: Scene) -> Question | None:
    """What is written in red, when one text only is, and no other is nearly so."""
    named = [(each, color_name(each.ink)) for each in scene.texts]
    strong = [each for each in scene.texts if vivid(each.ink)]
    choices = [
        (text, name) for text, name in named if name and all(o is text or hues_apart(o.ink, text.ink) for o in strong)
    ]
    if not choices:
        return None
    text, name = scene.rng.choice(choices)
    return Question("color", say.phrase(scene.rng, say.COLOR, c=name), text.text, (text.text,))


def count(scene: Scene) -> Question | None:
    """How many rows, options, fields or buttons?"""
    rng = scene.rng
    listings: list[tuple[str, int]] = []
    for noun in ("列表", "数据", "选项", "信息"):
        found = [fact for fact in scene.facts if isinstance(fact, Listing) and fact.noun == noun]
        fields = sum(isinstance(fact, Pair) for fact in scene.facts)
        if len(found) == 1 and (noun != "信息" or fields == len(found[0].rows)):
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


def at_box(scene: Scene) -> Question | None:
    """What is written in this box? A whole line, or some characters of one."""
    rng = scene.rng
    line = rng.choice(scene.page.lines)
    start, stop = 0, len(line.text)
    if rng.random() < 0.35 and stop > 3:
        length = rng.randint(2, min(6, stop - 1))
        start = rng.randint(0, stop - length)
        stop = start + length
    text = line.text[start:stop]
    if text != text.strip():
        return None
    box = scene.relative(hull(line.char_boxes[start:stop]))
    return Question(
        "at_box", say.phrase(rng, say.AT_BOX, b=str(box).replace(" ", rng.choice(("", " ")))), text, (text,)
    )


def _boxed(scene: Scene, box: Box, label: str) -> str:
    return json.dumps([{"bbox_2d": scene.relative(box), "label": label}], ensure_ascii=False)


def where(scene: Scene) -> Question | None:
    """Where is this text, button or picture? Boxes in thousandths, as Qwen3-VL gives them."""
    rng, elements = scene.rng, scene.page.elements
    if rng.random() < 0.4:
        labels = Counter(element.label for element in elements)
        things = [e for e in elements if e.kind in ("button", "picture", "icon") and labels[e.label] == 1]
        if things:
            thing = rng.choice(things)
            templates = say.WHERE_BUTTON if thing.kind == "button" else say.WHERE_PICTURE
            question = say.phrase(rng, templates, x=say.quoted(rng, thing.label))
            return Question("box", question, _boxed(scene, thing.box, thing.label))
    text = scene.some_text()
    if text is None or text.broken:
        return None
    question = say.phrase(rng, say.WHERE, x=say.quoted(rng, text.text, bare=0.15))
    return Question("box", question, _boxed(scene, scene.page.lines[text.index].box, text.text))


def present(scene: Scene) -> Question | None:
    """Is this written on the page? Half the time it is not, often by one character only."""
    rng, text = scene.rng, scene.some_text()
    if text is None:
        return None
    asked, answer = text.text, "有"
    if rng.random() < 0.5:
        answer = "没有"
        index = rng.randrange(len(asked))
        other = vocabulary.digits(rng, 1) if asked[index].isdigit() else rng.choice(vocabulary.HAN)
        asked = asked[:index] + other + asked[index + 1 :] if rng.random() < 0.5 else vocabulary.word(rng)
        if scene.shown(asked):
            return None
    return Question("present", say.phrase(rng, say.PRESENT, x=say.quoted(rng, asked, bare=0.1)), answer)


def edge_row(scene: Scene) -> Question | None:
    """The first or the last row of the page, where no other text stands as high or as low."""
    first = scene.rng.random() < 0.5
    lines = scene.flat.lines
    edge = min(lines, key=lambda line: line.box[1]) if first else max(lines, key=lambda line: line.box[3])
    row = next(row for row in scene.rows if edge in row)
    top, _, bottom = hull([line.box for line in row])[1:]
    level = [line for line in lines if line.box[1] < bottom and line.box[3] > top]
    if len(row) > 2 or len(scene.rows) < 2 or len(level) > len(row):
        return None
    text = row_text(row)
    kind, templates = ("first_line", say.FIRST) if first else ("last_line", say.LAST)
    return Question(kind, say.phrase(scene.rng, templates), text, _texts(row))


def _texts(lines: Iterable[Line]) -> tuple[str, ...]:
    return tuple(line.text.strip() for line in lines)


def spell(scene: Scene) -> Question | None:
    """A code character by character."""
    rng = scene.rng
    pairs = [
        f
        for f in scene.facts
        if isinstance(f, Pair) and 3 <= len(f.value) <= 20 and f.value.isascii() and f.value.isalnum()
    ]
    pairs = [pair for pair in pairs if _points(scene, pair.label) and sum(p.label == pair.label for p in pairs) == 1]
    if not pairs:
        return None
    pair = rng.choice(pairs)
    spelled = " ".join(pair.value)
    return Question("spell", say.phrase(rng, say.SPELL, x=say.quoted(rng, pair.label)), spelled, (spelled,))


def record(scene: Scene) -> Question | None:
    """2 to 4 fields as JSON."""
    rng = scene.rng
    pairs = {pair.label: pair for pair in (_pair(scene) for _ in range(rng.randint(2, 5))) if pair}
    if len(pairs) < 2:
        return None
    chosen = list(pairs.values())[:4]
    names = rng.choice(("、", "，", "和" if len(chosen) == 2 else "、", " ")).join(pair.label for pair in chosen)
    answer = json.dumps({pair.label: pair.value for pair in chosen}, ensure_ascii=False)
    return Question("record", say.phrase(rng, say.RECORD, x=names), answer, tuple(pair.value for pair in chosen))


def transcribe_line(scene: Scene) -> Question | None:
    """The whole row, or the whole sentence, that holds a text."""
    rng = scene.rng
    if rng.random() < 0.4:
        long = [each for each in scene.texts if 9 <= len(each.text) <= 40 and scene.unique(each.text[:4])]
        if not long:
            return None
        text = rng.choice(long)
        return Question(
            "transcribe",
            say.phrase(rng, say.STARTS, x=say.quoted(rng, text.text[:4], bare=0.0)),
            text.text,
            (text.text,),
        )
    rows = [row for row in scene.rows if 1 < len(row) <= 4]
    if not rows:
        return None
    row = rng.choice(rows)
    pointer = rng.choice(row)
    if not scene.unique(pointer.text) or len(pointer.text) < 2:
        return None
    question = say.phrase(rng, say.TRANSCRIBE_LINE, x=say.quoted(rng, pointer.text, bare=0.1))
    return Question("transcribe", question, row_text(row), _texts(row))


def transcribe_card(scene: Scene) -> Question | None:
    """Everything on one card."""
    rng = scene.rng
    cards = [index for index, element in enumerate(scene.flat.elements) if element.kind == "card"]
    if not cards:
        return None
    index = rng.choice(cards)
    box = scene.flat.elements[index].box
    inside = [
        line
        for line in scene.flat.lines
        if box[0] <= (line.box[0] + line.box[2]) / 2 <= box[2] and box[1] <= (line.box[1] + line.box[3]) / 2 <= box[3]
    ]
    if len(inside) < 2 or sum(len(line.text) for line in inside) > _PAGE_CHARACTERS:
        return None
    question = say.phrase(rng, say.TRANSCRIBE_CARD, b=str(scene.relative(scene.page.elements[index].box)))
    return Question("transcribe", question, transcription(inside, scene.flat.elements), _texts(inside))


def transcribe_page(scene: Scene) -> Question | None:
    """Everything on the page, when it isn't much."""
    lines = scene.flat.lines
    if sum(len(line.text) for line in lines) > _PAGE_CHARACTERS:
        return None
    question = say.phrase(scene.rng, say.TRANSCRIBE_PAGE)
    return Question("transcribe", question, "\n".join(map(row_text, scene.rows)), _texts(lines))


def unanswerable(scene: Scene) -> Question | None:
    """A label that is not on the page."""
    rng = scene.rng
    kind, label, _ = vocabulary.labelled(rng)
    if any(label in each.text or each.text.rstrip("：: ") in label for each in scene.texts):
        return None
    templates = say.VALUE_BY_KIND[kind] if rng.random() < 0.4 else say.VALUE
    question = say.phrase(rng, templates, x=say.quoted(rng, label))
    answer = rng.choice(say.UNANSWERABLE).format(x=label)
    return Question("unanswerable", question if question != label else label + "？", answer, ("没有",))


def cell(scene: Scene) -> Question | None:
    """A cell of a table by its row and column."""
    rng = scene.rng
    tables = [fact for fact in scene.facts if isinstance(fact, Table)]
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
    items = [fact for fact in scene.facts if isinstance(fact, Item)]
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


ASKERS: tuple[tuple[Asker, float], ...] = (
    (value, 7.0),
    (label_of, 1.2),
    (_relation("below", say.BELOW), 0.9),
    (_relation("above", say.ABOVE), 0.6),
    (_relation("right", say.RIGHT), 0.9),
    (_relation("left", say.LEFT), 0.5),
    (largest, 0.5),
    (marked, 1.4),
    (color, 0.7),
    (count, 0.5),
    (at_box, 1.6),
    (where, 1.0),
    (present, 0.7),
    (edge_row, 0.6),
    (spell, 0.5),
    (record, 0.8),
    (transcribe_line, 0.7),
    (transcribe_card, 0.8),
    (transcribe_page, 0.9),
    (unanswerable, 0.8),
    (cell, 1.5),
    (goods, 1.6),
)


def ask(rng: random.Random, page: Page, flat: Page, facts: tuple[Fact, ...]) -> tuple[Question, ...]:
    """6 to 10 questions of varied kinds. `flat` is the page before `effects.degrade`.

    The same is not asked twice in other words while there is something else to ask.
    """
    scene = Scene(rng, page, flat, facts, texts_of(flat))
    askers, weights = zip(*ASKERS, strict=True)
    wanted = rng.randint(6, 10)
    made: dict[tuple[str, str], Question] = {}
    for asker in rng.choices(askers, weights, k=wanted * 6):
        question = asker(scene)
        if question:
            made.setdefault((question.kind, question.answer), question)
        if len(made) == wanted:
            break
    while len(made) < 6:  # a page with little on it can always be asked about its boxes
        question = at_box(scene)
        if question:
            made.setdefault((question.question, question.answer), question)
    return tuple(made.values())
