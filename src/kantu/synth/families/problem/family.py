"""Pages with maths problems: one photographed, sheets of sums, exams, exercise books, blackboards, apps."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from kantu.synth.draw import effects, palette
from kantu.synth.draw.canvas import Canvas
from kantu.synth.draw.layout import Piece, column, row, space
from kantu.synth.draw.parts import chevron, grouped, plate
from kantu.synth.draw.reading_order import hull
from kantu.synth.draw.typesetting import Type
from kantu.synth.facts import Fact, Marked, Pair
from kantu.synth.families.family import Family, Size, finish
from kantu.synth.families.problem.paper import PAPERS, Paper, lay
from kantu.synth.families.problem.questions import Placed, ProblemQuestions
from kantu.synth.families.problem.stories import story
from kantu.synth.families.problem.sums import NUMBERS, Problem, chosen, plain_sum, upright_sum
from kantu.synth.families.problem.typeset import Setting, options, upright, written
from kantu.synth.page import Box, Page
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


@dataclass
class _Draft:
    """A page while it is written on: what is left of it, how problems are numbered and set, which stand on it."""

    canvas: Canvas
    paper: Paper
    rng: random.Random
    setting: Setting
    area: Box
    numbering: str
    facts: list[Fact] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)

    def take(self, height: float) -> None:
        """Leave `height` pixels and go on below them."""
        x1, y1, x2, y2 = self.area
        self.area = (x1, y1 + height, x2, y2)


def any_problem(rng: random.Random) -> Problem:
    """A problem of any sort."""
    if rng.random() < 0.3:
        return story(rng)
    make = rng.choices([maker for maker, _ in NUMBERS], [weight for _, weight in NUMBERS])[0]
    return make(rng)


def _heading(draft: _Draft, text: str, *, align: str = "l", grow: float = 1.15) -> bool:
    """A title or a section's name across the page; on lined paper it takes one line."""
    type_ = replace(
        draft.setting.type, size=draft.setting.type.size if draft.paper.lines else round(draft.setting.type.size * grow)
    )
    x1, y1, x2, y2 = draft.area
    if type_.width(text) > x2 - x1 or type_.size * 3 > y2 - y1:
        return False
    at = {"l": x1, "m": (x1 + x2) / 2}[align]
    tall = draft.paper.lines or type_.size * 1.5
    draft.canvas.text(
        at, y1 + (tall - type_.size) * (0.7 if draft.paper.lines else 0.2), text, type_, anchor=align, role="heading"
    )
    draft.take(tall)
    return True


def _title(draft: _Draft) -> None:
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
    if _heading(draft, text, align=rng.choice("lmm"), grow=1.3):
        draft.facts.append(Marked("title", text))


def _names(draft: _Draft) -> None:
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


def _body(
    draft: _Draft, problem: Problem, number: int, width: float, *, columned: bool = False, pen: bool = False
) -> tuple[Piece, str]:
    """A problem with its number, and what a pupil has written after it ("" for nothing)."""
    rng, setting = draft.rng, draft.setting
    name = f"problem{number}"
    mark = draft.numbering.format(number)
    if columned and problem.upright:
        sum_ = upright(problem, setting, name=name)
        parts = [Piece(setting.type.width(mark), setting.type.size, _mark(mark, setting.type, name))] if mark else []
        return grouped(row([*parts, sum_], setting.type.size * 0.4, valign=0.0)), ""
    text = problem.text if problem.sort == "story" else setting.shown(problem.text)
    piece = written(mark + text, setting, width, name=name)
    if problem.options:
        gap = setting.type.size * (setting.leading - 1)
        dot = rng.choice((".", "．", "、", ". ", " "))
        indent = setting.type.size * rng.choice((0.0, 1.2))
        choices = options(problem.options, setting, width - indent, dot, name=name)
        piece = column([piece, row([space(indent), choices])], gap)
    filled = ""
    if pen and problem.text.endswith("=") and problem.small and not problem.options:
        filled = (
            problem.answer
            if rng.random() < 0.75 or not problem.answer.isdigit()
            else str(int(problem.answer) + rng.choice((1, 2, 10)))
        )
        hand = draft.paper.type(setting.type.size / draft.paper.scale, ink=draft.paper.pen, style="kai")
        hand = replace(hand, latin=None)
        if piece.width + hand.width(filled) + 6 > width:
            filled = ""
        else:
            answer = Piece(hand.width(filled), hand.size, lambda canvas, x, y: _write(canvas, x, y, filled, hand))
            piece = row([piece, answer], setting.type.size * 0.25)
    return piece, filled


