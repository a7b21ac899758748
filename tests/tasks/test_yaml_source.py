"""YAML comes out as data that could be JSON, with lines, and no file costs more than its size."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kantu.errors import InvalidRequestError
from kantu.tasks.yaml_source import MOST_BYTES, YamlSource, read_yaml


def read(folder: Path, text: str | bytes) -> YamlSource:
    path = folder / "任务.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return read_yaml(path)


def refused(folder: Path, text: str | bytes) -> str:
    with pytest.raises(InvalidRequestError) as caught:
        read(folder, text)
    assert caught.value.code == "task_invalid"
    assert caught.value.param == "任务.yaml"
    return caught.value.message


def test_every_key_and_item_has_its_line(tmp_path: Path) -> None:
    source = read(tmp_path, "名称: 甲\n\n列:\n  - 一\n  - 二: |\n      长\n      文\n    三: 4\n")
    assert source.value == {"名称": "甲", "列": ["一", {"二": "长\n文\n", "三": 4}]}
    assert [source.line(place) for place in ([], ["名称"], ["列"], ["列", 1], ["列", 1, "三"])] == [1, 1, 3, 5, 8]


def test_what_is_not_there_has_the_line_of_what_is_around_it(tmp_path: Path) -> None:
    source = read(tmp_path, "甲: 1\n乙:\n  丙: 2\n")
    assert source.line(["乙", "丁", "戊"]) == 2
    assert source.line(["己"]) == 1


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("12", 12),
        ("-3", -3),
        ("0.50", 0.5),
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ('"true"', "true"),
        ("no", "no"),
        ("2026-11-28", "2026-11-28"),
        ("12:30", "12:30"),
        ("007", "007"),
        ("0x1F", "0x1F"),
        ("1e999", "1e999"),
        (".nan", ".nan"),
        ("1_000", "1_000"),
        ("12345678901234567890", "12345678901234567890"),  # a long number is a name, as of an order
        ("9" * 5000, "9" * 5000),
        ("=", "="),
    ],
)
def test_a_word_is_a_number_or_a_constant_only_where_it_is_one_in_json(
    tmp_path: Path, written: str, meant: object
) -> None:
    found = read(tmp_path, f"值: {written}\n").value["值"]
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_words(tmp_path: Path) -> None:
    assert read(tmp_path, "1: a\nyes: b\nnull: c\n").value == {"1": "a", "yes": "b", "null": "c"}


def test_a_byte_order_mark_of_an_editor_is_no_fault(tmp_path: Path) -> None:
    assert read(tmp_path, b"\xef\xbb\xbf\xe5\x90\x8d: 1\n").value == {"名": 1}


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "YAML"),
        ("a: 1\n\tb: 2\n", 2, "YAML"),
        ("a: 1\nb: \x07\n", 2, "YAML"),
        ("a: b: c\n", 1, "YAML"),
        ("a: 1\na: 2\n", 2, "键 a 写了两次"),
        ("a:\n  ? [1, 2]\n  : 3\n", 2, "键只能是文字"),
        ("a: 1\n---\nb: 2\n", 2, "一个任务"),
        ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "标签"),
        ("a: 1\nb: !!binary aGk=\n", 2, "标签"),
        ("a: 1\nb: !新 2\n", 2, "YAML"),
        ("a: &x 1\nb: *x\n", 1, "锚点"),
        ("a: 1\nb: *x\n", 2, "锚点"),
        ("a:\n  <<: *x\n", 2, "锚点"),
        ("a: " + "[" * 40 + "]" * 40, 1, "32 层"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    message = refused(tmp_path, text)
    assert message.startswith(f"任务.yaml 第 {line} 行：")
    assert says in message


def test_a_file_that_multiplies_itself_is_refused_at_its_first_anchor(tmp_path: Path) -> None:
    laughs = ["a0: &a0 [ha, ha, ha, ha, ha, ha, ha, ha, ha, ha]"]
    laughs += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "第 1 行" in refused(tmp_path, "\n".join(laughs))


@pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
def test_no_depth_reaches_python_s_stack(tmp_path: Path, opening: str) -> None:
    assert "32 层" in refused(tmp_path, opening * (MOST_BYTES // 8))


def test_the_size_is_bounded(tmp_path: Path) -> None:
    assert "64 KiB" in refused(tmp_path, "a: " + "x" * MOST_BYTES)


def test_what_is_no_text_is_told_so(tmp_path: Path) -> None:
    assert "UTF-8" in refused(tmp_path, "名称: 甲\n".encode("gb18030"))
    with pytest.raises(InvalidRequestError, match="读不了"):
        read_yaml(tmp_path)


@pytest.mark.parametrize("text", ["", "# 只有注释\n", "---\n"])
def test_a_file_of_nothing_holds_nothing(tmp_path: Path, text: str) -> None:
    value: Any = read(tmp_path, text).value
    assert value is None


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="没有这个任务文件") as caught:
        read_yaml(tmp_path / "nosuch.yaml")
    assert str(tmp_path / "nosuch.yaml") in caught.value.message
