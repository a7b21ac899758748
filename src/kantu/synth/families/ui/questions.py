"""Questions about an interface: which control is it, how many are there, where is it, and by the tasks' words."""

from __future__ import annotations

import json
import random

from kantu.synth.ask import fields, places, texts
from kantu.synth.ask.generic import GENERIC, Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.draw.palette import color_name, hues_apart
from kantu.synth.facts import Listing, Marked, Pair
from kantu.synth.families.ui import phrases as say
from kantu.synth.families.ui import states, words
from kantu.synth.families.ui.panel import LISTED, MOST_NAMED, Panel, kind_word, pointed, some
from kantu.synth.page import Question
from kantu.synth.words.phrases import quoted
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import EXTRACT, LOCATE, UI, UI_POINT
from kantu.tasks.results import Controls, written

_MOST_LISTED = 14  # controls; more are not asked to be listed
_DIGITS = "一二三四五六七八九十"


def at_point(scene: Scene) -> Question | None:
    """Which control is at this point?"""
    panel = Panel(scene)
    target = pointed(panel)
    if target is None:
        return None
    control, x, y = target
    asked = worded(scene.rng, say.POINT, x=str(x), y=str(y))
    answer = told(scene.rng, say.CONTROL_ANSWERS, l=control.label, k=say.KINDS[control.kind])
    return Question("name", asked, answer, (control.label,))


def in_box(scene: Scene) -> Question | None:
    """Which control is in this box?"""
    panel = Panel(scene)
    control = some(panel)
    if control is None:
        return None
    asked = worded(scene.rng, say.AREA, b=str(scene.relative(control.box)))
    answer = told(scene.rng, say.CONTROL_ANSWERS, l=control.label, k=say.KINDS[control.kind])
    return Question("name", asked, answer, (control.label,))


def _row_like(panel: Panel, fact: Listing) -> bool:
    """Whether the list goes from left to right."""
    first, second = [next(e for e in panel.controls if e.label == label) for label in fact.rows[:2]]
    return abs(first.box[1] - second.box[1]) < abs(first.box[0] - second.box[0])


def ordinal(scene: Scene) -> Question | None:
    """What the second tab is called; the last one; the one after another; all of them."""
    panel, rng = Panel(scene), scene.rng
    lists = panel.lists()
    if not lists:
        return None
    fact = rng.choice(lists)
    kind = kind_word(rng, LISTED[fact.noun])
    form = rng.random()
    index = rng.randrange(len(fact.rows))
    across = _row_like(panel, fact)
    if form < 0.55 and index < len(_DIGITS):
        number = _DIGITS[index] if rng.random() < 0.75 else str(index + 1)
        asked = worded(rng, say.ORDINALS, n=number, k=kind, s="左" if across else "上")
        values: tuple[str, ...] = (fact.rows[index],)
    elif form < 0.7:
        asked = worded(rng, say.LAST, k=kind, e="右边" if across else "下面")
        values = (fact.rows[-1],)
    elif form < 0.85 and index + 1 < len(fact.rows):
        asked = worded(rng, say.NEXT, x=quoted(rng, fact.rows[index], bare=0.2), k=kind)
        values = (fact.rows[index + 1],)
    elif len(fact.rows) <= MOST_NAMED:
        asked = worded(rng, say.ALL, k=kind)
        values = fact.rows
    else:
        return None
    return Question("name", asked, told(rng, say.LIST_ANSWERS, v="、".join(values)), tuple(values))


def colored(scene: Scene) -> Question | None:
    """What the blue button says, where one only is blue."""
    buttons = [each for each in Panel(scene).of("button") if each.color]
    named = [(each, color_name(each.color)) for each in buttons if each.color]
    alone = [
        (each, name)
        for each, name in named
        if name and all(o is each or (o.color and each.color and hues_apart(o.color, each.color)) for o in buttons)
    ]
    if not alone:
        return None
    control, name = scene.rng.choice(alone)
    answer = told(scene.rng, say.LIST_ANSWERS, v=control.label)
    return Question("name", worded(scene.rng, say.COLORED, c=name), answer, (control.label,))


