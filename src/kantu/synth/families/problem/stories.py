"""Word problems with people and things of open vocabularies, and a few about shapes and times."""

from __future__ import annotations

import random

from kantu.synth.families.problem.sums import Problem
from kantu.synth.words import lexicon, vocabulary
from kantu.synth.words.wording import expand

_MEASURES = "个个个只本支盒张袋件块朵条颗"
_BOXES = "盒箱袋筐包盘篮"

# Slots: p, q people; g a thing; m its measure word; u what it is packed in; s a place; a, b numbers; c their product.
_ADD = (
    "{p}有{a}{m}{g}，{q}[又|]给了{p}{b}{m}，[现在|]{p}一共有多少{m}？",
    "{p}[原来|原先|]有{a}{m}{g}，又买[了|来]{b}{m}，[现在|一共]有多少{m}？",
    "{p}[做|买|收集|带来|折]了{a}{m}{g}，{q}[做|买|收集|带来|折]了{b}{m}，[两人|他们|]一共有多少{m}[{g}|]？",
    "[上午|第一天|昨天]卖出{a}{m}{g}，[下午|第二天|今天]卖出{b}{m}，一共卖出多少{m}？",
    "{s}有[男生|大人]{a}人，[女生|小孩]{b}人，一共有多少人？",
    "车上有{a}人，到站又上来{b}人，现在车上有多少人？",
    "{p}看一本书，第一天看了{a}页，第二天看了{b}页，两天一共看了多少页？",
    "一[{m}|件]{g}{a}元，一[支笔|本书|个杯子]{b}元，[各买一件|一共]要多少元？",
    "{p}今年{a}岁，{q}比{p}大{b}岁，{q}今年多少岁？",
)
_TAKE = (
    "{p}有{a}{m}{g}，[送给|分给|借给]{q}{b}{m}，还剩多少{m}？",
    "{s}[有|运来]{a}{m}{g}，卖[出|掉]{b}{m}，还[剩|有]多少{m}？",
    "{p}有{a}{m}{g}，{q}有{b}{m}，{p}比{q}多多少{m}？",
    "一本书有{a}页，{p}已经看了{b}页，还[剩|有]多少页没看？",
    "车上有{a}人，到站下去{b}人，车上还有多少人？",
    "{p}带了{a}元，买{g}用去{b}元，还剩多少元？",
    "一根绳子长{a}米，用去{b}米，还剩多少米？",
    "{s}要做{a}{m}{g}，已经做好{b}{m}，还要做多少{m}？",
    "[果园|花园|院子]里有{a}棵树，其中{b}棵是[桃树|柳树|梨树]，其他的有多少棵？",
)
_TIMES = (
    "每{u}装{a}{m}{g}，{b}{u}一共装多少{m}？",
    "{g}每{m}{a}元，买{b}{m}[要|需要|应付]多少元？",
    "{p}每天[做{a}道题，{b}天一共做多少道|看{a}页书，{b}天一共看多少页|写{a}个字，{b}天一共写多少个]？",
    "一排有{a}[人|个座位|棵树]，{b}排一共有多少？",
    "{s}有{b}层书架，每层放{a}本书，一共放多少本？",
    "每人分{a}{m}{g}，{b}人一共要多少{m}？",
    "一辆车坐{a}人，{b}辆车能坐多少人？",
    "长方形长{a}厘米，宽{b}厘米，面积是多少平方厘米？",
    "{p}有{a}{m}{g}，{q}的{g}是{p}的{b}倍，{q}有多少{m}？",
)
_SHARE = (
    "把{c}{m}{g}平均分给{b}[个人|位同学|个小朋友]，每人分到多少{m}？",
    "{c}{m}{g}，每{u}装{b}{m}，可以装多少{u}？",
    "{p}用{c}元买了{b}{m}{g}，每{m}多少元？",
    "{c}人坐车，每辆坐{b}人，需要多少辆车？",
    "{p}{b}天做了{c}{m}{g}，平均每天做多少{m}？",
    "{c}{m}{g}平均放在{b}个{u}子里，每个放多少{m}？",
    "一根绳子长{c}米，每{b}米剪一段，可以剪多少段？",
)
_TWO = (
    "{p}买了{b}{u}{g}，每{u}{a}{m}，送给{q}{d}{m}，还剩多少{m}？",
    "{g}每{m}{a}元，{p}买{b}{m}，付了{e}元，应找回多少元？",
    "{p}有{d}{m}{g}，又买来{b}{u}，每{u}{a}{m}，现在有多少{m}？",
)


