"""Words that are looked for beside the model."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kantu.errors import InvalidRequestError
from kantu.tasks import results
from kantu.tasks.builtin import MODERATE, moderate_with
from kantu.tasks.checks import word_list
from kantu.tasks.checks.word_list import Hit, WordList
from kantu.tasks.results import Category
from kantu.tasks.task import Task

LIST = WordList({"广告引流": ["加微信", "加V"], "诈骗": ["刷单", "刷单返利"]}, allow=["谨防刷单"])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("有事加微信说", ("加微信",)),
        ("加 微.信", ("加微信",)),
        ("加ｖ看看，＋v不算", ("加V",)),
        ("刷单返利，先到先得", ("刷单返利",)),
        ("社区提醒：谨防刷单", ()),
        ("谨防刷单，又来刷单", ("刷单",)),
        ("", ()),
    ],
)
def test_words_are_found_spaced_out_or_not_and_spared_where_allowed(text: str, words: tuple[str, ...]) -> None:
    assert tuple(hit.word for hit in LIST.find(text)) == words


def test_a_hit_points_into_the_text_as_it_was_given() -> None:
    (hit,) = LIST.find("请 加 微 信 哦")
    assert hit == Hit("广告引流", "加微信", 2, 7)


def test_the_lists_that_come_along_are_whole() -> None:
    hits = word_list.builtin(word_list.MODERATION).find("扫码进群，稳赚不赔")
    assert {hit.category for hit in hits} == {"广告引流", "诈骗"}
    assert all(hit.category in set(Category) for hit in hits)
    assert word_list.builtin(word_list.ABSOLUTE).find("全网最低价，最后一天")[0].word == "全网最低"
    assert not word_list.builtin(word_list.ABSOLUTE).find("最后一天")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "没有 [words]"),
        ("[words]\n诈骗 = '刷单'", "不是有效的 TOML"),  # a key in Chinese is quoted
        ("[words]\n'诈骗' = '刷单'", "words.诈骗 不是词的列表"),
        ("[words]\n'诈骗' = ['…']", "words.诈骗 不是词的列表"),
        ("allow = 1\n[words]\n'甲' = ['乙']", "allow 不是词的列表"),
        ("word = 1\n[words]\n'甲' = ['乙']", "不认识的键 word"),
        ("[words]\na = [", "TOML"),
        ("[words]\n\n'甲' = 乙", "第 3 行不是有效的 TOML"),
        (None, "没有这个文件"),
        (b"\xff", "不是 UTF-8"),
    ],
)
def test_a_file_that_is_no_word_list_is_a_clear_error(tmp_path: Path, content: str | bytes | None, says: str) -> None:
    path = tmp_path / "mine.toml"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(InvalidRequestError) as caught:
        word_list.load(path)
    assert caught.value.code == "word_list_invalid"
    assert says in caught.value.message
    path.write_text('allow = ["反甲"]\n[words]\n"自定" = ["甲"]', encoding="utf-8")
    assert word_list.load(path).find("甲，反甲") == (Hit("自定", "甲", 0, 1),)


def test_a_list_of_one_s_own_takes_the_place_of_the_one_that_comes_along() -> None:
    own = moderate_with(WordList({"自定": ["甲"]}))
    assert told(own, "甲") == ["“甲”（自定）"]
    assert told(own, "加微信") == []
    assert told(MODERATE, "加微信") == ["“加微信”（广告引流）"]


def told(task: Task, text: str) -> list[str]:
    """The words that the task's check finds in a text that was judged fine."""
    fine = results.ModerateResult(verdict=results.ModerateVerdict.FINE, categories=[], side=None, evidence=[])
    problems = [problem for check in task.checks for problem in check(fine, {"text": text})]
    return [word for problem in problems for word in re.findall("“[^”]+”（[^）]+）", problem.message)]
