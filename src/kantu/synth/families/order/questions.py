"""Questions about a drawn order page, with answers taken from what the page shows and nothing else."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import replace

from kantu.synth.draw.reading_order import transcription
from kantu.synth.families.order import phrases
from kantu.synth.page import Box, Line, Page, Question

Maker = Callable[[], "Question | None"]

MOST_TRANSCRIBED = 120  # characters: longer answers teach little and cost much
_FIELD_ODDS = {"price": 0.8, "goods": 0.8, "number": 0.8, "date": 0.75, "shop": 0.75, "button": 0.7}


def relative(box: Box, page: Page) -> list[int]:
    """The box in thousandths of the picture's sides, as Qwen3-VL writes boxes."""
    sides = (page.image.width, page.image.height) * 2
    return [min(max(round(1000 * edge / side), 0), 1000) for edge, side in zip(box, sides, strict=True)]


class _Asker:
    """Makes one question of a kind at a time. Stateless but for the random source."""

    def __init__(self, page: Page, category: str, rng: random.Random) -> None:
        self.page, self.category, self.rng = page, category, rng
        self.fields = page.fields

    def _line(self, name: str) -> Line | None:
        named = [line for line in self.page.lines if line.name == name]
        return max(named, key=lambda line: line.size) if named else None

    def _label(self, value: str) -> str:
        return next((label for label, shown in self.fields["rows"].items() if shown == value), "")

    def field(self, name: str) -> Question | None:
        """One plain field."""
        value = self.fields.get(name)
        if value is None:
            return None
        asked, answers = phrases.FIELDS[name]
        label = self._label(value)
        question = self.rng.choice([form for form in asked if label or "{l}" not in form]).format(l=label)
        if name == "price" and self.category == "unpaid" and self.rng.random() < 0.4:
            answer = f"应付{value}元。"
        else:
            answer = self.rng.choice(answers).format(v=value, l=label)
        kind = {"goods_total": "total"}.get(name, name)
        return Question(kind, question, answer, (value,))

    def label(self) -> Question | None:
        """Any labelled value, by its printed label."""
        if not self.fields["rows"]:
            return None
        label, value = self.rng.choice(list(self.fields["rows"].items()))
        asked, answers = phrases.FIELDS["label"]
        question, answer = self.rng.choice(asked).format(l=label), self.rng.choice(answers).format(l=label, v=value)
        return Question("label", question, answer, (value,))

    def status(self) -> Question | None:
        """What the status is, plainly."""
        status = self.fields.get("status")
        if status is None:
            return None
        answer = self.rng.choice(phrases.STATUS_ANSWERS).format(v=status)
        return Question("status", self.rng.choice(phrases.STATUS_ASKED), answer, (status,))

    def why(self) -> Question | None:
        """Why it has not been sent, where it is: the answer names the status, and the reason when one is printed."""
        status, reason = self.fields.get("status"), self.fields.get("reason")
        if status is None:
            return None
        if self.category == "invented" and reason is None:
            answer = self.rng.choice(
                ("这个订单目前是“{v}”。", "目前是“{v}”，页面没有写原因。", "“{v}”，图中没有说明原因。")
            ).format(v=status)
            return Question("status", self.rng.choice(phrases.WHY_ASKED), answer, (status,))
        if reason is not None and (self.category == "invented" or self.rng.random() < 0.5):
            answer = self.rng.choice(("这个订单目前是“{v}”", "目前是“{v}”", "“{v}”", "状态是“{v}”")).format(v=status)
        else:
            gloss = self.rng.choice(phrases.GLOSS[self.category])
            answer = self.rng.choice(phrases.WHY_ANSWERS).format(v=status, g=gloss).removesuffix("。")
        answer += self.rng.choice(phrases.REASONED).format(r=reason) if reason else "。"
        return Question("status", self.rng.choice(phrases.WHY_ASKED), answer, (status,))

    def paid(self) -> Question | None:
        """Whether it was paid, where the status tells."""
        status = self.fields.get("status")
        if status is None or self.category not in ("unpaid", "unshipped", "shipped", "arriving", "received", "done"):
            return None
        said = "还没付款" if self.category == "unpaid" else "已经付款了"
        answer = self.rng.choice(("{s}，状态是“{v}”。", "{s}，订单目前是“{v}”。")).format(s=said, v=status)
        return Question("status", self.rng.choice(phrases.PAID_ASKED), answer, (status,))

    def next_step(self) -> Question | None:
        """What to do now: the coloured button if there is one."""
        status, button = self.fields.get("status"), self.fields.get("button")
        asked = self.rng.choice(phrases.NEXT_ASKED)
        if button is not None:
            forms = [form for form in phrases.NEXT_BUTTON if status or "{v}" not in form]
            return Question("next_step", asked, self.rng.choice(forms).format(b=button, v=status), (button,))
        if status is None:
            return None
        advice = self.rng.choice(phrases.ADVICE[self.category])
        return Question("next_step", asked, self.rng.choice(phrases.NEXT_PLAIN).format(v=status, a=advice), (status,))

    def compare(self) -> Question | None:
        """Something that takes more than one article to answer."""
        items = self.fields["items"]
        if len(items) < 2:
            return None
        form = self.rng.randrange(4)
        if form == 0:
            asked = self.rng.choice(("有几种商品？", "一共几样商品", "订单里有几种不同的商品？", "几样东西"))
            return Question(
                "compare",
                asked,
                self.rng.choice(("{n}种。", "一共{n}种商品。", "{n}种商品。")).format(n=len(items)),
                (str(len(items)),),
            )
        if form == 1:
            index = self.rng.randrange(len(items))
            ordinal = "一二三四"[index]
            asked = self.rng.choice(("第{n}个商品是什么？", "第{n}件商品叫什么", "排在第{n}的是什么商品")).format(
                n=ordinal
            )
            return Question(
                "compare",
                asked,
                self.rng.choice(("{v}。", "{v}", "是{v}。")).format(v=items[index]["name"]),
                (items[index]["name"],),
            )
        if form == 2:
            item = self.rng.choice(items)
            asked = self.rng.choice(("{v}多少钱？", "“{v}”的价格是多少？", "{v}单价多少")).format(v=item["name"])
            return Question(
                "compare",
                asked,
                self.rng.choice(("{p}元。", "{p}元", "单价{p}元。")).format(p=item["price"]),
                (item["price"],),
            )
        prices = [float(item["price"].replace(",", "")) for item in items]
        dear = self.rng.random() < 0.6
        best = max(prices) if dear else min(prices)
        if prices.count(best) > 1:
            return None
        item = items[prices.index(best)]
        word = "贵" if dear else "便宜"
        asked = self.rng.choice(("哪个最{w}？", "哪件商品单价最{w}？", "最{w}的是哪个", "哪样更{w}")).format(w=word)
        answer = self.rng.choice(("{v}，{p}元。", "{v}最{w}，单价{p}元。", "{v}。")).format(
            v=item["name"], p=item["price"], w=word
        )
        return Question("compare", asked, answer, (item["name"],))

    def record(self) -> Question | None:
        """A JSON record of three to six fields, null where the page shows nothing."""
        shown = [name for name in phrases.KEYS if name in self.fields]
        if len(shown) < 3:
            return None
        chosen = self.rng.sample(shown, min(len(shown), self.rng.randint(3, 6)))
        absent = [name for name in ("tracking", "courier", "remark", "address", "shipping") if name not in self.fields]
        if absent and self.rng.random() < 0.25:
            chosen[-1] = self.rng.choice(absent)
        chinese = self.rng.random() < 0.6
        keys = [phrases.KEYS[name] if chinese else name for name in chosen]
        record = {key: self.fields.get(name) for key, name in zip(keys, chosen, strict=True)}
        joined = ("、" if chinese else self.rng.choice((", ", "、", "，"))).join(keys)
        values = tuple(value for value in record.values() if value is not None)
        return Question(
            "record",
            self.rng.choice(phrases.RECORD_ASKED).format(k=joined),
            json.dumps(record, ensure_ascii=False),
            values,
        )

    def box(self) -> Question | None:
        """Where something is."""
        choices: list[tuple[str, str, Box]] = []
        status = self._line("status")
        if status and status.text == self.fields.get("status"):
            choices.append((self.rng.choice(("订单状态", "状态文字", f"“{status.text}”")), status.text, status.box))
        choices += [
            (
                self.rng.choice((f"“{element.label}”按钮", f"“{element.label}”", f"{element.label}按钮")),
                element.label,
                element.box,
            )
            for element in self.page.elements
            if element.kind == "button"
        ]
        pictures = [element for element in self.page.elements if element.kind == "picture"]
        if len(pictures) == 1:
            choices.append((self.rng.choice(("商品图片", "商品图", "图片")), "商品图片", pictures[0].box))
        lines = self._unique_lines()
        if lines:
            line = self.rng.choice(lines)
            choices.append((f"“{line.text}”", line.text, line.box))
        if not choices:
            return None
        target, label, box = self.rng.choice(choices)
        answer = json.dumps([{"bbox_2d": relative(box, self.page), "label": label}], ensure_ascii=False)
        return Question("box", self.rng.choice(phrases.BOX_ASKED).format(t=target), answer)

    def _unique_lines(self) -> list[Line]:
        texts = [line.text for line in self.page.lines]
        return [line for line in self.page.lines if len(line.text) > 1 and texts.count(line.text) == 1]

    def read_box(self) -> Question | None:
        """What is written at a box."""
        lines = [line for line in self.page.lines if len(line.text) > 1]
        if not lines:
            return None
        line = self.rng.choice(lines)
        asked = self.rng.choice(phrases.READ_BOX_ASKED).format(b=relative(line.box, self.page))
        return Question("read_box", asked, line.text, (line.text,))

    def transcribe(self) -> Question | None:
        """The page's text, or a card's when the page is long."""
        whole = transcription(self.page.lines, self.page.elements)
        if len(whole) <= MOST_TRANSCRIBED and self.rng.random() < 0.8:
            return Question("transcribe", self.rng.choice(phrases.PAGE_ASKED), whole)
        options = []
        for element in self.page.elements:
            if element.kind != "card":
                continue
            x1, y1, x2, y2 = element.box
            inside = [
                line
                for line in self.page.lines
                if x1 <= line.box[0] and line.box[2] <= x2 and y1 <= line.box[1] and line.box[3] <= y2
            ]
            text = transcription(inside, self.page.elements)
            if inside and 4 <= len(text) <= MOST_TRANSCRIBED:
                options.append((inside, text, element.box))
        if not options:
            return None
        inside, text, box = self.rng.choice(options)
        titles = [line.text for line in inside if line.role == "title"]
        if titles and self.rng.random() < 0.5:
            return Question("transcribe", self.rng.choice(phrases.TITLED_ASKED).format(t=titles[0]), text)
        return Question("transcribe", self.rng.choice(phrases.BLOCK_ASKED).format(b=relative(box, self.page)), text)

    def unanswerable(self) -> Question | None:
        """A field the page does not show."""
        known = {*self.fields, "price"} if self.fields["items"] else {*self.fields}  # goods' prices add up to a price
        absent = [name for name in phrases.MISSING if name not in known]
        printed = "".join(line.text for line in self.page.lines)
        absent = [name for name in absent if phrases.MISSING[name][0] not in printed]
        name = self.rng.choice(absent)
        noun, asked = phrases.MISSING[name]
        return Question(
            "unanswerable", self.rng.choice(asked), self.rng.choice(phrases.MISSING_ANSWERS).format(n=noun), ("没有",)
        )

    def vague(self) -> Question | None:
        """A question that says nothing: the answer sums the page up."""
        parts, values = [], []
        for name, form in (("status", "状态是“{}”"), ("goods", "商品是{}"), ("price", "金额{}元")):
            if (value := self.fields.get(name)) is not None:
                parts.append(form.format(value))
                values.append(value)
        if not parts:
            return None
        start = self.rng.choice(("这是一个订单页面，", "这是订单详情，", "一张订单截图，", "这是一个购物订单，"))
        return Question("vague", self.rng.choice(phrases.VAGUE_ASKED), start + "，".join(parts) + "。", tuple(values))