def kind_of(scene: Scene) -> Question | None:
    """What kind of control something is."""
    control = some(Panel(scene))
    if control is None or not scene.shown(control.label):
        return None
    kind = say.KINDS[control.kind]
    asked = worded(scene.rng, say.WHICH_KIND, x=quoted(scene.rng, control.label, bare=0.2))
    return Question("name", asked, told(scene.rng, ("{k}", "{k}。", "是{k}。", "是一个{k}。"), k=kind), (kind,))


def count(scene: Scene) -> Question | None:
    """How many controls of a kind there are, or stand in some way."""
    panel, rng = Panel(scene), scene.rng
    switches, boxes = panel.of("switch"), panel.of("checkbox")
    asked: list[tuple[str, int]] = []
    for kind in ("switch", "tab", "button", "input", "checkbox", "slider"):
        if found := panel.of(kind):
            asked.append((worded(rng, say.HOW_MANY, k=say.SPOKEN[kind][0]), len(found)))
    if switches and all(each.state != "disabled" for each in switches):
        on = sum(each.state == "on" for each in switches)
        asked.append((worded(rng, say.HOW_MANY_ON), on))
        asked.append((worded(rng, say.HOW_MANY_OFF), len(switches) - on))
    if len(boxes) > 1 and not panel.of("radio"):
        asked.append((worded(rng, say.HOW_MANY_TICKED), sum(each.state == "selected" for each in boxes)))
    if not asked:
        return None
    question, number = rng.choice(asked)
    return Question("count", question, told(rng, say.COUNT_ANSWERS, n=str(number)), (str(number),))


def where(scene: Scene) -> Question | None:
    """Where a control is."""
    rng, control = scene.rng, some(Panel(scene))
    if control is None:
        return None
    asked = worded(rng, say.WHERE, x=quoted(rng, control.label, bare=0.3), k=kind_word(rng, control.kind))
    if rng.random() < 0.2:
        asked = LOCATE.instruct(target=f"{control.label}{say.KINDS[control.kind]}")
    answer = json.dumps([{"bbox_2d": scene.relative(control.box), "label": control.label}], ensure_ascii=False)
    return Question("box", asked, answer, task=LOCATE.name)


def compare(scene: Scene) -> Question | None:
    """Which of two sliders stands higher."""
    rng, labels = scene.rng, {each.label for each in Panel(scene).of("slider")}
    pairs = [pair for pair in scene.facts(Pair) if pair.label in labels]
    if len(pairs) < 2:
        return None
    a, b = rng.sample(pairs, 2)
    one, two = (int(pair.value.rstrip("%")) for pair in (a, b))
    if one == two:
        return None
    more = a if one > two else b
    asked = worded(rng, say.HIGHER, x=quoted(rng, a.label), y=quoted(rng, b.label))
    return Question("compare", asked, told(rng, say.HIGHER_ANSWERS, l=more.label, v=more.value), (more.label,))


def missing(scene: Scene) -> Question | None:
    """Something this interface does not have."""
    panel, rng = Panel(scene), scene.rng
    lists = panel.lists()
    if lists and rng.random() < 0.25:
        fact = rng.choice(lists)
        number, kind = len(fact.rows) + rng.randint(1, 2), kind_word(rng, LISTED[fact.noun])
        if number > len(_DIGITS):
            return None
        digit = _DIGITS[number - 1]
        asked = worded(rng, say.ORDINALS, n=digit, k=kind, s="左" if _row_like(panel, fact) else "上")
        answer = say.MISSING_ORDINAL.format(n=len(fact.rows), k=kind, m=digit)
        return Question("unanswerable", asked, answer, absent=True)
    switch = rng.random() < 0.6
    label = words.setting(rng) if switch else rng.choice((words.action, words.tab, words.entry))(rng)
    if any(label in each.text or each.text in label for each in scene.texts) or any(
        label in each.label or each.label in label for each in panel.controls
    ):
        return None
    asked = worded(rng, say.MISSING_SWITCH if switch else say.MISSING_OTHER, x=quoted(rng, label))
    return Question("unanswerable", asked, told(rng, say.MISSING_ANSWERS, x=label), absent=True)