def _write(canvas: Canvas, x: float, y: float, text: str, type_: Type) -> None:
    canvas.text(x, y, text, type_, role="filled")


def _mark(text: str, type_: Type, name: str) -> Callable[[Canvas, float, float], None]:
    def draw(canvas: Canvas, x: float, y: float) -> None:
        canvas.text(x, y, text, type_, role="number", name=name)

    return draw


def _put(draft: _Draft, problem: Problem, number: int, piece: Piece, x: float, y: float, filled: str) -> None:
    lines = len(draft.canvas.lines)
    piece.draw(draft.canvas, x, y)
    shown = draft.canvas.lines[lines:]
    box = hull([line.box for line in shown])
    draft.canvas.element("problem", str(number), box)
    draft.placed.append(Placed(problem, number if draft.numbering else 0, filled))


def _list(draft: _Draft, problems: Sequence[Problem], *, gap: float, pen: bool = False, centred: bool = False) -> None:
    """Problems one under the other, as many as there is room for."""
    setting = draft.setting
    for problem in map(setting.signed, problems):
        x1, y1, x2, y2 = draft.area
        if any(problem.text == placed.problem.text for placed in draft.placed):
            continue
        if setting.type.widest_unit(setting.shown(problem.text)) > (x2 - x1) * 0.8:
            continue
        number = len(draft.placed) + 1
        piece, filled = _body(draft, problem, number, x2 - x1, pen=pen)
        lines = draft.paper.lines
        tall = -(-piece.height // lines) * lines if lines else piece.height
        if y1 + tall > y2 or piece.width > x2 - x1:
            continue
        x = x1 + (x2 - x1 - piece.width) / 2 if centred else x1
        _put(draft, problem, number, piece, x, y1 + (lines - setting.type.size) * 0.75 if lines else y1, filled)
        draft.take(tall + (0 if lines else gap))


def _grid(draft: _Draft, make: Callable[[random.Random], Problem], *, columned: bool, most: int) -> None:
    """Sums in rows and columns of equal width."""
    rng, setting = draft.rng, draft.setting
    x1, y1, x2, y2 = draft.area
    pen = not columned and rng.random() < 0.2
    across = rng.choice((1, 2, 2, 3, 3, 4))
    trial = [setting.signed(make(rng)) for _ in range(60)]
    widest = max(_body(draft, problem, 10, x2 - x1, columned=columned)[0].width for problem in trial[:12])
    across = max(1, min(across, int((x2 - x1) / (widest + setting.type.size * 1.4))))
    step = setting.type.size * 4.2 if columned else setting.type.size * rng.uniform(1.6, 2.6)
    if any("/" in problem.text for problem in trial) and setting.stacked:
        step = max(step, setting.type.size * 2.5)
    if draft.paper.lines:
        step = draft.paper.lines * (4 if columned else -(-int(step * 10) // int(draft.paper.lines * 10)))
    down = max(min(int((y2 - y1 + step * 0.4) / step), most), 1)
    if not draft.paper.lines:  # a short sheet is spread over its page
        step = min(step * rng.uniform(1.0, 1.9), (y2 - y1) / down)
    wide = (x2 - x1) / across
    by_column = rng.random() < 0.2
    number = 0
    for index in range(across * down):
        place, line = (index // down, index % down) if by_column else (index % across, index // across)
        problem = next((each for each in trial if all(each.text != p.problem.text for p in draft.placed)), None)
        if problem is None:
            break
        trial.remove(problem)
        piece, filled = _body(draft, problem, number + 1, wide - setting.type.size, columned=columned, pen=pen)
        top = y1 + line * step
        if draft.paper.lines and not columned:
            top += (draft.paper.lines - setting.type.size) * 0.75
        if piece.width > wide - setting.type.size * 0.5 or top + piece.height > y2 or piece.height > step:
            continue
        number += 1
        _put(draft, problem, number, piece, x1 + place * wide, top, filled)
    draft.take(down * step)


def _single(draft: _Draft) -> None:
    """One problem, large."""
    draft.numbering = draft.rng.choice(("", "", f"{draft.rng.randint(1, 30)}. ", "题目：", "例1 "))
    x1, y1, x2, y2 = draft.area
    if not draft.paper.lines and draft.rng.random() < 0.7:
        draft.area = (x1, y1 + (y2 - y1) * draft.rng.uniform(0, 0.45), x2, y2)
    for _ in range(8):
        make = draft.rng.choice((any_problem, story)) if y2 - y1 > 0.8 * (x2 - x1) else any_problem
        _list(draft, [make(draft.rng)], gap=0, centred=draft.rng.random() < 0.3)
        if draft.placed:
            break
    draft.placed = [replace(placed, number=0) for placed in draft.placed]


def _sums(draft: _Draft) -> None:
    if draft.rng.random() < 0.7:
        _title(draft)
    if draft.rng.random() < 0.35:
        _names(draft)
    makers, weights = zip(
        *[(maker, weight) for maker, weight in NUMBERS if maker.__name__ not in ("chosen", "series", "large_sum")],
        strict=True,
    )
    make = plain_sum if draft.rng.random() < 0.6 else draft.rng.choices(makers, weights)[0]
    _grid(draft, make, columned=False, most=draft.rng.choice((4, 6, 8, 10, 14)))


def _uprights(draft: _Draft) -> None:
    if draft.rng.random() < 0.7:
        _title(draft) if draft.rng.random() < 0.5 else _heading(
            draft, draft.rng.choice(("列竖式计算", "竖式计算", "用竖式计算下面各题", "笔算"))
        )
    _grid(draft, upright_sum, columned=True, most=3)


def _sheet(draft: _Draft) -> None:
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
            headings += _heading(draft, f"{'一二三四五六七八九十'[headings]}、{named}")
        _list(draft, [problem for problem in problems if problem.sort == sort], gap=gap, pen=rng.random() < 0.1)


def _plain_list(draft: _Draft) -> None:
    rng = draft.rng
    if rng.random() < 0.5:
        _title(draft)
    makers = (any_problem, story, plain_sum, any_problem)
    make = rng.choice(makers)
    _list(
        draft,
        [make(rng) for _ in range(rng.randint(2, 14))],
        gap=draft.setting.type.size * rng.uniform(0.5, 1.5),
        pen=rng.random() < 0.15,
    )


def _two_columns(draft: _Draft) -> None:
    """A sheet in two columns with a line between."""
    rng, canvas = draft.rng, draft.canvas
    _title(draft)
    x1, y1, x2, y2 = draft.area
    middle, gap = (x1 + x2) / 2, draft.setting.type.size
    canvas.draw.line((middle, y1, middle, y2), fill=draft.paper.soft)
    for left, right in ((x1, middle - gap), (middle + gap, x2)):
        canvas.element("column", "", (left - 2, y1 - 2, right + 2, y2 + 2))
        draft.area = (left, y1, right, y2)
        _list(draft, [any_problem(rng) for _ in range(rng.randint(3, 9))], gap=gap * rng.uniform(0.5, 1.3))


def _app(draft: _Draft) -> None:
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
            _list(draft, [problem], gap=small.size)
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


def _answer_rows(draft: _Draft, problem: Problem) -> None:
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


_LAYOUTS: dict[Callable[[_Draft], None], int] = {
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


def _compose(rng: random.Random, size: Size) -> _Draft:
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
    draft = _Draft(canvas, paper, rng, setting, paper.area, rng.choice(_NUMBERINGS))
    layout(draft)
    return draft


PROBLEM = Family("problem", _choose_size, _draw)
