"""Pages with maths problems: one photographed, sheets of sums, exams, exercise books, blackboards, apps."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

from kantu.synth.draw import effects, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.parts import chevron, plate
from kantu.synth.facts import Marked, Pair
from kantu.synth.families.family import Family, Size, finish
from kantu.synth.families.problem.paper import PAPERS, lay
from kantu.synth.families.problem.questions import Placed, ProblemQuestions
from kantu.synth.families.problem.sheet import Draft, heading, put_grid, put_list
from kantu.synth.families.problem.stories import story
from kantu.synth.families.problem.sums import NUMBERS, Problem, chosen, plain_sum, upright_sum
from kantu.synth.families.problem.typeset import Setting, written
from kantu.synth.page import Page
from kantu.synth.words import vocabulary

_WIDTHS = {320: 12, 384: 16, 448: 18, 512: 16, 576: 12, 640: 12, 704: 6, 768: 4}
_NUMBERINGS = ("{}. ", "{}．", "{}、", "（{}）", "({})", "第{}题 ", "{}) ", "")
_HEADINGS = {
    "sum": ("口算", "直接写得数", "计算", "口算题", "算一算"),
    "missing": ("填空", "填一填", "在括号里填上合适的数"),
    "compare": ("比较大小", "在○里填上>、<或=", "比一比"),
    "fraction": ("计算", "分数计算", "直接写得数"),
    "decimal": ("小数计算", "直接写得数"),
    "unit": ("单位换算", "填空", "填上合适的数"),
    "percent": ("填空", "百分数"),
    "equation": ("解方程", "求未知数", "解下列方程"),
    "mixed": ("脱式计算", "混合运算", "递等式计算"),
    "series": ("找规律填数", "按规律填空"),
    "root": ("计算", "求值"),
    "judge": ("判断对错", "判断题", "对的打√，错的打×"),
    "choice": ("选择题", "选一选", "单项选择"),
    "story": ("应用题", "解决问题", "解答题", "列式计算"),
}


def _choose_size(rng: random.Random) -> Size:
    width = rng.choices(tuple(_WIDTHS), tuple(_WIDTHS.values()))[0]
    shape = rng.choice((0.4, 0.55, 0.7, 0.9, 1.1, 1.35))
    return width, min(max(round(width * shape / 32) * 32, 256), 832)


def any_problem(rng: random.Random) -> Problem:
    """A problem of any sort."""
    if rng.random() < 0.3:
        return story(rng)
    make = rng.choices([maker for maker, _ in NUMBERS], [weight for _, weight in NUMBERS])[0]
    return make(rng)


def _title(draft: Draft) -> None:
    rng = draft.rng
    text = rng.choice(
        (
            "口算练习",
            "每日一练",
            "数学作业",
            "练习题",
            "数学测试卷",
            "课堂练习",
            "家庭作业",
            "单元练习",
            "今日作业",
            "暑假作业",
            "趣味数学",
        )
    )
    if rng.random() < 0.5:
        text = (
            rng.choice(
                (
                    f"第{rng.choice('一二三四五六七八')}单元",
                    f"{rng.choice('一二三四五六')}年级",
                    vocabulary.word(rng),
                    f"第{rng.randint(1, 60)}天",
                )
            )
            + text
        )
    if heading(draft, text, align=rng.choice("lmm"), grow=1.3):
        draft.facts.append(Marked("title", text))


def _names(draft: Draft) -> None:
    """Where a pupil writes class and name, or what is written there."""
    rng, type_ = draft.rng, draft.paper.type(max(draft.setting.type.size / draft.paper.scale * 0.8, 11))
    x1, y1, x2, y2 = draft.area
    x = x1
    for label in rng.sample(("班级", "姓名", "学号", "用时", "得分", "日期"), rng.randint(2, 3)):
        value = (
            ""
            if rng.random() < 0.6
            else {
                "班级": f"{rng.choice('一二三四五六')}（{rng.randint(1, 9)}）班",
                "姓名": vocabulary.person(rng),
                "学号": vocabulary.digits(rng, 6),
                "用时": f"{rng.randint(2, 60)}分钟",
                "得分": str(rng.randint(40, 100)),
                "日期": f"{rng.randint(1, 12)}月{rng.randint(1, 28)}日",
            }[label]
        )
        text = f"{label}：{value or '______'}"
        if x + type_.width(text) > x2 or type_.size * 4 > y2 - y1:
            break
        draft.canvas.text(x, y1, text, type_, role="names", name=label)
        if value:
            draft.facts.append(Pair(label, value))
        x += type_.width(text) + type_.size * 1.5
    if x > x1:
        draft.take(draft.paper.lines or type_.size * 1.8)


def _single(draft: Draft) -> None:
    """One problem, large."""
    draft.numbering = draft.rng.choice(("", "", f"{draft.rng.randint(1, 30)}. ", "题目：", "例1 "))
    x1, y1, x2, y2 = draft.area
    if not draft.paper.lines and draft.rng.random() < 0.7:
        draft.area = (x1, y1 + (y2 - y1) * draft.rng.uniform(0, 0.45), x2, y2)
    for _ in range(8):
        make = draft.rng.choice((any_problem, story)) if y2 - y1 > 0.8 * (x2 - x1) else any_problem
        put_list(draft, [make(draft.rng)], gap=0, centred=draft.rng.random() < 0.3)
        if draft.placed:
            break
    draft.placed = [replace(placed, number=0) for placed in draft.placed]


def _sums(draft: Draft) -> None:
    if draft.rng.random() < 0.7:
        _title(draft)
    if draft.rng.random() < 0.35:
        _names(draft)
    makers, weights = zip(
        *[(maker, weight) for maker, weight in NUMBERS if maker.__name__ not in ("chosen", "series", "large_sum")],
        strict=True,
    )
    make = plain_sum if draft.rng.random() < 0.6 else draft.rng.choices(makers, weights)[0]
    put_grid(draft, make, columned=False, most=draft.rng.choice((4, 6, 8, 10, 14)))


def _uprights(draft: Draft) -> None:
    if draft.rng.random() < 0.7:
        _title(draft) if draft.rng.random() < 0.5 else heading(
            draft, draft.rng.choice(("列竖式计算", "竖式计算", "用竖式计算下面各题", "笔算"))
        )
    put_grid(draft, upright_sum, columned=True, most=3)


def _sheet(draft: Draft) -> None:
    """Problems of several sorts, each sort under its heading."""
    rng = draft.rng
    if rng.random() < 0.7:
        _title(draft)
    if rng.random() < 0.4:
        _names(draft)
    problems = [any_problem(rng) for _ in range(rng.randint(4, 14))]
    sorts = list(dict.fromkeys(problem.sort for problem in problems))
    gap = draft.setting.type.size * rng.uniform(0.4, 1.4)
    headings = 0
    for sort in sorts:
        if rng.random() < 0.75:
            named = rng.choice(_HEADINGS[sort]) + rng.choice(("", "", "。", f"（{rng.randint(2, 30)}分）"))
            headings += heading(draft, f"{'一二三四五六七八九十'[headings]}、{named}")
        put_list(draft, [problem for problem in problems if problem.sort == sort], gap=gap, pen=rng.random() < 0.1)


def _plain_list(draft: Draft) -> None:
    rng = draft.rng
    if rng.random() < 0.5:
        _title(draft)
    makers = (any_problem, story, plain_sum, any_problem)
    make = rng.choice(makers)
    put_list(
        draft,
        [make(rng) for _ in range(rng.randint(2, 14))],
        gap=draft.setting.type.size * rng.uniform(0.5, 1.5),
        pen=rng.random() < 0.15,
    )


def _two_columns(draft: Draft) -> None:
    """A sheet in two columns with a line between."""
    rng, canvas = draft.rng, draft.canvas
    _title(draft)
    x1, y1, x2, y2 = draft.area
    middle, gap = (x1 + x2) / 2, draft.setting.type.size
    canvas.draw.line((middle, y1, middle, y2), fill=draft.paper.soft)
    for left, right in ((x1, middle - gap), (middle + gap, x2)):
        canvas.element("column", "", (left - 2, y1 - 2, right + 2, y2 + 2))
        draft.area = (left, y1, right, y2)
        put_list(draft, [any_problem(rng) for _ in range(rng.randint(3, 9))], gap=gap * rng.uniform(0.5, 1.3))


def _app(draft: Draft) -> None:
    """A question bank's screen: a bar, how far one is, the problem on a card, its options as rows, a button."""
    rng, canvas, paper, scale = draft.rng, draft.canvas, draft.paper, draft.paper.scale
    small = paper.type(rng.choice((12, 13, 14)))
    x1, y1, x2, y2 = draft.area
    chevron(canvas, (x1, y1 + small.size * 0.1, x1 + small.size * 0.4, y1 + small.size), paper.ink, back=True)
    canvas.text(
        (x1 + x2) / 2,
        y1,
        rng.choice(("练习", "题库", "每日答题", "错题本", "在线测试", vocabulary.word(rng) + "练习")),
        small,
        anchor="m",
        role="bar",
    )
    draft.take(small.size * 1.8)
    total = rng.randint(5, 60)
    at = rng.randint(1, total)
    if rng.random() < 0.7:
        text = rng.choice((f"{at}/{total}", f"第{at}题/共{total}题", f"第 {at} / {total} 题"))
        canvas.text(x1, draft.area[1], text, small, role="progress")
        draft.take(small.size * 1.5)
        if rng.random() < 0.6:
            y = draft.area[1]
            high = max(3 * scale, 3)
            plate(canvas, (x1, y, x2, y + high), high / 2, (palette.mix(paper.ground, paper.ink, 0.15),))
            plate(canvas, (x1, y, x1 + max((x2 - x1) * at / total, high), y + high), high / 2, (paper.accent,))
            draft.take(high + 10 * scale)
    draft.numbering = rng.choice(("", "", f"{at}. ", "【单选】", "【题目】"))
    x1, y1, x2, y2 = draft.area
    draft.area = (x1, y1, x2, y2 - small.size * 2.6)
    for _ in range(12):
        problem = chosen(rng) if rng.random() < 0.5 else any_problem(rng)
        if problem.options and rng.random() < 0.7:
            _answer_rows(draft, draft.setting.signed(problem))
        else:
            put_list(draft, [problem], gap=small.size)
        if draft.placed:
            break
    draft.placed = [replace(placed, number=0) for placed in draft.placed]
    if rng.random() < 0.7:
        word = rng.choice(("下一题", "提交", "查看解析", "确认", "交卷", "上一题"))
        box = (x1, y2 - small.size * 2.2, x2, y2)
        plate(canvas, box, rng.choice((4, 10, 99)) * scale, (paper.accent,))
        canvas.element("button", word, box)
        ink = palette.grey(255) if palette.contrast(palette.grey(255), paper.accent) > 2.5 else palette.grey(20)
        canvas.text((x1 + x2) / 2, y2 - small.size * 1.6, word, replace(small, fill=ink), anchor="m", role="button")