def vague(scene: Scene) -> Question | None:
    """A question that says nothing: the answer says what kind of page it is and what stands out."""
    panel, rng = Panel(scene), scene.rng
    titles = [fact.text for fact in scene.facts(Marked) if fact.what == "title"]
    chosen = [each.label for each in panel.of("tab") if each.state == "selected"]
    parts, values = [], []
    if titles:
        parts.append(f"这是“{titles[0]}”界面" if rng.random() < 0.7 else f"一个标题为“{titles[0]}”的界面")
        values.append(titles[0])
    elif panel.controls:
        parts.append("这是一个操作界面")
    if len(chosen) == 1:
        parts.append(f"当前在“{chosen[0]}”")
        values.append(chosen[0])
    switches = panel.of("switch")
    if switches:
        parts.append(f"有{len(switches)}个开关")
    elif buttons := panel.of("button"):
        parts.append(f"可以点“{buttons[0].label}”")
    if not values or len(parts) < 2:
        return None
    return Question("vague", worded(rng, say.VAGUE), "，".join(parts) + "。", tuple(values))


def listed(scene: Scene) -> Question | None:
    """All controls, by the task's instruction."""
    panel = Panel(scene)
    if not 0 < len(panel.controls) <= _MOST_LISTED:
        return None
    ordered = sorted(panel.controls, key=lambda each: (round(each.box[1] / 12), each.box[0]))
    answer = written(Controls([panel.result(each) for each in ordered]))
    return Question("task", UI.instruct(), answer, task=UI.name)


def listed_at(scene: Scene) -> Question | None:
    """The control at a point, by the task's instruction."""
    panel = Panel(scene)
    target = pointed(panel)
    if target is None:
        return None
    control, x, y = target
    answer = written(panel.result(control))
    return Question("task", UI_POINT.instruct(x=str(x), y=str(y)), answer, task=UI_POINT.name)


def extracted(scene: Scene) -> Question | None:
    """Labelled values and what is not there, by the task's instruction."""
    rng, pairs = scene.rng, scene.labelled
    if not pairs:
        return None
    chosen = rng.sample(pairs, min(len(pairs), rng.randint(1, 4)))
    record: dict[str, str | None] = {pair.label: pair.value for pair in chosen}
    absent = words.entry(rng)
    if rng.random() < 0.3 and not any(absent in each.text or each.text in absent for each in scene.texts):
        record[absent] = None
    answer = json.dumps(record, ensure_ascii=False)
    return Question("task", EXTRACT.instruct(keys="、".join(record)), answer, task=EXTRACT.name)


_OWN: Weighted = (
    *((at_point, 2.0), (in_box, 1.2), (ordinal, 2.4), (colored, 1.6), (kind_of, 0.7)),
    *((states.is_on, 3.0), (states.which_on, 2.4), (states.which_tab, 1.6), (states.which_ticked, 1.6)),
    *((states.is_ticked, 1.0), (states.which_disabled, 1.8), (states.which_empty, 0.8), (states.choice, 0.9)),
    *((count, 1.8), (where, 2.4), (compare, 0.8), (missing, 1.4), (vague, 0.6)),
    *((listed, 0.5), (listed_at, 0.5), (extracted, 0.3)),
)
_UNSUITED = (fields.count, fields.goods, fields.cell, fields.spell, places.where, texts.edge_row, fields.unanswerable)


def askers() -> Weighted:
    """An interface's own questions and the generic ones that suit it."""
    return (*_OWN, *((asker, weight * 0.35) for asker, weight in GENERIC if asker not in _UNSUITED))


def first(rng: random.Random) -> list[Asker]:
    """What every page is asked before all else, if it has it."""
    names: list[Asker] = [at_point, ordinal, colored]
    stands: list[Asker] = [states.is_on, states.which_on, states.which_tab, states.which_disabled, states.which_ticked]
    return [rng.choice(names), rng.choice(stands), rng.choice(stands), where]
