"""The controls of a page, ready to be asked about."""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import cached_property

from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Listing
from kantu.synth.families.ui import phrases as say
from kantu.synth.page import Element
from kantu.tasks.results import Control, ControlKind, ControlState

LISTED = {"标签页": "tab", "菜单项": "menu_item", "单选框": "radio", "复选框": "checkbox", "菜单": "menu_item"}
"""What the rows of a `Listing` are called, and their kind of control."""
MOST_NAMED = 7  # labels in one answer


class Panel:
    """The controls of a page, ready to be asked about."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rng = scene.rng

    @cached_property
    def controls(self) -> list[Element]:
        return [each for each in self.scene.page.elements if each.kind in say.KINDS]

    def of(self, *kinds: str) -> list[Element]:
        return [each for each in self.controls if each.kind in kinds]

    @cached_property
    def single(self) -> list[Element]:
        """Controls whose label no other control has."""
        labels = [each.label for each in self.controls]
        return [each for each in self.controls if labels.count(each.label) == 1]

    def hit(self, x: float, y: float) -> list[Element]:
        """Controls at this point, in pixels."""
        return [e for e in self.controls if e.box[0] <= x <= e.box[2] and e.box[1] <= y <= e.box[3]]

    def lists(self) -> list[Listing]:
        """What can be counted through: lists of which the page has one of its kind."""
        found = [fact for fact in self.scene.facts(Listing) if fact.noun in LISTED]
        nouns = [LISTED[fact.noun] for fact in found]
        return [fact for fact in found if nouns.count(LISTED[fact.noun]) == 1 and self._whole(fact)]

    def _whole(self, fact: Listing) -> bool:
        return len(self.of(LISTED[fact.noun])) == len(fact.rows)

    def result(self, control: Element) -> Control:
        """The control as the tasks write it."""
        x1, y1, x2, y2 = self.scene.relative(control.box)
        state = say.STATES.get(control.state)
        return Control(
            kind=ControlKind(say.KINDS[control.kind]),
            label=control.label,
            state=ControlState(state) if state else None,
            bbox_2d=(x1, y1, x2, y2),
        )


def kind_word(rng: random.Random, kind: str) -> str:
    return rng.choice(say.SPOKEN[kind])


def some(panel: Panel, kinds: Sequence[str] = ()) -> Element | None:
    found = [each for each in panel.single if not kinds or each.kind in kinds]
    if not found:
        return None
    kind = panel.rng.choice(sorted({each.kind for each in found}))
    return panel.rng.choice([each for each in found if each.kind == kind])


def pointed(panel: Panel) -> tuple[Element, int, int] | None:
    """A control and a point of it, in thousandths, at which there is no other."""
    rng, control = panel.rng, some(panel)
    if control is None:
        return None
    x1, y1, x2, y2 = control.box
    x, y = x1 + (x2 - x1) * rng.uniform(0.25, 0.75), y1 + (y2 - y1) * rng.uniform(0.25, 0.75)
    left, top, _, _ = panel.scene.relative((x, y, x, y))
    return (control, left, top) if panel.hit(x, y) == [control] else None