def _answer_rows(draft: Draft, problem: Problem) -> None:
    """A problem whose options are rows to be tapped."""
    canvas, paper, setting = draft.canvas, draft.paper, draft.setting
    x1, y1, x2, y2 = draft.area
    stem = written(draft.numbering + setting.shown(problem.text), setting, x2 - x1, name="problem1")
    tall = setting.type.size * 2.1
    if stem.height + setting.type.size + 4 * (tall + 8) > y2 - y1 or stem.width > x2 - x1:
        return
    stem.draw(canvas, x1, y1)
    top = y1 + stem.height + setting.type.size
    for letter, text in zip("ABCD", problem.options, strict=True):
        box = (x1, top, x2, top + tall)
        canvas.rounded(box, min(8 * paper.scale, tall / 3), None, outline=palette.mix(paper.ground, paper.ink, 0.25))
        canvas.text(
            x1 + setting.type.size * 0.7,
            top + setting.type.size * 0.55,
            f"{letter}. {text}",
            setting.type,
            role="option",
            name=f"option{letter}",
        )
        top += tall + 8 * paper.scale
    canvas.element("problem", "1", (x1, y1, x2, top))
    draft.placed.append(Placed(problem, 0, ""))
    draft.take(top - y1)


_LAYOUTS: dict[Callable[[Draft], None], int] = {
    _single: 24, _sums: 20, _uprights: 8, _sheet: 16, _plain_list: 12, _two_columns: 7, _app: 13,
}  # fmt: skip


