"""Questions about where texts stand and how they look."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

from kantu.synth.ask.scene import Scene, Text, neighbour
from kantu.synth.draw.palette import color_name, hues_apart, vivid
from kantu.synth.draw.reading_order import hull
from kantu.synth.page import Box, Question
from kantu.synth.words import phrases as say
from kantu.tasks.builtin import LOCATE


def _beside(scene: Scene, direction: str) -> tuple[Text, Text] | None:
    """A text and the one text next to it in `direction`, when there is no doubt which it is."""
    texts = [each for each in scene.texts if 2 <= len(each.text) <= 16 and scene.unique(each.text)]
    scene.rng.shuffle(texts)
    for text in texts[:6]:
        found = neighbour(scene.texts, text, direction)
        if found:
            return text, found
    return None


def relation(direction: str, templates: tuple[str, ...]) -> Callable[[Scene], Question | None]:
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


def at_box(scene: Scene) -> Question | None:
    """What is written in this box? A whole line, or some characters of one."""
    rng = scene.rng
    if not scene.page.lines:  # a family may find nothing that fits a very small page
        return None
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
            return Question("box", question, _boxed(scene, thing.box, thing.label), task=LOCATE.name)
    text = scene.some_text()
    if text is None or text.broken:
        return None
    question = say.phrase(rng, say.WHERE, x=say.quoted(rng, text.text, bare=0.15))
    return Question("box", question, _boxed(scene, scene.page.lines[text.index].box, text.text), task=LOCATE.name)