def _person(rng: random.Random) -> str:
    return rng.choice(
        (
            "小" + rng.choice(lexicon.SURNAMES),
            rng.choice(("小明", "小红", "小刚", "小丽", "小华", "妈妈", "爸爸", "老师", "弟弟", "姐姐")),
            rng.choice(lexicon.SURNAMES) + vocabulary.random_han(rng, rng.randint(1, 2)),
            rng.choice(lexicon.SURNAMES) + rng.choice(lexicon.TITLES),
        )
    )


def _slots(rng: random.Random) -> dict[str, str]:
    p, q = _person(rng), _person(rng)
    while p in q or q in p:
        q = _person(rng)
    thing = rng.choice(
        (lambda: rng.choice(lexicon.GOODS_NOUNS), lambda: vocabulary.word(rng), lambda: vocabulary.goods_name(rng))
    )()
    place = rng.choice(
        (vocabulary.shop_name(rng), "学校", "商店", "图书馆", vocabulary.word(rng) + "小学", "超市", "班里")
    )
    return {"p": p, "q": q, "g": thing, "m": rng.choice(_MEASURES), "u": rng.choice(_BOXES), "s": place}


def story(rng: random.Random) -> Problem:
    """A word problem, mostly of one step."""
    slots = _slots(rng)
    form = rng.choices(("add", "take", "times", "share", "two"), (28, 28, 20, 16, 8))[0]
    small = rng.random() < 0.6
    if form == "add":
        a, b = (rng.randint(2, 20), rng.randint(2, 20)) if small else (rng.randint(10, 70), rng.randint(5, 30))
        pattern, sign, result = rng.choice(_ADD), "+", a + b
    elif form == "take":
        a = rng.randint(6, 20) if small else rng.randint(21, 100)
        b = rng.randint(2, a - 2)
        pattern, sign, result = rng.choice(_TAKE), "-", a - b
    elif form == "times":
        a, b = rng.randint(2, 9), rng.randint(2, 9)
        pattern, sign, result = rng.choice(_TIMES), "×", a * b
    elif form == "share":
        b, result = rng.randint(2, 9), rng.randint(2, 9)
        text = expand(rng, rng.choice(_SHARE)).format(**slots, b=b, c=b * result)
        return _told(text, f"{b * result}÷{b}={result}", result)
    else:
        return _two(rng, slots)
    text = expand(rng, pattern).format(**slots, a=a, b=b)
    return _told(text, f"{a}{sign}{b}={result}", result)


def _told(text: str, step: str, result: int) -> Problem:
    return Problem("story", text, str(result), str(result), (step,))


def _two(rng: random.Random, slots: dict[str, str]) -> Problem:
    a, b = rng.randint(2, 9), rng.randint(2, 9)
    form = rng.randrange(3)
    d = rng.randint(1, a * b - 1) if form == 0 else rng.randint(2, 20)
    e = 10 * (a * b // 10 + rng.randint(1, 3))
    text = expand(rng, _TWO[form]).format(**slots, a=a, b=b, d=d, e=e)
    first = f"{a}×{b}={a * b}"
    result, second = (
        (a * b - d, f"{a * b}-{d}={a * b - d}"),
        (e - a * b, f"{e}-{a * b}={e - a * b}"),
        (d + a * b, f"{d}+{a * b}={d + a * b}"),
    )[form]
    return Problem("story", text, str(result), str(result), (first, second), False)
