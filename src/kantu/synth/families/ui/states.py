"""Questions about how controls stand: on, off, selected, ticked, greyed, empty."""

from __future__ import annotations

from kantu.synth.ask.scene import Scene
from kantu.synth.families.ui import phrases as say
from kantu.synth.families.ui.panel import MOST_NAMED, Panel, kind_word, some
from kantu.synth.page import Element, Question
from kantu.synth.words.phrases import quoted
from kantu.synth.words.wording import told, worded


def is_on(scene: Scene) -> Question | None:
    """Whether a switch is on."""
    panel, rng = Panel(scene), scene.rng
    control = some(panel, ("switch",))
    if control is None:
        return None
    answers = {"on": say.ON_ANSWERS, "off": say.OFF_ANSWERS, "disabled": say.STUCK_ANSWERS}[control.state]
    value, forbidden = {"on": ("开", ("关", "没", "未")), "off": ("关", ("开着", "已开")), "disabled": ("禁用", ())}[
        control.state
    ]
    asked = worded(rng, say.IS_ON, x=quoted(rng, control.label))
    told_ = told(rng, answers, l=control.label)
    if any(bad in told_ for bad in forbidden):  # a label may contain it
        told_ = value + "着。"
    return Question("state", asked, told_, (value,), forbidden=tuple(f for f in forbidden if f not in control.label))


def _listing(scene: Scene, chosen: list[Element], others: list[Element], patterns: tuple[str, ...]) -> Question | None:
    """Those controls that stand in some way, by their labels."""
    rng = scene.rng
    labels = tuple(each.label for each in chosen)
    if len(labels) > MOST_NAMED or len(set(labels)) < len(labels):
        return None
    asked = worded(rng, patterns)
    if not labels:
        return Question("state", asked, rng.choice(say.NONE_ANSWERS), ("没有",)) if rng.random() < 0.5 else None
    answer = told(rng, say.LIST_ANSWERS, v="、".join(labels))
    forbidden = tuple(dict.fromkeys(each.label for each in others if each.kind != "icon" and each.label not in answer))
    return Question("state", asked, answer, labels, forbidden=forbidden)


def which_on(scene: Scene) -> Question | None:
    """Which switches are on, or off."""
    switches = Panel(scene).of("switch")
    if not switches or any(each.state == "disabled" for each in switches):
        return None
    on = [each for each in switches if each.state == "on"]
    off = [each for each in switches if each.state == "off"]
    if scene.rng.random() < 0.6:
        return _listing(scene, on, off, say.WHICH_ON)
    return _listing(scene, off, on, say.WHICH_OFF)


def which_tab(scene: Scene) -> Question | None:
    """Which tab is selected, where there is one row of tabs."""
    chosen = [each for each in Panel(scene).of("tab") if each.state == "selected"]
    if len(chosen) != 1:
        return None
    label = chosen[0].label
    return Question("state", worded(scene.rng, say.WHICH_TAB), told(scene.rng, say.TAB_ANSWERS, v=label), (label,))


def which_ticked(scene: Scene) -> Question | None:
    """What is ticked or chosen."""
    panel, rng = Panel(scene), scene.rng
    boxes, radios = panel.of("checkbox"), panel.of("radio")
    if boxes and radios:
        return None
    on = [each for each in boxes or radios if each.state == "selected"]
    off = [each for each in boxes or radios if each.state == "unselected"]
    if radios:
        return _listing(scene, on, off, say.WHICH_RADIO) if len(on) == 1 else None
    if not boxes:
        return None
    if rng.random() < 0.65:
        return _listing(scene, on, off, say.WHICH_TICKED)
    return _listing(scene, off, on, say.WHICH_UNTICKED)


def is_ticked(scene: Scene) -> Question | None:
    """Whether one option is chosen."""
    rng, control = scene.rng, some(Panel(scene), ("checkbox", "radio"))
    if control is None:
        return None
    on = control.state == "selected"
    answer = told(rng, say.TICKED_ANSWERS if on else say.UNTICKED_ANSWERS, l=control.label)
    forbidden = tuple(word for word in ("没", "未") if on and word not in answer)
    value = "选中" if on else next(word for word in ("没有选中", "未选中", "没选中", "没有") if word in answer)
    return Question(
        "state", worded(rng, say.IS_TICKED, x=quoted(rng, control.label)), answer, (value,), forbidden=forbidden
    )


def which_disabled(scene: Scene) -> Question | None:
    """What cannot be pressed."""
    panel, rng = Panel(scene), scene.rng
    kinds = sorted({each.kind for each in panel.controls if each.state == "disabled"})
    if not kinds:
        return None
    kind = rng.choice(kinds)
    stuck = [each for each in panel.of(kind) if each.state == "disabled"]
    free = [each for each in panel.of(kind) if each.state != "disabled"]
    patterns = tuple(pattern.replace("{k}", kind_word(rng, kind)) for pattern in say.WHICH_DISABLED)
    return _listing(scene, stuck, free, patterns)


def which_empty(scene: Scene) -> Question | None:
    """What has not been filled in."""
    inputs = Panel(scene).of("input")
    empty = [each for each in inputs if each.state == "empty"]
    if not empty or len(inputs) < 2:
        return None
    return _listing(scene, empty, [each for each in inputs if each.state != "empty"], say.WHICH_EMPTY)


def choice(scene: Scene) -> Question | None:
    """One of two wordings for how something stands."""
    rng, control = scene.rng, some(Panel(scene), ("switch", "checkbox", "radio"))
    if control is None or control.state == "disabled":
        return None
    yes, no = rng.choice(say.ON_WORDS if control.kind == "switch" else say.TICK_WORDS)
    answer, other = (yes, no) if control.state in ("on", "selected") else (no, yes)
    first_, second = rng.sample((yes, no), 2)
    asked = worded(rng, say.CHOICE, x=quoted(rng, control.label), a=first_, b=second)
    forbidden = () if other in answer or other in control.label else (other,)
    return Question("choice", asked, answer, (answer,), forbidden=forbidden)
