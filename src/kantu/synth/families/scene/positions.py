"""Questions about where things of a scene stand: in words, beside each other, in boxes."""

from __future__ import annotations

from kantu.synth.ask.scene import Scene
from kantu.synth.families.scene import phrases
from kantu.synth.families.scene.content import Thing, Told
from kantu.synth.page import Question
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import LOCATE
from kantu.tasks.results import Boxes, LabelledBox, written

_SIDES = {"左": -1, "右": 1}


def joined(words: list[str]) -> str:
    """A list as people write one: 猫、狗和鸟."""
    return "、".join(words[:-1]) + ("和" if len(words) > 1 else "") + words[-1] if words else ""


def _middle(thing: Thing) -> tuple[float, float]:
    x1, y1, x2, y2 = thing.box
    return (x1 + x2) / 2, (y1 + y2) / 2


def _third(share: float, names: tuple[str, str, str]) -> str | None:
    """The part of the picture; None where two people might call it differently."""
    for low, high, name in ((0.0, 0.3, names[0]), (0.4, 0.6, names[1]), (0.7, 1.0, names[2])):
        if low <= share <= high:
            return name
    return None


class Positions:
    """Asks where the things of one scene are."""

    def __init__(self, shown: Told) -> None:
        self.shown = shown

    def _now(self, scene: Scene) -> tuple[Thing, ...]:
        """The things with their boxes in the finished picture."""
        boxes = tuple(element.box for element in scene.page.elements if element.kind == "thing")
        return self.shown.boxed(boxes).things

    def _single(self, scene: Scene) -> Thing | None:
        """One that is the only one of its name."""
        alone = [thing for thing in self._now(scene) if self.shown.counts[thing.name] == 1]
        return scene.rng.choice(alone) if alone else None

    def where(self, scene: Scene) -> Question | None:
        """In which part of the picture it is."""
        rng, thing = scene.rng, self._single(scene)
        if thing is None:
            return None
        x, y = _middle(thing)
        across = _third(x / scene.page.image.width, ("左", "中", "右"))
        down = _third(y / scene.page.image.height, ("上", "中", "下"))
        if across is None:
            return None
        if rng.random() < 0.35 and across != "中":
            part = {"左": "左边", "右": "右边"}[across]
            forms = phrases.CHOICE_SIDE if rng.random() < 0.5 else phrases.WHERE
            kind = "choice" if forms is phrases.CHOICE_SIDE else "where"
            asked = worded(rng, forms, x=thing.name)
            return Question(kind, asked, rng.choice((f"在{part}。", f"{part}。", part)), (across,))
        if down is None:
            return None
        part = {
            ("左", "上"): "左上角", ("左", "下"): "左下角", ("右", "上"): "右上角", ("右", "下"): "右下角",
            ("中", "上"): "上方",
            ("中", "下"): "下方", ("左", "中"): "左边", ("右", "中"): "右边", ("中", "中"): "中间",
        }[across, down]  # fmt: skip
        value = part[:2] if part.endswith("角") else part if part == "中间" else part[:1]
        answer = told(rng, phrases.WHERE_ANSWERS, v=part, x=thing.name)
        return Question("where", worded(rng, phrases.WHERE, x=thing.name), answer, (value,))

    def side_of(self, scene: Scene) -> Question | None:
        """What is next to it on one side, where there is no doubt."""
        rng, thing = scene.rng, self._single(scene)
        if thing is None:
            return None
        side = rng.choice(tuple(_SIDES))
        sign = _SIDES[side]
        x, _ = _middle(thing)
        beside = sorted(
            (sign * (_middle(other)[0] - x), other.name)
            for other in self._now(scene)
            if other is not thing and sign * (_middle(other)[0] - x) > 0
        )
        clear = 0.12 * scene.page.image.width
        if (
            not beside
            or beside[0][0] < clear
            or any(distance < beside[0][0] + clear for distance, name in beside[1:] if name != beside[0][1])
        ):
            return None
        name = beside[0][1]
        level = next(each for each in self._now(scene) if each.name == name)
        if abs(_middle(level)[1] - _middle(thing)[1]) > 0.3 * scene.page.image.height:
            return None
        asked = worded(rng, phrases.SIDE_OF, x=thing.name, s=side)
        return Question("where", asked, told(rng, phrases.SIDE_ANSWERS[:3], v=name), (name,))

    def outermost(self, scene: Scene) -> Question | None:
        """What stands farthest to a side."""
        rng, things = scene.rng, self._now(scene)
        if len(things) < 2:
            return None
        side = rng.choice(tuple(_SIDES))
        ordered = sorted(things, key=lambda thing: -_SIDES[side] * _middle(thing)[0])
        if abs(_middle(ordered[0])[0] - _middle(ordered[1])[0]) < 0.06 * scene.page.image.width:
            return None
        name = ordered[0].name
        return Question(
            "where", worded(rng, phrases.OUTERMOST, s=side), rng.choice((f"{name}。", f"是{name}。")), (name,)
        )

    def _answer(self, scene: Scene, things: list[Thing]) -> str:
        found = []
        for thing in things:
            x1, y1, x2, y2 = scene.relative(thing.box)
            found.append(LabelledBox(bbox_2d=(x1, y1, x2, y2), label=thing.name))
        return written(Boxes(found))

    def box(self, scene: Scene) -> Question | None:
        """The box of the only one of its name."""
        thing = self._single(scene)
        if thing is None:
            return None
        asked = worded(scene.rng, phrases.BOX, x=thing.name)
        return Question("box", asked, self._answer(scene, [thing]), task=LOCATE.name)

    def box_all(self, scene: Scene) -> Question | None:
        """The boxes of all of one name, from left to right."""
        rng = scene.rng
        several = [name for name, count in self.shown.counts.items() if 2 <= count <= 6]
        if not several:
            return None
        name = rng.choice(several)
        found = [thing for thing in self._now(scene) if thing.name == name]
        asked = worded(rng, phrases.BOX_ALL, x=name, m=self.shown.kinds[name].measure)
        return Question("box", asked, self._answer(scene, found), task=LOCATE.name)

    def locate(self, scene: Scene) -> Question | None:
        """The same by the task's instruction."""
        if not self.shown.counts:
            return None
        name = scene.rng.choice(list(self.shown.counts))
        found = [thing for thing in self._now(scene) if thing.name == name]
        return Question("task", LOCATE.instruct(target=name), self._answer(scene, found), task=LOCATE.name)

    def at_box(self, scene: Scene) -> Question | None:
        """What is in this box."""
        rng, things = scene.rng, self._now(scene)
        if not things:
            return None
        thing = rng.choice(things)
        asked = worded(rng, phrases.AT_BOX, b=str(scene.relative(thing.box)).replace(" ", rng.choice(("", " "))))
        return Question(
            "at_box", asked, rng.choice((thing.name, f"{thing.name}。", f"是{thing.name}。")), (thing.name,)
        )

    def size(self, scene: Scene) -> Question | None:
        """What looks largest or smallest, by far."""
        rng = scene.rng
        ordered = sorted(
            self._now(scene), key=lambda thing: (thing.box[2] - thing.box[0]) * (thing.box[3] - thing.box[1])
        )
        if len(ordered) < 2:
            return None
        areas = [(thing.box[2] - thing.box[0]) * (thing.box[3] - thing.box[1]) for thing in ordered]
        if areas[-1] > 1.8 * areas[-2]:
            word, name = "大", ordered[-1].name
        elif areas[0] * 1.8 < areas[1]:
            word, name = "小", ordered[0].name
        else:
            return None
        return Question("compare", worded(rng, phrases.LARGEST, w=word), rng.choice((f"{name}。", name)), (name,))