def _draw(seed: int, size: Size) -> Page:
    rng = random.Random(f"{PROBLEM.name}:{seed}")
    while True:
        draft = _compose(rng, size)
        if draft.placed:
            break
    questions = ProblemQuestions(tuple(draft.placed))
    return finish(
        PROBLEM.name, seed, size, draft.canvas, draft.facts, rng,
        askers=questions.all(), first=questions.first(rng), least=6, most=12,
    )  # fmt: skip


def _compose(rng: random.Random, size: Size) -> Draft:
    scale = effects.drawing_scale(rng)
    canvas = Canvas(round(size[0] * scale), round(size[1] * scale), (255, 255, 255))
    layout = rng.choices(tuple(_LAYOUTS), tuple(_LAYOUTS.values()))[0]
    kind = "screen" if layout is _app else rng.choices(tuple(PAPERS), tuple(PAPERS.values()))[0]
    roomy = math.sqrt(size[0] * size[1])
    em = (
        rng.uniform(18, min(max(roomy / 14, 20), 38))
        if layout is _single
        else rng.uniform(max(13, roomy / 36), min(max(roomy / 20, 17), 30))
    )
    leading = rng.uniform(1.35, 1.9)
    paper = lay(canvas, rng, kind, scale, size, em * scale * 1.75)
    setting = Setting(paper.type(em, bold=rng.random() < 0.12), rng.random() < 0.65, leading, rng.random() < 0.4)
    setting = replace(setting, minus=rng.choice(("-", "-", "－")))
    if paper.lines:
        setting = replace(setting, leading=paper.lines / setting.type.size, stacked=False)
    draft = Draft(canvas, paper, rng, setting, paper.area, rng.choice(_NUMBERINGS))
    layout(draft)
    return draft


PROBLEM = Family("problem", _choose_size, _draw)