def ask(page: Page, category: str, rng: random.Random) -> Page:
    """The page with 8 to 12 questions of varied kinds, none asked twice."""
    asker = _Asker(page, category, rng)
    first: list[Maker] = [asker.status, asker.why] if rng.random() < 0.6 else [rng.choice((asker.status, asker.why))]
    if rng.random() < 0.1:
        first.append(asker.paid)
    for name, odds in _FIELD_ODDS.items():
        if rng.random() < odds:
            first.append(lambda name=name: asker.field(name))  # type: ignore[misc]
    rest: list[Maker] = [
        asker.next_step,
        asker.compare,
        asker.compare,
        asker.record,
        asker.box,
        asker.box,
        asker.read_box,
        asker.read_box,
        asker.transcribe,
        asker.unanswerable,
        asker.vague,
        asker.label,
        asker.label,
    ]
    others = [name for name in phrases.FIELDS if name not in (*_FIELD_ODDS, "label")]
    rest += [lambda name=name: asker.field(name) for name in others]  # type: ignore[misc]
    rng.shuffle(first)
    rng.shuffle(rest)
    count = rng.randint(8, 12)
    most_first = max(4, round(count * 0.62))
    questions: list[Question] = []
    asked: set[str] = set()
    spare = [asker.read_box, asker.box, asker.label] * 6  # a page that shows little is asked where it says what
    for maker in [*first[:most_first], *rest, *first[most_first:], *spare]:
        if len(questions) == count:
            break
        question = maker()
        if question is not None and question.question not in asked:
            asked.add(question.question)
            questions.append(question)
    rng.shuffle(questions)
    return replace(page, questions=tuple(questions))
