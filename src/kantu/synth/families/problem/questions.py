"""What pages of problems are asked for: answers, how to get there, what is printed, what was filled in, where it is."""

from __future__ import annotations

import json
import random
import re
from dataclasses import dataclass, replace

from kantu.synth.ask import fields, places, texts
from kantu.synth.ask.generic import Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.families.problem import phrases
from kantu.synth.families.problem.sums import Problem
from kantu.synth.page import Question
from kantu.synth.words.phrases import quoted
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import EXTRACT, LOCATE, PROBLEM, READ
from kantu.tasks.results import ProblemResult, written

_CHINESE = ("零", "一", "二", "三", "四", "五", "六", "七", "八", "九", "十", "十一", "十二", "十三", "十四", "十五")
_UNIT = re.compile(r"多少(?P<unit>[一-鿿]{1,4})？$")


@dataclass(frozen=True)
class Placed:
    """A problem on the page: its number as printed (0: none), and what a pupil has filled in ("" for nothing)."""

    problem: Problem
    number: int
    filled: str

    @property
    def correct(self) -> bool:
        """Whether what is filled in is the answer."""
        return self.filled == self.problem.answer


class ProblemQuestions:
    """Makes the questions about the problems of one page, in the order in which they are placed."""

    def __init__(self, placed: tuple[Placed, ...]) -> None:
        self.placed = placed

    def first(self, rng: random.Random) -> list[Asker]:
        """What every page is asked before all else."""
        return rng.sample([self.answer, self.answer, self.transcribe, self.steps], 2)

    def all(self) -> Weighted:
        """Problems' own questions and the generic ones that suit them."""
        return (
            (self.answer, 7.0), (self.steps, 2.2), (self.transcribe, 3.0), (self.option, 0.5), (self.either, 0.8),
            (self.count, 0.7), (self.filled, 1.0), (self.check, 1.0), (self.record, 0.8), (self.vague, 0.7),
            (self.typed, 1.5), (self.read, 0.4), (self.box, 1.3), (self.absent, 1.1), (self.field, 0.8),
            (self.title, 0.5), (places.at_box, 1.0), (places.where, 0.6), (texts.present, 0.4),
            (texts.edge_row, 0.2), (texts.transcribe_page, 0.7), (fields.unanswerable, 0.25),
        )  # fmt: skip

    def _which(self, scene: Scene, problems: tuple[Placed, ...]) -> tuple[Placed, str] | None:
        """One of these problems and words for it; None where nothing but its text could name it."""
        rng = scene.rng
        if not problems:
            return None
        placed = rng.choice(problems)
        if len(self.placed) == 1:
            return placed, rng.choice(phrases.ONLY)
        if not placed.number:
            return None
        words = placed.number < len(_CHINESE) and rng.random() < 0.2
        form = rng.choice(phrases.WHICH_WORDS if words else phrases.WHICH)
        return placed, form.format(n=placed.number, c=_CHINESE[placed.number] if words else "")

    def answer(self, scene: Scene) -> Question | None:
        """The answer of a problem that takes one small step."""
        rng = scene.rng
        small = tuple(placed for placed in self.placed if placed.problem.small)
        found = self._which(scene, small)
        if found is None or (found[0].problem.text.endswith("=") and rng.random() < 0.12):
            return self._quoted(scene, small)
        placed, which = found
        problem = placed.problem
        asked = worded(rng, _forms(problem), w=which, x=problem.answer.partition("=")[0])
        return Question("answer", asked, _short(rng, problem), (problem.value,))

    def _quoted(self, scene: Scene, small: tuple[Placed, ...]) -> Question | None:
        """The same, for a sum named by what is printed of it."""
        sums = [placed.problem for placed in small if placed.problem.text.endswith("=")]
        if not sums:
            return None
        rng = scene.rng
        problem = rng.choice(sums)
        shown = problem.text.rstrip("=") if rng.random() < 0.6 else problem.text
        asked = worded(rng, phrases.QUOTED, q=quoted(rng, shown, bare=0.7))
        return Question("answer", asked, _short(rng, problem), (problem.value,))

    def steps(self, scene: Scene) -> Question | None:
        """How it is worked out, step by step."""
        rng = scene.rng
        found = self._which(scene, self.placed)
        if found is None:
            return None
        placed, which = found
        problem = placed.problem
        asked = worded(rng, phrases.STEPS, w=which)
        answer = told(rng, phrases.STEP_ANSWERS, s="，".join(problem.steps), v=problem.answer)
        if problem.value not in answer:
            answer += f"，{problem.answer}"
        return Question("steps", asked, answer, (problem.value,))

    def transcribe(self, scene: Scene) -> Question | None:
        """What a problem says, without its number."""
        found = self._which(scene, self.placed)
        if found is None:
            return None
        placed, which = found
        text = _printed(placed.problem)
        return Question("transcribe", worded(scene.rng, phrases.TRANSCRIBE, w=which), text, (), READ.name)

    def option(self, scene: Scene) -> Question | None:
        """What an option says."""
        rng = scene.rng
        found = self._which(scene, tuple(placed for placed in self.placed if placed.problem.options))
        if found is None:
            return None
        placed, which = found
        letter = rng.choice("ABCD")
        text = placed.problem.options["ABCD".index(letter)]
        return Question("field", worded(rng, phrases.OPTION, w=which, o=letter), text, (text,))

    def either(self, scene: Scene) -> Question | None:
        """Which of two offered answers is right."""
        rng = scene.rng
        found = self._which(scene, tuple(placed for placed in self.placed if placed.problem.small))
        if found is None:
            return None
        placed, which = found
        right = placed.problem.value
        if right in "ABCD":
            wrong = rng.choice([letter for letter in "ABCD" if letter != right])
        elif right in ("对", "错"):
            wrong = "错" if right == "对" else "对"
        elif right in "<>=":
            wrong = rng.choice([sign for sign in "<>=" if sign != right])
        elif right.isdigit():
            wrong = str(max(int(right) + rng.choice((-10, -2, -1, 1, 2, 5, 10)), 0))
        else:
            return None
        if wrong == right:
            return None
        a, b = rng.sample((right, wrong), 2)
        return Question("choice", worded(rng, phrases.EITHER, w=which, a=a, b=b), right, (right,))

    def count(self, scene: Scene) -> Question | None:
        """How many problems there are."""
        number = str(len(self.placed))
        return Question(
            "count", worded(scene.rng, phrases.COUNT), told(scene.rng, phrases.COUNT_ANSWERS, v=number), (number,)
        )

    def filled(self, scene: Scene) -> Question | None:
        """What was filled in, right or wrong."""
        found = self._which(scene, tuple(placed for placed in self.placed if placed.filled))
        if found is None:
            return None
        placed, which = found
        asked = worded(scene.rng, phrases.FILLED, w=which)
        return Question("field", asked, told(scene.rng, phrases.PLAIN_ANSWERS[:4], v=placed.filled), (placed.filled,))

    def check(self, scene: Scene) -> Question | None:
        """Whether what was filled in is right."""
        rng = scene.rng
        found = self._which(scene, tuple(placed for placed in self.placed if placed.filled))
        if found is None:
            return None
        placed, which = found
        asked = worded(rng, phrases.CHECK, w=which)
        if placed.correct:
            return Question("choice", asked, rng.choice(("对。", "对", "做对了。")), ("对",), forbidden=("不对", "错"))
        answer = rng.choice(("错了，应该是{v}。", "做错了，是{v}。", "错，正确答案是{v}。")).format(
            v=placed.problem.answer
        )
        return Question("choice", asked, answer, ("错",))

    def record(self, scene: Scene) -> Question | None:
        """The answers of some small problems as JSON."""
        rng = scene.rng
        small = [placed for placed in self.placed if placed.problem.small and placed.number]
        if len(small) < 2 or len(self.placed) == 1:
            return None
        chosen = sorted(rng.sample(small, rng.randint(2, min(4, len(small)))), key=lambda placed: placed.number)
        record = {f"第{placed.number}题": placed.problem.answer for placed in chosen}
        asked = worded(rng, phrases.RECORD, w="、".join(record))
        return Question("record", asked, json.dumps(record, ensure_ascii=False), tuple(record.values()), EXTRACT.name)

    def vague(self, scene: Scene) -> Question | None:
        """A question that says nothing: a lone problem is worked out, of several it is said how many there are."""
        how = scene.rng.random() < 0.6
        asked = worded(scene.rng, phrases.HOW if how else phrases.WHAT)
        if len(self.placed) == 1:
            problem = self.placed[0].problem
            answer = told(scene.rng, phrases.STEP_ANSWERS[:1], s="，".join(problem.steps), v=problem.answer)
            answer = answer if how else f"这是一道数学题，{answer}"
            return Question("vague", asked, answer, (problem.value,))
        number = str(len(self.placed))
        answer = scene.rng.choice(
            ("图里有{n}道数学题，请问要看哪一道？", "这是一页数学题，共{n}道，您想问第几题？")
        ).format(n=number)
        return Question("vague", asked, answer, (number,))

    def typed(self, scene: Scene) -> Question | None:
        """The task's own instruction, where one problem only can be meant."""
        if len(self.placed) > 1:
            return None
        problem = self.placed[0].problem
        result = ProblemResult(transcription=_printed(problem), steps=list(problem.steps), answer=problem.answer)
        return Question("task", PROBLEM.instruct(), written(result), (problem.value,), PROBLEM.name)

    def read(self, scene: Scene) -> Question | None:
        """The whole page under the task's own instruction, when it is short."""
        asked = texts.transcribe_page(scene)
        return replace(asked, kind="task", question=READ.instruct()) if asked else None

    def box(self, scene: Scene) -> Question | None:
        """Where a problem is, with its number and options."""
        found = self._which(scene, self.placed)
        if found is None:
            return None
        placed, which = found
        elements = [element for element in scene.page.elements if element.kind == "problem"]
        box = elements[self.placed.index(placed)].box
        label = f"第{placed.number}题" if len(self.placed) > 1 else "题目"
        boxes = [{"bbox_2d": scene.relative(box), "label": label}]
        return Question(
            "box", worded(scene.rng, phrases.BOX, w=which), json.dumps(boxes, ensure_ascii=False), task=LOCATE.name
        )

    def absent(self, scene: Scene) -> Question | None:
        """A problem with a number that none has."""
        rng = scene.rng
        if not all(placed.number for placed in self.placed) or len(self.placed) < 2:
            return None
        number = len(self.placed) + rng.randint(1, 12)
        which = rng.choice(phrases.WHICH).format(n=number)
        asked = worded(rng, rng.choice((phrases.ANSWER, phrases.STEPS, phrases.TRANSCRIBE)), w=which)
        answer = told(rng, phrases.ABSENT_ANSWERS, n=str(number), c=str(len(self.placed)))
        return Question("unanswerable", asked, answer, absent=True)

    def field(self, scene: Scene) -> Question | None:
        """A labelled value at the head of the page."""
        asked = fields.value(scene)
        return replace(asked, kind="field") if asked else None

    def title(self, scene: Scene) -> Question | None:
        """The page's title."""
        asked = fields.marked(scene)
        if asked is None or asked.kind != "title":
            return None
        return replace(asked, question=worded(scene.rng, phrases.TITLE))


