"""What a scene is asked: which things, how many, what they do, of what colour they are, what is not there."""

from __future__ import annotations

import random

from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.families.scene import phrases
from kantu.synth.families.scene.backdrop import PLACES
from kantu.synth.families.scene.content import Told, confusable
from kantu.synth.families.scene.positions import Positions, joined
from kantu.synth.families.scene.sayings import matching
from kantu.synth.page import Question
from kantu.synth.words.pictures import CATEGORY_MEASURES, Pictured, pictured
from kantu.synth.words.wording import told, worded

_ASKED_FOR = ("动物", "水果", "蔬菜", "车", "交通工具", "花", "人", "乐器", "球", "饮料", "建筑", "衣物", "表情", "鸟")
"""Categories of which everybody agrees what belongs to them."""
_LIVING = ("动物", "人")


class SceneQuestions:
    """Makes the questions about one scene."""

    def __init__(self, shown: Told) -> None:
        self.shown = shown
        self.positions = Positions(shown)

    def first(self, rng: random.Random) -> list[Asker]:
        """What every scene is asked before all else."""
        return [self.which, rng.choice((self.how_many, self.which_doing, self.doing))]

    def all(self) -> Weighted:
        """Everything a scene can be asked, with weights."""
        here = self.positions
        return (
            (self.which, 2.5), (self.which_doing, 1.5), (self.which_all, 1.0), (self.is_there, 1.6), (self.vague, 0.6),
            (self.how_many, 3.0), (self.how_many_category, 1.2), (self.how_many_all, 0.4), (self.each, 1.0),
            (self.kinds, 0.4), (self.doing, 2.0), (self.who_does, 0.8), (self.color, 1.0), (self.by_color, 0.5),
            (self.place, 1.4), (self.more, 1.3), (self.most, 0.7), (self.sum, 0.7), (self.choice, 1.6),
            (self.unanswerable, 1.5), (self.not_here, 0.7), (matching(self.shown), 0.8),
            (here.where, 1.6), (here.side_of, 1.2), (here.outermost, 0.8), (here.box, 1.6), (here.box_all, 0.7),
            (here.at_box, 1.2), (here.locate, 0.8), (here.size, 0.5),
        )  # fmt: skip

    def _called(self, rng: random.Random, name: str) -> str:
        """A word people use for it."""
        others = self.shown.kinds[name].others
        return rng.choice(others) if others and rng.random() < 0.3 else name

    def _absent(self, rng: random.Random, *, like: str = "") -> Pictured:
        """Something that is not there and that nothing there could be called."""
        whole = pictured()
        near = [each for each in whole if not like or like in each.categories]
        present = list(self.shown.kinds.values())
        while True:
            each = rng.choice(near if near and rng.random() < 0.7 else whole)
            if not any(confusable(each, other) for other in present):
                return each

    def _categories(self) -> list[str]:
        return [category for category in _ASKED_FOR if self.shown.of(category)]

    def _where(self, rng: random.Random) -> str:
        return rng.choice(self.shown.place.names) if self.shown.place.names else ""

    def which(self, scene: Scene) -> Question | None:
        """Which things of a category there are; where there are none, the answer says so."""
        rng, found = scene.rng, self._categories()
        if not found:
            return self.which_all(scene)
        category = rng.choice(found)
        names = self.shown.of(category)
        counted = rng.random() < 0.3
        listed = joined([self._counted(name) if counted else name for name in names])
        answer = told(rng, ("{v}。", "有{v}。", "图里有{v}。", "{v}", "图中有{v}。"), v=listed)
        return Question("which", worded(rng, phrases.WHICH, c=category), answer, tuple(names))

    def which_all(self, scene: Scene) -> Question | None:
        """All the things there are."""
        rng, names = scene.rng, list(self.shown.counts)
        if not names or len(names) > 6:
            return None
        answer = told(rng, ("{v}。", "有{v}。", "图里有{v}。", "{v}"), v=joined(names))
        return Question("which", worded(rng, phrases.WHICH_ALL), answer, tuple(names))

    def which_doing(self, scene: Scene) -> Question | None:
        """Which animals there are and what they are doing, or at least where they are."""
        rng, names = scene.rng, self.shown.of("动物")
        if not names:
            return None
        acts = [(name, self.shown.kinds[name].doing) for name in names]
        said = [f"{name}在{doing[0]}" for name, doing in acts if doing]
        parts = [f"有{joined([self._counted(name) for name in names])}"]
        if said:
            parts += said
        elif self.shown.place.at:
            parts.append(f"{'都' if len(names) > 1 else ''}在{self.shown.place.at}")
        else:
            parts.append("看不出在做什么")
        asked = worded(rng, phrases.WHICH_ANIMALS_DOING)
        return Question("which", asked, "，".join(parts) + "。", tuple(names))

    def _counted(self, name: str) -> str:
        return f"{self.shown.counts[name]}{self.shown.kinds[name].measure}{name}"

    def vague(self, scene: Scene) -> Question | None:
        """The picture in a sentence."""
        rng, names = scene.rng, list(self.shown.counts)
        if not 0 < len(names) <= 5:
            return None
        where, listed = self._where(rng), joined([self._counted(name) for name in names])
        start = (
            rng.choice((f"背景是{where}，有", f"{where}的图，画着")) if where else rng.choice(("图里有", "有", "画着"))
        )
        return Question("vague", worded(rng, phrases.VAGUE), f"{start}{listed}。", tuple(names))

    def is_there(self, scene: Scene) -> Question | None:
        """Is there one? Half of the time there is not."""
        rng = scene.rng
        if rng.random() < 0.5 and self.shown.counts:
            name = rng.choice(list(self.shown.counts))
            measure, count = self.shown.kinds[name].measure, self.shown.counts[name]
            answer = told(rng, phrases.THERE_IS, n=str(count), m=measure, x=name)
            asked = worded(rng, phrases.IS_THERE, x=self._called(rng, name))
            return Question("which", asked, answer, (f"{count}{measure}{name}",))
        kinds = list(self.shown.kinds.values())
        absent = self._absent(rng, like=rng.choice(kinds).categories[0] if kinds else "动物")
        x = rng.choice((absent.name, absent.name, *absent.others))
        return Question("which", worded(rng, phrases.IS_THERE, x=x), told(rng, phrases.THERE_IS_NOT, x=x), absent=True)

    def how_many(self, scene: Scene) -> Question | None:
        """How many of one name."""
        if not self.shown.counts:
            return None
        rng = scene.rng
        name = rng.choice(list(self.shown.counts))
        return self._number(rng, self._called(rng, name), self.shown.kinds[name].measure, self.shown.counts[name])

    def how_many_category(self, scene: Scene) -> Question | None:
        """How many of a category, of whatever names."""
        rng, found = scene.rng, self._categories()
        if not found:
            return None
        category = rng.choice(found)
        number = sum(self.shown.counts[name] for name in self.shown.of(category))
        return self._number(rng, category, CATEGORY_MEASURES[category], number)

    def how_many_all(self, scene: Scene) -> Question | None:
        """How many things in all."""
        rng, number = scene.rng, len(self.shown.things)
        answer = rng.choice((f"{number}个。", f"一共{number}个。", f"{number}个"))
        return Question("how_many", worded(rng, phrases.HOW_MANY_ALL), answer, (str(number),))

    def _number(self, rng: random.Random, called: str, measure: str, number: int) -> Question:
        asked = worded(rng, phrases.HOW_MANY, x=called, m=measure)
        return Question(
            "how_many", asked, told(rng, phrases.COUNT_ANSWERS, n=str(number), m=measure, x=called), (str(number),)
        )

    def each(self, scene: Scene) -> Question | None:
        """How many of each."""
        rng, found = scene.rng, self._categories()
        category = rng.choice(found) if found and rng.random() < 0.6 else ""
        names = self.shown.of(category) if category else list(self.shown.counts)
        if not 2 <= len(names) <= 5:
            return None
        listed = [self._counted(name) for name in names]
        measure = CATEGORY_MEASURES.get(category, "个")
        asked = worded(rng, phrases.EACH, c=category or "东西", m=measure)
        return Question("how_many", asked, joined(listed) + "。", tuple(listed))

    def kinds(self, scene: Scene) -> Question | None:
        """How many different ones of a category."""
        rng, found = scene.rng, self._categories()
        if not found:
            return None
        category = rng.choice(found)
        number = len(self.shown.of(category))
        asked = worded(rng, phrases.KINDS, c=category)
        return Question(
            "how_many", asked, rng.choice((f"{number}种。", f"有{number}种。", f"{number}种")), (str(number),)
        )

    def doing(self, scene: Scene) -> Question | None:
        """What one of them, or all people, are doing."""
        rng, kinds = scene.rng, self.shown.kinds
        busy = [name for name in self.shown.counts if kinds[name].doing]
        if not busy:
            return self._still(scene)
        people = self.shown.of("人")
        if people and set(people) <= set(busy) and rng.random() < 0.6:
            acts = [kinds[name].doing[0] for name in people]
            answer = told(rng, phrases.DOING_ANSWERS[:3], v=joined(acts))
            return Question("doing", worded(rng, phrases.DOING_PEOPLE), answer, tuple(acts))
        name = rng.choice(busy)
        act = kinds[name].doing[0]
        called = self._called(rng, name)
        if act in called:  # 跑步的人在做什么 tells what it asks
            if len(people) > 1 or name not in people:
                return None
            called = rng.choice(("人", "这个人", "图里的人"))
        answer = told(rng, phrases.DOING_ANSWERS, v=act, x=called)
        return Question("doing", worded(rng, phrases.DOING, x=called), answer, (act,))

    def _still(self, scene: Scene) -> Question | None:
        """Of what only stands there the picture tells where, and not what it does."""
        rng = scene.rng
        living = [name for name in self.shown.of("动物") if not self.shown.kinds[name].doing]
        if not living or not self.shown.place.names:
            return None
        name, at = rng.choice(living), self.shown.place.at
        answer = rng.choice((f"在{at}。", f"{name}在{at}。", f"待在{at}。"))
        return Question(
            "doing",
            worded(rng, phrases.DOING, x=self._called(rng, name)),
            answer,
            (self.shown.place.at.removesuffix("上"),),
        )

    def who_does(self, scene: Scene) -> Question | None:
        """Who is doing it, or whether anybody is."""
        rng, kinds = scene.rng, self.shown.kinds
        busy = [name for name in self.shown.counts if kinds[name].doing and "人" in kinds[name].categories]
        if busy and rng.random() < 0.55:
            name = rng.choice(busy)
            number, act = self.shown.counts[name], rng.choice(kinds[name].doing)
            asked = worded(rng, phrases.DOES_ANYONE, v=act)
            answer = rng.choice((f"有，{number}个人在{act}。", f"有{number}个人在{act}。", f"有，{number}个人。"))
            return Question("doing", asked, answer, (f"{number}个人",))
        acts = {act for each in pictured() if "人" in each.categories for act in each.doing}
        acts -= {act for name in self.shown.counts for act in kinds[name].doing}
        taken = "".join("".join(kinds[name].doing) for name in self.shown.counts)
        act = rng.choice(sorted(act for act in acts if act not in taken and act[-1] not in taken))
        answer = rng.choice((f"没有人在{act}。", f"没有，图里没有人在{act}。", f"没有，看不到有人{act}。"))
        return Question("doing", worded(rng, phrases.DOES_ANYONE, v=act), answer, absent=True)

    def color(self, scene: Scene) -> Question | None:
        """The colour of something that has one."""
        rng = scene.rng
        able = [n for n in self.shown.counts if self.shown.kinds[n].color and self.shown.kinds[n].color[0] not in n]
        if not able:
            return None
        name = rng.choice(able)
        color = self.shown.kinds[name].color
        answer = rng.choice((f"{color}。", color, f"{color}的。", f"{name}是{color}的。"))
        return Question("color", worded(rng, phrases.COLOR, x=self._called(rng, name)), answer, (color,))

    def by_color(self, scene: Scene) -> Question | None:
        """What is of a colour, where every colour of the scene is known."""
        rng, kinds = scene.rng, self.shown.kinds
        if not kinds or not all(each.color for each in kinds.values()):
            return None
        color = rng.choice([each.color for each in kinds.values()])
        names = [name for name in self.shown.counts if kinds[name].color == color]
        return Question("color", worded(rng, phrases.BY_COLOR, k=color), joined(names) + "。", tuple(names))

    def place(self, scene: Scene) -> Question | None:
        """What the backdrop is."""
        rng, names = scene.rng, self.shown.place.names
        if not names:
            return None
        answer = told(rng, phrases.PLACE_ANSWERS, v=names[0])
        return Question("background", worded(rng, phrases.PLACE), answer, (names[0],))

    def _two(self, rng: random.Random) -> tuple[str, str] | None:
        names = list(self.shown.counts)
        if len(names) < 2:
            return None
        first, second = rng.sample(names, 2)
        return first, second

    def more(self, scene: Scene) -> Question | None:
        """Which of two there are more of."""
        rng, two = scene.rng, self._two(scene.rng)
        if two is None:
            return None
        a, b = two
        many = rng.random() < 0.7
        word = "多" if many else "少"
        asked = worded(rng, phrases.MORE, x=self._called(rng, a), y=self._called(rng, b), w=word)
        x, y = self.shown.counts[a], self.shown.counts[b]
        if x == y:
            measure = self.shown.kinds[a].measure
            return Question("compare", asked, told(rng, phrases.SAME, n=f"{x}{measure}"), ("一样多",))
        winner = a if (x > y) == many else b
        return Question("compare", asked, told(rng, phrases.MORE_ANSWERS, v=winner, w=word), (winner,))

    def most(self, scene: Scene) -> Question | None:
        """What there is most or least of."""
        rng, counts = scene.rng, self.shown.counts
        if len(counts) < 3:
            return None
        many = rng.random() < 0.7
        best = (max if many else min)(counts.values())
        names = [name for name, number in counts.items() if number == best]
        if len(names) > 1:
            return None
        asked = worded(rng, phrases.MOST if many else phrases.FEWEST, c=rng.choice(("", "东西")))
        answer = rng.choice((f"{names[0]}。", names[0], f"{names[0]}，有{self._counted(names[0])}。"))
        return Question("compare", asked, answer, (names[0],))

    def sum(self, scene: Scene) -> Question | None:
        """Two of them together."""
        rng, two = scene.rng, self._two(scene.rng)
        if two is None:
            return None
        a, b = two
        x, y = self.shown.counts[a], self.shown.counts[b]
        measure = self.shown.kinds[a].measure
        asked = worded(rng, phrases.SUM, x=a, y=b, m=measure if measure == self.shown.kinds[b].measure else "个")
        return Question("arithmetic", asked, rng.choice((f"{x}+{y}={x + y}", f"{x}+{y}={x + y}。")), (str(x + y),))

    def choice(self, scene: Scene) -> Question | None:
        """One of two offered: what it is, where, how many."""
        rng = scene.rng
        form = rng.random()
        if form < 0.3 and self.shown.place.names:
            right = rng.choice(self.shown.place.names)
            wrong = rng.choice(
                [name for place, _ in PLACES for name in place.names if name not in self.shown.place.names]
            )
            return self._chosen(rng, phrases.CHOICE_PLACE, right, wrong)
        if not self.shown.counts:
            return None
        name = rng.choice(list(self.shown.counts))
        if form < 0.6:
            number, measure = self.shown.counts[name], self.shown.kinds[name].measure
            other = max(number + rng.choice((-2, -1, 1, 2)), 0) or number + 1
            offered = [str(number), str(other)]
            rng.shuffle(offered)
            asked = worded(rng, phrases.CHOICE_COUNT, x=name, m=measure, a=offered[0], b=offered[1])
            answer = told(rng, phrases.CHOICE_ANSWERS, v=f"{number}{measure}")
            return Question("choice", asked, answer, (f"{number}{measure}",))
        wrong = self._absent(rng, like=self.shown.kinds[name].categories[0]).name
        return self._chosen(rng, phrases.CHOICE, name, wrong)

    def _chosen(self, rng: random.Random, forms: tuple[str, ...], right: str, wrong: str) -> Question:
        offered = [right, wrong]
        rng.shuffle(offered)
        asked = worded(rng, forms, a=offered[0], b=offered[1])
        return Question("choice", asked, told(rng, phrases.CHOICE_ANSWERS, v=right), (right,))

    def unanswerable(self, scene: Scene) -> Question | None:
        """What no picture of this kind tells: names, prices, ages, and where nothing is written, words."""
        rng = scene.rng
        if rng.random() < 0.3 and not scene.page.lines:
            answers, forms = phrases.NOT_SHOWN
            return Question("unanswerable", worded(rng, forms), told(rng, answers), absent=True)
        if not self.shown.counts:
            return None
        name = rng.choice(list(self.shown.counts))
        what, noun = rng.choice(phrases.OF_SOMETHING)
        asked = worded(rng, ("[图里的|图中的|这{m}|]{x}" + what,), x=name, m=self.shown.kinds[name].measure)
        return Question("unanswerable", asked, told(rng, phrases.CANNOT_TELL, x=name, n=noun), absent=True)

    def not_here(self, scene: Scene) -> Question | None:
        """Where something is, what it does or what colour it is that is not there."""
        rng = scene.rng
        absent = self._absent(rng, like=rng.choice(_LIVING))
        forms = rng.choice((phrases.WHERE, phrases.DOING, phrases.COLOR, phrases.BOX[:3]))
        asked = worded(rng, forms, x=absent.name, m=absent.measure)
        return Question("unanswerable", asked, told(rng, phrases.NOT_HERE, x=absent.name), absent=True)
