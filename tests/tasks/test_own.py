"""A user's own task: a YAML file in, a task out; what is wrong with the file is told with key and line."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import pytest

from kantu.engine.grammar import grammar
from kantu.engine.request import Constraint
from kantu.errors import InvalidRequestError
from kantu.tasks.own import read_task
from kantu.tasks.problem import Problem
from kantu.tasks.task import Task
from kantu.tasks.truth import Truth

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "tasks" / "express_label.yaml"


def digits(text: str) -> Problem | None:
    return None if text.isdecimal() else Problem("not_digits", f"“{text}”不全是数字。")


FORMS = {"digits": digits, "tracking_number": lambda text: None, "phone": lambda text: None}

LEAST = """\
name: visit_card
title: 名片
instruction: 看名片。
fields:
  姓名:
"""


def read(folder: Path, text: str) -> Task:
    path = folder / "card.yaml"
    path.write_text(text, encoding="utf-8")
    return read_task(path, FORMS)


# --- what a file says -------------------------------------------------------------------------------------------------


def test_the_example_of_the_documentation_is_a_task() -> None:
    task = read_task(EXAMPLE, FORMS)
    assert (task.name, task.title, task.variables) == ("express_label", "快递面单", ("attention",))
    assert task.instruct().startswith("看快递面单，写出下面的字段。")
    assert "另外要留意：无\n" in task.instruct()
    assert "付款方式：谁付运费。寄付（面单上写着寄付、月结或现付）、到付（" in task.instruct()
    assert (task.max_pixels, task.review_below, len(task.checks)) == (1_310_720, 0.8, 2)
    assert task.printed == ("运单号", "收件人", "收件电话", "收件地址", "寄件人")


def test_an_example_s_own_record_is_right() -> None:
    task = read_task(EXAMPLE, FORMS)
    (example,) = task.examples
    assert example.picture.name == "express_label.png"
    assert "地址里的门牌号" in task.instruct(**example.given)
    answer = json.dumps(dict(example.expected), ensure_ascii=False)
    assert task.parse(answer) == example.expected
    assert task.score(Truth(answer), answer) == 1.0
    assert task.score(Truth(answer), answer.replace("拾光文具店", "别的店")) == pytest.approx(8 / 9)


def test_the_least_task_is_a_name_a_title_an_instruction_and_a_field(tmp_path: Path) -> None:
    task = read(tmp_path, LEAST)
    assert task.instruct() == "看名片。"
    assert task.parse('{"姓名": null}') == {"姓名": None}
    assert task.parse("{}") is None
    assert task.parse('{"姓名": "周", "又": 1}') is None
    assert (task.checks, task.printed, task.examples, task.max_pixels, task.review_below) == ((), (), (), None, None)


def test_fields_in_short_come_to_a_schema(tmp_path: Path) -> None:
    fields = "  单号: 条码下的数字\n  件数: {type: integer}\n  付清: {type: boolean}\n  货物: {type: list}\n"
    fields += "  状态: {choices: [已签收, 退回]}\n  种类:\nlabels:\n  种类: {大件: 两个人抬, 小件: 一只手拿}\n"
    schema = read(tmp_path, LEAST + fields).schema()
    assert schema is not None
    assert list(schema["properties"]) == schema["required"] == ["姓名", "单号", "件数", "付清", "货物", "状态", "种类"]
    null = {"type": "null"}
    assert schema["properties"]["单号"] == {"description": "条码下的数字", "anyOf": [{"type": "string"}, null]}
    assert schema["properties"]["件数"] == {"anyOf": [{"type": "integer"}, null]}
    assert schema["properties"]["货物"] == {"type": "array", "items": {"type": "string"}}
    assert schema["properties"]["状态"] == {"anyOf": [{"enum": ["已签收", "退回"]}, null]}
    assert schema["properties"]["种类"] == {"anyOf": [{"enum": ["大件", "小件"]}, null]}


def test_the_engine_takes_the_schema_of_fields_in_short() -> None:
    schema = read_task(EXAMPLE, FORMS).schema()
    assert grammar(Constraint("json_schema", json.dumps(schema)))


WHOLE = """\
name: goods
title: 货单
instruction: 抄货单。
schema:
  type: object
  properties:
    店: {type: string, description: 抬头}
    货:
      type: array
      items: {$ref: '#/$defs/货'}
  $defs:
    货:
      type: object
      properties:
        单号: {type: [string, 'null']}
        状态: {enum: [在库, 缺货]}
