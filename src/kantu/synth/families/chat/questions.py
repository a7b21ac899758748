"""Questions about a chat: who said what, what came after it, when, how often."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from itertools import pairwise

from kantu.synth.ask import fields, places
from kantu.synth.ask.generic import GENERIC, Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.families.chat import phrases as say
from kantu.synth.families.chat.record import Message
from kantu.synth.families.chat.shown import Shown
from kantu.synth.page import Question
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.phrases import quoted
from kantu.synth.words.wording import told, worded
from kantu.tasks.builtin import EXTRACT, LOCATE, READ

_DIGITS = "一二三四五六七八九十"
_WHOLE = 14  # characters of a message that is quoted to its end
_MOST_READ = 120  # characters read out in one answer
_UNSUITED = (fields.value, fields.label_of, fields.count, fields.cell, fields.goods, fields.spell, fields.marked,
             fields.record, fields.unanswerable, places.largest)  # fmt: skip


class ChatQuestions:
    """Makes what only a chat can be asked, from what of it is in view."""

    def __init__(self, shown: Shown) -> None:
        self.shown = shown
        self.texts = [each for each in shown.messages if each.form == "text" and not each.instruction]

    def first(self, rng: random.Random) -> list[Asker]:
        """What every page is asked before all else, if it can be."""
        return rng.sample([self.said, self.who, self.beside, self.edge], 3)

    def all(self) -> Weighted:
        """A chat's own questions and the generic ones that suit it."""
        own: Weighted = (
            *((self.said, 4.0), (self.beside, 2.6), (self.who, 2.6), (self.edge, 1.6), (self.reply, 1.4)),
            *((self.side, 1.0), (self.when, 1.2), (self.about, 1.8), (self.thing, 1.2), (self.count, 1.8)),
            *((self.most, 0.4), (self.all_by, 0.6), (self.where, 1.8), (self.missing, 1.6), (self.vague, 0.6)),
            (self.extracted, 0.9),
        )
        return (*own, *((asker, weight * 0.45) for asker, weight in GENERIC if asker not in _UNSUITED))

    def _call(self, scene: Scene, sender: str) -> str:
        """How the question speaks of a person."""
        return scene.rng.choice(self.shown.calls(sender, scene.page.fields.get("title")))

    def _name(self, scene: Scene, sender: str) -> str:
        """The printed name of a person, "" for who has none."""
        shown, title = self.shown, scene.page.fields.get("title")
        if shown.sides and sender == shown.chat.me:
            return ""
        return sender if shown.chat.group or not shown.sides else title or ""

    def _quote(self, scene: Scene, message: Message) -> str:
        """The message as a question points at it, "" where its words stand in another text, too."""
        rng, words = scene.rng, message.text
        if len(words) > _WHOLE or (len(words) > 8 and rng.random() < 0.25):
            head = words[: rng.randint(5, 8)]
            return quoted(rng, head + rng.choice(("…", "……", "")), bare=0.0) if scene.unique(head) else ""
        return quoted(rng, words, bare=0.05) if scene.unique(words) else ""

    def _line(self, scene: Scene, question: str, message: Message) -> Question | None:
        """Answered with what a message says, or with what else it is."""
        if message.form == "text":
            return Question("line", question, told_line(scene.rng, message.text), (message.text,))
        value = message.text
        answer = say.DESCRIBED[message.form].format(v=value)
        thing = say.THINGS[message.form]
        return Question("line", question, answer, (_digits(value),) if message.form == "voice" else (value or thing,))

    def said(self, scene: Scene) -> Question | None:
        """What someone said, first, last, or at all."""
        rng = scene.rng
        if not self.texts:
            return None
        sender = rng.choice(self.texts).sender
        lines = [each for each in self.texts if each.sender == sender]
        if any(each.instruction for each in self.shown.of(sender)):
            return None
        x, form = self._call(scene, sender), rng.random()
        if len(lines) == 1:
            return self._line(scene, worded(rng, say.SAID_ONE, x=x), lines[0])
        if form < 0.4:
            return self._line(scene, worded(rng, say.SAID_LAST, x=x), lines[-1])
        if form < 0.7:
            return self._line(scene, worded(rng, say.SAID_FIRST, x=x), lines[0])
        if len(self.shown.of(sender)) > len(lines):  # voice messages would be counted by some
            return None
        index = rng.randrange(min(len(lines), len(_DIGITS)))
        return self._line(scene, worded(rng, say.SAID_NTH, x=x, n=_DIGITS[index]), lines[index])

    def beside(self, scene: Scene) -> Question | None:
        """What came after a message, or before it."""
        rng, messages = scene.rng, self.shown.messages
        after = rng.random() < 0.75
        pairs = list(pairwise(messages))
        pairs = [(a, b) if after else (b, a) for a, b in pairs]
        pairs = [(a, b) for a, b in pairs if a in self.texts and not b.instruction]
        if not pairs:
            return None
        known, asked = rng.choice(pairs)
        quote = self._quote(scene, known)
        return self._line(scene, worded(rng, say.AFTER if after else say.BEFORE, m=quote), asked) if quote else None

    def edge(self, scene: Scene) -> Question | None:
        """The first, the last or the n-th message."""
        rng, messages = scene.rng, self.shown.messages
        if len(messages) < 2:
            return None
        form = rng.random()
        if form < 0.55:
            return None if messages[-1].instruction else self._line(scene, worded(rng, say.LAST), messages[-1])
        if form < 0.85:
            return None if messages[0].instruction else self._line(scene, worded(rng, say.FIRST), messages[0])
        index = rng.randrange(min(len(messages), 6))
        if messages[index].instruction:
            return None
        return self._line(scene, worded(rng, say.NTH, n=_DIGITS[index]), messages[index])

    def reply(self, scene: Scene) -> Question | None:
        """What the right side answered to a message of the left."""
        rng, messages = scene.rng, self.shown.messages
        if not self.shown.sides:
            return None
        pairs = [(a, b) for a, b in pairwise(messages)
                 if a in self.texts and b in self.texts and not a.mine and b.mine]  # fmt: skip
        if not pairs:
            return None
        known, asked = rng.choice(pairs)
        quote = self._quote(scene, known)
        return self._line(scene, worded(rng, say.REPLY, m=quote), asked) if quote else None

    def who(self, scene: Scene) -> Question | None:
        """Who said it, who wrote last, who sent the picture; where that person has a printed name."""
        rng, shown = scene.rng, self.shown
        named = [each for each in shown.messages if self._name(scene, each.sender) and not each.instruction]
        if not named or (len(shown.speakers) < 2 and rng.random() < 0.7):
            return None
        form = rng.random()
        if form < 0.7:
            spoken = [each for each in named if each.form == "text"]
            message = rng.choice(spoken) if spoken else None
            quote = self._quote(scene, message) if message else ""
            if message is None or not quote:
                return None
            question = worded(rng, say.WHO, m=quote)
        elif form < 0.85:
            message = shown.messages[-1]
            question = worded(rng, say.WHO_LAST)
        else:
            message = rng.choice(named)
            if message.form == "text" or sum(each.form == message.form for each in shown.messages) > 1:
                return None
            question = worded(rng, say.WHO_FORM, k=say.THINGS[message.form])
        name = self._name(scene, message.sender)
        if not name:
            return None
        return Question("line", question, told(rng, say.WHO_ANSWERS, v=name), (name,))

    def side(self, scene: Scene) -> Question | None:
        """Whether it was the left or the right side that said it."""
        rng = scene.rng
        if not self.shown.sides or not self.texts:
            return None
        left, right = rng.choice(say.SIDES if not self.shown.chat.group else (say.SIDES[1], say.SIDES[3]))
        a, b = rng.sample((left, right), 2)
        if rng.random() < 0.25:
            message = self.shown.messages[-1]
            question = worded(rng, say.SIDE_LAST, a=a, b=b)
        else:
            message = rng.choice(self.texts)
            quote = self._quote(scene, message)
            if not quote:
                return None
            question = worded(rng, say.SIDE, m=quote, a=a, b=b)
            if a not in question:  # the question has named left and right itself
                left, right = "左边", "右边"
        answer, other = (right, left) if message.mine else (left, right)
        return Question("choice", question, answer, (answer,), forbidden=(other,))

    def when(self, scene: Scene) -> Question | None:
        """A time: of a message, the first, the last."""
        rng, shown = scene.rng, self.shown
        if shown.stamps and rng.random() < 0.4:
            if len(shown.stamps) > 1 and rng.random() < 0.4:
                return Question("field", worded(rng, say.ENDED), shown.stamps[-1], (shown.stamps[-1],))
            if isinstance(shown.entries[0][0], Message):
                return None
            return Question("field", worded(rng, say.STARTED), shown.stamps[0], (shown.stamps[0],))
        timed = [(each, time) for each in self.texts if (time := shown.time_of(each))]
        if not timed:
            return None
        message, time = rng.choice(timed)
        quote = self._quote(scene, message)
        if not quote:
            return None
        answer = told(rng, ("{v}", "{v}", "{v}发的。", "是{v}。"), v=time)
        return Question("field", worded(rng, say.WHEN, m=quote), answer, (time,))

    def about(self, scene: Scene) -> Question | None:
        """What stands around the messages: with whom, how many members, the system's line, the time."""
        rng, known = scene.rng, scene.page.fields
        options: list[tuple[tuple[str, ...], str, float]] = []
        if "title" in known:
            options.append((say.TITLE[self.shown.chat.group], known["title"], 3.0))
        if "members" in known:
            options.append((say.MEMBERS, known["members"], 2.0))
        if "clock" in known:
            options.append((say.CLOCK, known["clock"], 1.0))
        if len(self.shown.notices) == 1:
            options.append((say.NOTICE, self.shown.notices[0], 1.5))
        if not options:
            return None
        patterns, value, _ = rng.choices(options, [weight for _, _, weight in options])[0]
        answer = told(rng, ("{v}", "{v}", "{v}。", "是{v}。"), v=value)
        return Question("field", worded(rng, patterns), answer, (value,))

    def thing(self, scene: Scene) -> Question | None:
        """What a voice message, a transfer, a file or a quotation says of itself."""
        rng = scene.rng
        patterns: Mapping[str, tuple[str, ...]] = {
            "voice": say.VOICE, "transfer": say.TRANSFER, "packet": say.PACKET, "file": say.FILE, "place": say.PLACE,
        }  # fmt: skip
        quotes = [each for each in self.shown.messages if each.quote]
        if len(quotes) == 1 and quotes[0].quote and rng.random() < 0.5:
            whose = quotes[0].quote[0]
            if not scene.shown(f"{whose}："):
                return None
            asked = worded(rng, say.QUOTED, x=self._call(scene, quotes[0].sender))
            return Question("line", asked, told(rng, say.WHO_ANSWERS[:4], v=whose), (whose,))
        things = [each for each in self.shown.messages if each.form in patterns]
        alone = [each for each in things if sum(other.form == each.form for other in things) == 1]
        if not alone:
            return None
        message = rng.choice(alone)
        if message.form == "file" and rng.random() < 0.3:
            return Question("field", worded(rng, say.FILE_SIZE), message.note, (message.note,))
        value = message.text
        least = _digits(value) if message.form == "voice" else value.lstrip("¥")
        return Question("field", worded(rng, patterns[message.form]), value, (least,))

    def count(self, scene: Scene) -> Question | None:
        """How many messages, by whom, of what form."""
        rng, shown = scene.rng, self.shown
        form = rng.random()
        if form < 0.35:
            question, number, answers = worded(rng, say.COUNT_ALL), len(shown.messages), say.COUNT_ANSWERS
        elif form < 0.7 and shown.speakers:
            sender = rng.choice(shown.speakers)
            question = worded(rng, say.COUNT_BY, x=self._call(scene, sender))
            number, answers = len(shown.of(sender)), say.COUNT_ANSWERS
        elif form < 0.82 and (shown.chat.group or not shown.sides):
            question, number, answers = worded(rng, say.COUNT_PEOPLE), len(shown.speakers), say.COUNT_OTHER
        else:
            kinds = [each.form for each in shown.messages if each.form in ("voice", "picture", "packet", "file")]
            if not kinds:
                return None
            kind = rng.choice(kinds)
            question, answers = worded(rng, say.COUNT_FORM, k=say.THINGS[kind]), say.COUNT_OTHER
            number = kinds.count(kind)
        return Question("count", question, told(rng, answers, n=str(number)), (str(number),))

    def most(self, scene: Scene) -> Question | None:
        """Who wrote most."""
        shown = self.shown
        counts = sorted(((len(shown.of(name)), name) for name in shown.speakers), reverse=True)
        if len(counts) < 2 or counts[0][0] == counts[1][0]:
            return None
        number, sender = counts[0]
        name = self._name(scene, sender)
        if not name:
            return None
        answer = told(scene.rng, say.MOST_ANSWERS, x=name, n=str(number))
        return Question("compare", worded(scene.rng, say.MOST), answer, (name,))

    def all_by(self, scene: Scene) -> Question | None:
        """All that one person said, read out."""
        rng = scene.rng
        senders = [name for name in self.shown.speakers if all(each in self.texts for each in self.shown.of(name))]
        if not senders:
            return None
        sender = rng.choice(senders)
        lines = tuple(each.text for each in self.shown.of(sender))
        if len(lines) < 2 or sum(map(len, lines)) > _MOST_READ:
            return None
        asked = worded(rng, say.ALL_BY, x=self._call(scene, sender))
        return Question("transcribe", asked, "\n".join(lines), lines, READ.name)

    def where(self, scene: Scene) -> Question | None:
        """Where a message's bubble is."""
        rng = scene.rng
        bubbles = [each for each in scene.page.elements if each.kind == "bubble" and each.label]
        if not bubbles:
            return None
        bubble = rng.choice(bubbles)
        message = next((each for each in self.texts if each.text == bubble.label), None)
        quote = self._quote(scene, message) if message else ""
        if not quote:
            return None
        answer = json.dumps([{"bbox_2d": scene.relative(bubble.box), "label": bubble.label}], ensure_ascii=False)
        return Question("box", worded(rng, say.WHERE, m=quote), answer, task=LOCATE.name)

    def missing(self, scene: Scene) -> Question | None:
        """Someone who is not there, something that was not sent, what nobody said."""
        rng, form = scene.rng, scene.rng.random()
        if form < 0.4:
            name = rng.choice(lexicon.SURNAMES) + (
                rng.choice(lexicon.TITLES) if rng.random() < 0.4 else vocabulary.random_han(rng, rng.randint(1, 2))
            )
            if scene.shown(name) or any(each.text and each.text in name for each in scene.texts):
                return None
            asked, x = worded(rng, say.MISSING_PERSON, x=name), f"{name}的消息"
        elif form < 0.75:
            sent = {each.form for each in self.shown.messages}
            absent = [thing for thing in say.MISSING_THING if thing not in sent]
            if not absent:
                return None
            thing = rng.choice(absent)
            if scene.shown(say.THINGS[thing]):
                return None
            asked, x = worded(rng, say.MISSING_THING[thing]), say.THINGS[thing]
        elif not self.shown.speakers:
            return None
        else:
            asked = worded(rng, say.MISSING_FACT, x=self._call(scene, rng.choice(self.shown.speakers)))
            x = "这个信息"
            if scene.shown("群公告"):
                return None
        return Question("unanswerable", asked, told(rng, say.MISSING_ANSWERS, x=x), absent=True)

    def vague(self, scene: Scene) -> Question | None:
        """A question that says nothing: with whom, how many messages, and how it ends."""
        rng, title, messages = scene.rng, scene.page.fields.get("title"), self.shown.messages
        if title is None or not messages or messages[-1] not in self.texts:
            return None
        whose = f"群聊“{title}”" if self.shown.chat.group else f"和{title}的聊天"
        last = messages[-1].text
        answer = rng.choice((
            f"这是{whose}，有{len(messages)}条消息，最后一条是“{last}”",
            f"这是{whose}，最后说的是“{last}”",
            f"{whose}记录，共{len(messages)}条消息，最后说“{last}”",
        ))  # fmt: skip
        return Question("vague", worded(rng, say.VAGUE), answer, (title, last))

    def extracted(self, scene: Scene) -> Question | None:
        """A record of the chat, by the task's instruction."""
        rng, known, messages = scene.rng, scene.page.fields, self.shown.messages
        record: dict[str, str | None] = {}
        if "title" in known:
            record["群名" if self.shown.chat.group else "聊天对象"] = known["title"]
        if "members" in known:
            record["群人数"] = known["members"]
        if messages and messages[-1] in self.texts:
            record["最后一条消息"] = messages[-1].text
        if messages and messages[0] in self.texts:
            record["第一条消息"] = messages[0].text
        if rng.random() < 0.4 and not any(each.form == "transfer" for each in messages):
            record["转账金额"] = None
        if len(record) < 2:
            return None
        keys = rng.sample(tuple(record), min(len(record), rng.randint(2, 3)))
        answer = json.dumps({key: record[key] for key in keys}, ensure_ascii=False)
        return Question("task", EXTRACT.instruct(keys="、".join(keys)), answer, task=EXTRACT.name)


def told_line(rng: random.Random, words: str) -> str:
    """What was said, as an answer."""
    return told(rng, say.LINE_ANSWERS, v=words)


def _digits(text: str) -> str:
    return "".join(character for character in text if character.isdigit())
