"""Files that people have become questions, and what is wrong with one is told with its row."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from kantu.contenders.contender import Said
from kantu.errors import InvalidRequestError
from kantu.evaluation.formats import read_file
from kantu.evaluation.free import CHOICE, FREE
from kantu.tasks.builtin import EXTRACT, LOCATE
from tests.evaluation.asked import png

ENCODED = base64.b64encode(png()).decode()


def table(folder: Path, *rows: str, head: str = "index\timage\tquestion\tA\tB\tanswer\tcategory") -> Path:
    path = folder / "bench.tsv"
    path.write_text("\n".join([head, *rows]) + "\n", "utf-8")
    return path


def chat(folder: Path, *rows: object, name: str = "chat.jsonl") -> Path:
    (folder / "a.png").write_bytes(png())
    path = folder / name
    path.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
    return path


def turns(question: str, answer: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]


def test_a_multiple_choice_lists_its_options_and_is_answered_by_a_letter(tmp_path: Path) -> None:
    (item,) = read_file(table(tmp_path, f"1\t{ENCODED}\t什么颜色？\t红\t绿\tB\t颜色"))
    assert item.task is CHOICE
    assert item.question == "什么颜色？\nA. 红\nB. 绿\n只回答选项的字母。"
    assert item.choices == ("A", "B")
    assert item.kind == "颜色"
    assert item.pictures[0].read() == png()
    assert [item.task.score(item.truth, said) for said in ("B", "B. 绿", "绿", "A", "红和绿")] == [1, 1, 1, 0, 0]


def test_a_row_without_options_is_answered_freely(tmp_path: Path) -> None:
    (item,) = read_file(table(tmp_path, f"1\t{ENCODED}\t多少钱\t\t\t9.9元\t"))
    assert (item.task, item.kind, item.choices) == (FREE, "free", None)
    assert item.task.score(item.truth, "一共￥9.9") == 1


def test_the_picture_may_be_that_of_another_row_or_a_list_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png("red"))
    both = json.dumps([ENCODED, ENCODED])
    first, same, two = read_file(
        table(
            tmp_path,
            f"1\t{ENCODED}\t?\t\t\tx\t",
            "2\t1\t?\t\t\tx\t",
            f"3\t{both.replace(chr(34), chr(39))}\t?\t\t\tx\t",
        )
    )
    assert same.pictures[0].read() == first.pictures[0].read() == png()
    assert len(two.pictures) == 2
    (file,) = read_file(table(tmp_path, "1\ta.png\t?\tx", head="index\timage_path\tquestion\tanswer"))
    assert file.pictures[0].read() == png("red")


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("2\t{0}\t?\t红\t绿\tC\t", "第 3 行：answer"),
        ("2\t{0}\t?\t\t\t\t", "第 3 行：没有 answer"),
        ("2\t{0}\t\t\t\tx\t", "第 3 行：没有 question"),
        ("2\tnot base64!\t?\t\t\tx\t", "第 3 行：image 不是 base64"),
        ("2\t{0}\t?", "第 3 行：列数"),
    ],
)
def test_a_malformed_row_of_a_table_is_told_by_its_number(tmp_path: Path, row: str, told: str) -> None:
    path = table(tmp_path, f"1\t{ENCODED}\t?\t\t\tx\t", row.format(ENCODED))
    with pytest.raises(InvalidRequestError, match=told) as caught:
        read_file(path)
    assert caught.value.code == "suite_invalid"


def test_a_table_without_its_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="表头里没有 answer"):
        read_file(table(tmp_path, head="index\tquestion"))


def test_messages_with_pictures_ask_what_the_user_said_last(tmp_path: Path) -> None:
    talk = [*turns("<image>这是什么", "订单"), *turns("多少钱", "9.9元")]
    (item,) = read_file(chat(tmp_path, {"messages": talk, "images": ["a.png"], "system": "你是客服"}))
    assert item.question == "多少钱"
    assert item.history == (Said("system", "你是客服"), Said("user", "这是什么"), Said("assistant", "订单"))
    assert item.truth.answer == "9.9元"
    assert item.pictures[0].read() == png()


def test_all_three_ways_of_writing_a_conversation_are_read(tmp_path: Path) -> None:
    sharegpt = [{"from": "human", "value": "<image>多少钱"}, {"from": "gpt", "value": "9.9"}]
    rows = [
        {"conversations": sharegpt, "images": ["a.png"]},
        {"instruction": "多少钱", "input": "", "output": "9.9", "images": ["a.png"]},
        {"query": "<image>多少钱", "response": "9.9", "images": [{"path": "a.png"}]},
        {"messages": turns("多少钱", "9.9"), "images": [f"data:image/png;base64,{ENCODED}"]},
    ]
    items = read_file(chat(tmp_path, *rows))
    assert [(item.question, item.truth.answer, item.pictures[0].read()) for item in items] == [
        ("多少钱", "9.9", png())
    ] * 4
    path = tmp_path / "chat.json"
    path.write_text(json.dumps(rows), "utf-8")
    assert [item.question for item in read_file(path)] == ["多少钱"] * 4


def test_the_truth_says_how_it_is_judged(tmp_path: Path) -> None:
    boxes = '[{"bbox_2d": [1, 2, 3, 4], "label": "甲"}]'
    rows = [{"messages": turns("?", truth)} for truth in ('{"价格": "9.9"}', boxes, "9.9")]
    assert [item.task for item in read_file(chat(tmp_path, *rows))] == [EXTRACT, LOCATE, FREE]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ({"messages": turns("<image><image>?", "x"), "images": ["a.png"]}, "2 个 <image>，images 里有 1 张图"),
        ({"messages": turns("?", "x"), "images": ["gone.png"]}, "找不到图片 gone.png"),
        ({"messages": turns("?", "x"), "images": ["http://x/a.png"]}, "网址"),
        ({"messages": [{"role": "user", "content": "?"}]}, "一问一答"),
        ({"messages": [{"role": "robot", "content": "?"}, *turns("?", "x")]}, "不认识的角色"),
        ({"messages": [*turns("?", "x"), *turns("<image>?", "x")], "images": ["a.png"]}, "第一轮"),
        ({"messages": turns("?", " ")}, "答案是空的"),
        ({"text": "x"}, "没有 messages"),
    ],
)
def test_a_malformed_conversation_is_told_by_its_number(tmp_path: Path, row: object, told: str) -> None:
    path = chat(tmp_path, {"messages": turns("?", "x")}, row)
    with pytest.raises(InvalidRequestError, match=f"第 2 行：.*{told}"):
        read_file(path)


@pytest.mark.parametrize(("name", "text"), [("a.jsonl", "{"), ("a.jsonl", "[]"), ("a.json", "{"), ("a.json", "{}")])
def test_what_is_not_json_is_told(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidRequestError, match="第 1 行"):
        read_file(tmp_path / name)


def test_other_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        read_file(tmp_path / "a.csv")
    assert caught.value.code == "suite_unknown_format"
