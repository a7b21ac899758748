"""Questions that only an order page can be asked, answered from what the page shows and nothing else."""

from __future__ import annotations

import json
import random

from kantu.synth.ask import fields, places
from kantu.synth.ask.generic import GENERIC, Asker, Weighted
from kantu.synth.ask.scene import Scene
from kantu.synth.facts import Item, Pair
from kantu.synth.families.order import phrases
from kantu.synth.families.order.choices import choice
from kantu.synth.families.order.task import order_task
from kantu.synth.page import Question
from kantu.tasks.builtin import EXTRACT

_FIELD_WEIGHTS = {"price": 2.2, "goods": 2.2, "number": 2.2, "date": 2.0, "shop": 2.0, "button": 1.8}
_UNSUITED = (fields.count, fields.marked, fields.goods)


class OrderQuestions:
    """Makes what only an order page can be asked; `category` is the state its order is in."""

    def __init__(self, category: str) -> None:
        self.category = category

    def first(self, rng: random.Random) -> list[Asker]:
        """What every page is asked before all else, if it shows it: its state."""
        return [self.status, self.why] if rng.random() < 0.6 else [rng.choice((self.status, self.why))]

    def all(self) -> Weighted:
        """An order's own questions and the generic ones that suit it.

        Left out is what a shop's small print makes doubtful: how many buttons, which title, what an article costs.
        """
        plain = tuple((self.field(name), _FIELD_WEIGHTS.get(name, 1.0)) for name in phrases.FIELDS)
        own: Weighted = (
            (self.paid, 0.4),
            (self.choice, 1.6),
            (self.next_step, 1.2),
            (self.compare, 1.8),
            (self.record, 0.8),
            (self.task, 1.0),
            (places.where, 2.5),
            (places.at_box, 2.0),
            (self.unanswerable, 1.0),
            (self.vague, 1.0),
        )
        generic = tuple((asker, 0.5 * weight) for asker, weight in GENERIC if asker not in _UNSUITED)
        return (*plain, *own, *generic)

    def field(self, name: str) -> Asker:
        """One plain field."""
        asked, answers = phrases.FIELDS[name]
        kind = "total" if name == "goods_total" else name

        def asker(scene: Scene) -> Question | None:
            pairs = [pair for pair in scene.facts(Pair) if pair.name == name]
            if not pairs:
                return None
            value, label = pairs[0].value, next((pair.label for pair in pairs if pair.label), "")
            question = scene.rng.choice([form for form in asked if label or "{l}" not in form]).format(l=label)
            if name == "price" and self.category == "unpaid" and scene.rng.random() < 0.4:
                return Question(kind, question, f"应付{value}元。", (value,))
            return Question(kind, question, scene.rng.choice(answers).format(v=value, l=label), (value,))

        return asker

    def status(self, scene: Scene) -> Question | None:
        """What the status is, plainly."""
        status = scene.page.fields.get("status")
        if status is None:
            return None
        answer = scene.rng.choice(phrases.STATUS_ANSWERS).format(v=status)
        return Question("status", scene.rng.choice(phrases.STATUS_ASKED), answer, (status,))

    def why(self, scene: Scene) -> Question | None:
        """Why it has not been sent, where it is: the answer names the status, and the reason when one is printed."""
        status, reason = scene.page.fields.get("status"), scene.page.fields.get("reason")
        if status is None:
            return None
        if self.category == "invented" and reason is None:
            answer = scene.rng.choice(
                ("这个订单目前是“{v}”。", "目前是“{v}”，页面没有写原因。", "“{v}”，图中没有说明原因。")
            ).format(v=status)
            return Question("status", scene.rng.choice(phrases.WHY_ASKED), answer, (status,))
        if reason is not None and (self.category == "invented" or scene.rng.random() < 0.5):
            answer = scene.rng.choice(("这个订单目前是“{v}”", "目前是“{v}”", "“{v}”", "状态是“{v}”")).format(v=status)
        else:
            gloss = scene.rng.choice(phrases.GLOSS[self.category])
            answer = scene.rng.choice(phrases.WHY_ANSWERS).format(v=status, g=gloss).removesuffix("。")
        answer += scene.rng.choice(phrases.REASONED).format(r=reason) if reason else "。"
        return Question("status", scene.rng.choice(phrases.WHY_ASKED), answer, (status,))

    def paid(self, scene: Scene) -> Question | None:
        """Whether it was paid, where the status tells."""
        status = scene.page.fields.get("status")
        if status is None or self.category not in ("unpaid", "unshipped", "shipped", "arriving", "received", "done"):
            return None
        said = "还没付款" if self.category == "unpaid" else "已经付款了"
        answer = scene.rng.choice(("{s}，状态是“{v}”。", "{s}，订单目前是“{v}”。")).format(s=said, v=status)
        return Question("status", scene.rng.choice(phrases.PAID_ASKED), answer, (status,))

    def choice(self, scene: Scene) -> Question | None:
        """One of two wordings that stand nowhere on the page."""
        return choice(self.category, scene)

    def next_step(self, scene: Scene) -> Question | None:
        """What to do now: the coloured button if there is one."""
        status, button = scene.page.fields.get("status"), scene.page.fields.get("button")
        asked = scene.rng.choice(phrases.NEXT_ASKED)
        if button is not None:
            forms = [form for form in phrases.NEXT_BUTTON if status or "{v}" not in form]
            return Question("next_step", asked, scene.rng.choice(forms).format(b=button, v=status), (button,))
        if status is None:
            return None
        advice = scene.rng.choice(phrases.ADVICE[self.category])
        return Question("next_step", asked, scene.rng.choice(phrases.NEXT_PLAIN).format(v=status, a=advice), (status,))

    def compare(self, scene: Scene) -> Question | None:
        """Something that takes more than one article to answer."""
        items = scene.facts(Item)
        if len(items) < 2:
            return None
        form = scene.rng.randrange(4)
        if form == 0:
            asked = scene.rng.choice(("有几种商品？", "一共几样商品", "订单里有几种不同的商品？", "几样东西"))
            return Question(
                "compare",
                asked,
                scene.rng.choice(("{n}种。", "一共{n}种商品。", "{n}种商品。")).format(n=len(items)),
                (str(len(items)),),
            )
        if form == 1:
            index = scene.rng.randrange(len(items))
            ordinal = "一二三四"[index]
            asked = scene.rng.choice(("第{n}个商品是什么？", "第{n}件商品叫什么", "排在第{n}的是什么商品")).format(
                n=ordinal
            )
            return Question(
                "compare",
                asked,
                scene.rng.choice(("{v}。", "{v}", "是{v}。")).format(v=items[index].title),
                (items[index].title,),
            )
        if form == 2:
            item = scene.rng.choice(items)
            asked = scene.rng.choice(("{v}多少钱？", "“{v}”的价格是多少？", "{v}单价多少")).format(v=item.title)
            return Question(
                "compare",
                asked,
                scene.rng.choice(("{p}元。", "{p}元", "单价{p}元。")).format(p=item.price),
                (item.price,),
            )
        prices = [float(item.price.replace(",", "")) for item in items]
        dear = scene.rng.random() < 0.6
        best = max(prices) if dear else min(prices)
        if prices.count(best) > 1:
            return None
        item = items[prices.index(best)]
        word = "贵" if dear else "便宜"
        asked = scene.rng.choice(("哪个最{w}？", "哪件商品单价最{w}？", "最{w}的是哪个", "哪样更{w}")).format(w=word)
        answer = scene.rng.choice(("{v}，{p}元。", "{v}最{w}，单价{p}元。", "{v}。")).format(
            v=item.title, p=item.price, w=word
        )
        return Question("compare", asked, answer, (item.title,))

    def task(self, scene: Scene) -> Question | None:
        """What a shop wants to know of it, by the task's instruction."""
        return order_task(self.category, scene)

    def record(self, scene: Scene) -> Question | None:
        """A JSON record of three to six fields, null where the page shows nothing."""
        rng, known = scene.rng, scene.page.fields
        shown = [name for name in phrases.KEYS if name in known]
        if len(shown) < 3:
            return None
        chosen = rng.sample(shown, min(len(shown), rng.randint(3, 6)))
        absent = [name for name in ("tracking", "courier", "remark", "address", "shipping") if name not in known]
        if absent and rng.random() < 0.25:
            chosen[-1] = rng.choice(absent)
        chinese = rng.random() < 0.6
        keys = [phrases.KEYS[name] if chinese else name for name in chosen]
        record = {key: known.get(name) for key, name in zip(keys, chosen, strict=True)}
        joined = ("、" if chinese else rng.choice((", ", "、", "，"))).join(keys)
        values = tuple(value for value in record.values() if value is not None)
        if chinese and rng.random() < 0.4:
            question = EXTRACT.instruct(keys="、".join(keys))
        else:
            question = rng.choice(phrases.RECORD_ASKED).format(k=joined)
        return Question("record", question, json.dumps(record, ensure_ascii=False), values, EXTRACT.name)

    def unanswerable(self, scene: Scene) -> Question | None:
        """A field the page does not show."""
        rng = scene.rng
        known = {*scene.page.fields, *(["price"] if scene.facts(Item) else [])}  # goods' prices add up to a price
        printed = "".join(line.text for line in scene.page.lines)
        absent = [name for name, (noun, _) in phrases.MISSING.items() if name not in known and noun not in printed]
        noun, asked = phrases.MISSING[rng.choice(absent)]
        answer = rng.choice(phrases.MISSING_ANSWERS).format(n=noun)
        return Question("unanswerable", rng.choice(asked), answer, absent=True)

    def vague(self, scene: Scene) -> Question | None:
        """A question that says nothing: the answer sums the page up."""
        parts, values = [], []
        for name, form in (("status", "状态是“{}”"), ("goods", "商品是{}"), ("price", "金额{}元")):
            if (value := scene.page.fields.get(name)) is not None:
                parts.append(form.format(value))
                values.append(value)
        if not parts:
            return None
        start = scene.rng.choice(("这是一个订单页面，", "这是订单详情，", "一张订单截图，", "这是一个购物订单，"))
        return Question("vague", scene.rng.choice(phrases.VAGUE_ASKED), start + "，".join(parts) + "。", tuple(values))