labels:
  货[].状态: {缺货: 划掉的}
validators:
  货[].单号: digits
printed: ['*']
"""


def test_a_whole_json_schema_stands_as_it_is(tmp_path: Path) -> None:
    task = read(tmp_path, WHOLE)
    assert task.parse('{"货": [{"状态": "在库"}]}') == {"货": [{"状态": "在库"}]}
    assert task.parse('{"货": [{"状态": "别的"}]}') is None
    assert task.instruct() == "抄货单。\n店：抬头\n货[].状态：缺货（划掉的）"
    assert task.printed == ("*",)


def test_a_validator_looks_at_every_value_of_its_field(tmp_path: Path) -> None:
    (check,) = read(tmp_path, WHOLE).checks
    record = {"货": [{"单号": "12"}, {"单号": "1O"}, {"单号": None}, {}, {"单号": "x"}]}
    assert [problem.field for problem in check(record, {})] == ["货[1].单号", "货[4].单号"]


def test_braces_of_descriptions_are_no_variables(tmp_path: Path) -> None:
    task = read(tmp_path, LEAST.replace("看名片。", "'看{名}片：{{which}}'") + "  单位: '写成 {{甲}} 或 {乙}'\n")
    assert task.instruct(which="第一张") == "看{名}片：第一张\n单位：写成 {{甲}} 或 {乙}"


# --- what is wrong with a file ----------------------------------------------------------------------------------------

EXPECTED = "examples:\n- picture: card.png\n  expected:\n"


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        (
            LEAST + "fileds: {}\n",
            6,
            "不认识的键 fileds；这里可以写：name、title、instruction、variables、fields、schema",
        ),
        (LEAST + "  电话: {typ: string}\n", 6, "不认识的键 typ；这里可以写：type、description、choices"),
        (LEAST + "examples:\n- image: a.png\n", 7, "不认识的键 image；这里可以写：picture、variables、expected"),
        (LEAST.replace("title: 名片\n", ""), 1, "缺少 title"),
        (LEAST + "examples:\n- picture: a.png\n", 7, "缺少 expected"),
        (LEAST.replace("visit_card", "名片"), 1, "name 以小写字母开头，只有小写字母、数字和下划线"),
        (LEAST.replace("visit_card", '"a\\n"'), 1, "name 以小写字母开头，只有小写字母、数字和下划线"),
        (
            LEAST.replace("name: visit_card\n", "").replace("title: 名片\n", "title: 名片\nname: order\n"),
            2,
            "（内置任务）",
        ),
        (LEAST.replace("title: 名片", "title: 12"), 2, "title 应为字符串"),
        (LEAST + "  电话: {type: text}\n", 6, "fields.电话.type 只能是 string、integer、number、boolean、list"),
        (LEAST + "  电话: 12\n", 6, "fields.电话 应为对象"),
        (LEAST + "  状态: {choices: [1]}\n", 6, "fields.状态.choices.0 应为字符串"),
        (LEAST.replace("看名片。", '" "'), 3, "instruction 至少要有 1 个字符"),
        (LEAST + "max_pixels: 10\n", 6, "max_pixels 不能小于 1024"),
        (LEAST + "review_below: 1.5\n", 6, "review_below 不能大于 1"),
        (LEAST + "max_pixels: 1e9\n", 6, "max_pixels 应为整数"),
        ("名片：周\n", 1, "键: 值"),
        ("- name\n", 1, "键: 值"),
        ("", 1, "键: 值"),
        (LEAST + "schema: {properties: {a: {}}}\n", 6, "fields 和 schema"),
        ("name: a\ntitle: a\ninstruction: a\n", 1, "fields 和 schema"),
        (WHOLE.replace("[string, 'null']", "串"), 4, "不是有效的 JSON Schema"),
        (WHOLE.replace("'#/$defs/货'", "'http://127.0.0.1/x'"), 4, "别的文档"),
        (LEAST.replace("fields:\n  姓名:\n", "schema: {type: string}\n"), 4, "properties"),
        (LEAST + "  件数: {type: integer, choices: ['1']}\n", 6, "件数 有 choices"),
        (LEAST.replace("看名片。", "'看 {{问 题}}'"), 3, "“{{问 题}}”不是变量：变量写成 {{名字}}"),
        (LEAST + "variables: {问题: 无}\n", 6, "instruction 里没有变量 问题，有的是：无。"),
        (LEAST + "labels:\n  性别: {男: 先生}\n", 7, "labels 里的 性别 不是结果的字段；字段有：姓名"),
        (
            LEAST + "  状态: {choices: [甲]}\nlabels:\n  状态:\n    甲: 一\n    乙: 二\n",
            10,
            "没有“乙”这个取值；取值有：甲。",
        ),
        (LEAST + "validators: {电话: digits}\n", 6, "validators 里的 电话 不是结果的字段"),
        (LEAST + "validators: {姓名: 手机}\n", 6, "没有名为 手机 的检查；可用：digits、"),
        (LEAST + "printed:\n- 姓名\n- 电话\n", 8, "printed 里的 电话 不是结果的字段"),
        (LEAST + EXPECTED + "    姓名: 周\n    电话: '1'\n", 10, "examples.0.expected.电话 不符合"),
        (LEAST + EXPECTED + "    姓名: 12\n", 9, "examples.0.expected.姓名 不符合"),
        (LEAST + EXPECTED + "    {}\n", 8, "examples.0.expected.姓名 不符合"),
        (LEAST + EXPECTED.replace("card", "none") + "    姓名: 周\n", 7, "找不到图片 none.png"),
        (LEAST + EXPECTED.replace("card.png", "../card.png") + "    姓名: 周\n", 7, "找不到图片 ../card.png"),
        (LEAST + EXPECTED.replace("card.png", "'" + "长" * 300 + "'") + "    姓名: 周\n", 7, "找不到图片"),
        (LEAST + EXPECTED.replace("card.png", '"a\\0"') + "    姓名: 周\n", 7, "找不到图片"),
        (LEAST + EXPECTED + "    姓名: 周\n  variables: {问: 题}\n", 10, "要填的内容是：无"),
    ],
)
def test_a_fault_names_key_and_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    folder = tmp_path / "tasks"
    folder.mkdir()
    for place in (tmp_path, folder):
        (place / "card.png").write_bytes(b"")
    with pytest.raises(InvalidRequestError) as caught:
        read(folder, text)
    assert caught.value.code == "task_invalid"
    assert caught.value.message.startswith(f"card.yaml 第 {line} 行：")
    assert says in caught.value.message
    assert caught.value.message_en.startswith(f"card.yaml, line {line}: ")


def test_of_several_faults_the_first_in_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequestError, match="第 2 行：不认识的键 titel"):
        read(tmp_path, LEAST.replace("title: 名片", "titel: 名片") + "max_pixels: 一\n")


def test_a_link_leads_no_picture_out_of_the_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.png").write_bytes(b"")
    folder = tmp_path / "tasks"
    folder.mkdir()
    (folder / "card.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(InvalidRequestError, match="不能离开"):
        read(folder, LEAST + EXPECTED + "    姓名: 周\n")


KEYS = ("name", "title", "instruction", "variables", "fields", "schema", "labels", "validators", "printed", "examples")


@pytest.mark.parametrize("value", ["null", "[]", "[a]", "[{}]", "{'': {}}", "12", "''", "true"])
@pytest.mark.parametrize("key", KEYS)
def test_a_value_of_another_kind_is_a_fault_or_nothing(tmp_path: Path, key: str, value: str) -> None:
    contents = {"name": "a", "title": "a", "instruction": "a", "fields": "{姓名: }", key: value}
    with suppress(InvalidRequestError):
        assert read(tmp_path, "".join(f"{name}: {written}\n" for name, written in contents.items())).name
