"""What interfaces say: usual words, and as often words that nobody would expect there."""

from __future__ import annotations

import random
from importlib import resources

from kantu.synth.words import lexicon, vocabulary

_SECTIONS = lexicon.sections(resources.files("kantu.synth.families.ui").joinpath("words.txt").read_text("utf-8"))


def _words(section: str) -> tuple[str, ...]:
    return tuple(" ".join(_SECTIONS[section]).split())


SETTINGS, MENU, TABS, ACTIONS = _words("settings"), _words("menu"), _words("tabs"), _words("actions")
CHOICES, SECTIONS, MENUS, COMMANDS = _words("choices"), _words("sections"), _words("menus"), _words("commands")
TITLES, LEVELS = _words("titles"), _words("levels")
_SETTING_FORMS = (
    *("{w}", "{w}", "{w}提醒", "自动{w}", "允许{w}", "显示{w}", "{w}模式", "{w}通知", "开启{w}", "智能{w}"),
    *("{w}{v}", "仅{w}", "隐藏{w}", "{w}保护", "后台{w}", "同步{w}"),
)


def _word(rng: random.Random) -> str:
    return vocabulary.word(rng) if rng.random() < 0.8 else vocabulary.random_han(rng, rng.randint(2, 4))


def setting(rng: random.Random) -> str:
    """What can be on or off."""
    kind = rng.random()
    if kind < 0.4:
        return rng.choice(SETTINGS)
    return rng.choice(_SETTING_FORMS).format(w=_word(rng), v=vocabulary.word(rng))


def level(rng: random.Random) -> str:
    """What is more or less."""
    return rng.choice(LEVELS) if rng.random() < 0.7 else setting(rng)


def entry(rng: random.Random) -> str:
    """What leads to another page."""
    if rng.random() < 0.4:
        return rng.choice(MENU)
    return rng.choice(("{w}", "{w}设置", "{w}管理", "我的{w}", "{w}与{v}", "关于{w}", "{w}中心", "{w}记录")).format(
        w=_word(rng), v=vocabulary.word(rng)
    )


def tab(rng: random.Random) -> str:
    return rng.choice(TABS) if rng.random() < 0.5 else _word(rng)


def action(rng: random.Random) -> str:
    kind = rng.random()
    if kind < 0.6:
        return rng.choice(ACTIONS)
    if kind < 0.75:
        return rng.choice(("去", "立即", "查看", "添加", "新建", "我要", "一键")) + vocabulary.word(rng)
    return _word(rng)


def choice(rng: random.Random) -> str:
    return rng.choice(CHOICES) if rng.random() < 0.45 else vocabulary.choice(rng)


def section(rng: random.Random) -> str:
    return rng.choice(SECTIONS) if rng.random() < 0.5 else _word(rng)


def title(rng: random.Random) -> str:
    if rng.random() < 0.5:
        return rng.choice(TITLES)
    return _word(rng) + rng.choice(("设置", "", "管理", "中心", "面板", "选项", "表", "助手"))


def menu(rng: random.Random) -> str:
    return rng.choice(MENUS) if rng.random() < 0.7 else vocabulary.word(rng)


def command(rng: random.Random) -> str:
    return (
        rng.choice(COMMANDS)
        if rng.random() < 0.5
        else rng.choice(("{w}", "{w}", "打开{w}", "删除{w}")).format(w=_word(rng))
    )


def _filled(rng: random.Random, template: str) -> str:
    return template.format(
        w=_word(rng), v=_word(rng), n=rng.randint(2, 30), m=rng.randint(0, 9), a=rng.choice(ACTIONS),
        s=vocabulary.shop_name(rng), t=vocabulary.date_time(rng),
    )  # fmt: skip


def asking(rng: random.Random) -> str:
    """What a dialog says."""
    return _filled(rng, rng.choice(_SECTIONS["asking"])) if rng.random() < 0.75 else vocabulary.sentence(rng)


def hint(rng: random.Random) -> str:
    """What stands under a setting."""
    return _filled(rng, rng.choice(_SECTIONS["hints"])) if rng.random() < 0.8 else vocabulary.sentence(rng)