def _forms(problem: Problem) -> tuple[str, ...]:
    forms = {
        "choice": phrases.ANSWER_CHOICE,
        "compare": phrases.ANSWER_COMPARE,
        "judge": phrases.ANSWER_JUDGE,
        "equation": phrases.ANSWER_X,
    }
    return forms.get(problem.sort, phrases.ANSWER)


def _short(rng: random.Random, problem: Problem) -> str:
    """A short right answer in the way its sort is answered."""
    if problem.sort in ("choice", "judge"):
        return told(
            rng, phrases.CHOICE_ANSWERS if problem.sort == "choice" else phrases.PLAIN_ANSWERS[:4], v=problem.answer
        )
    if problem.sort == "compare":
        return told(rng, phrases.SIGN_ANSWERS, v=problem.answer)
    if problem.sort == "story":
        unit = _UNIT.search(problem.text)
        return told(rng, phrases.STORY_ANSWERS, v=problem.answer, u=unit["unit"] if unit else "", s=problem.steps[-1])
    return told(rng, phrases.PLAIN_ANSWERS[:6] if "=" in problem.answer else phrases.PLAIN_ANSWERS, v=problem.answer)


def _printed(problem: Problem) -> str:
    """What is printed of a problem, its options under it."""
    told_options = [f"{letter}. {text}" for letter, text in zip("ABCD", problem.options, strict=False)]
    return "\n".join([problem.text, " ".join(told_options)] if told_options else [problem.text])
