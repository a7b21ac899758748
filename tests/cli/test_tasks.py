"""A task on the command line, on the embedded model."""

from __future__ import annotations

import errno
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from typer.testing import CliRunner

from kantu.cli import app
from kantu.cli.tasks import show
from kantu.solve.result import Finding, PictureBox, Review, TaskResult, TaskTimings, TaskUsage, TaskVersion
from kantu.tasks.builtin import TASKS

ORDER = str(Path(__file__).parents[2] / "examples" / "order.png")


def test_every_task_has_a_command_that_says_what_it_takes() -> None:
    text = CliRunner().invoke(app, ["--help"]).output
    for task in TASKS.values():
        assert task.name.replace("_", "-") in text
    assert "kantu match IMAGE... TEXT" in CliRunner().invoke(app, ["match", "--help"]).output


def test_an_order_is_told_field_by_field() -> None:
    told = CliRunner().invoke(app, ["order", ORDER, "为什么还没发货？", "--no-evidence"])
    assert told.exit_code == 0, told.output
    fields = [line for line in told.stdout.splitlines() if "⚠" not in line]  # which tell of the field above them
    assert [line.partition("：")[0] for line in fields] == [
        *("状态", "页面上的状态", "订单号", "运单号", "金额", "情况", "建议", "回复"),
        "内容由 AI 生成",
    ]


def test_a_found_thing_is_told_with_its_place_and_its_words() -> None:
    told = CliRunner().invoke(app, ["locate", ORDER, "催发货"])
    assert re.fullmatch(r"1 名称：.+  \d+%  \[\d+, \d+, \d+, \d+\]", told.stdout.splitlines()[0])


@pytest.mark.parametrize(
    ("pictures", "places"), [(1, "[1, 2, 3, 4]"), (2, "第 1 张 [1, 2, 3, 4]  第 2 张 [5, 6, 7, 8]")]
)
def test_of_several_pictures_it_is_told_in_which_a_box_lies(
    capsys: pytest.CaptureFixture[str], pictures: int, places: str
) -> None:
    boxes = (PictureBox(x1=1, y1=2, x2=3, y2=4), PictureBox(picture=1, x1=5, y1=6, x2=7, y2=8))
    result = TaskResult[Any](
        task=TaskVersion(name="read", title="文字识别", version="1"),
        result="夏季上新",
        fields={"": Finding(boxes=boxes[:pictures])},
        review=Review(needed=False),
        model="kantu-mini",
        usage=TaskUsage(),
        timings=TaskTimings(),
    )
    show(TASKS["read"], result, pictures)
    assert capsys.readouterr().out == f"夏季上新  {places}\n"


def test_as_json_it_is_the_whole_result() -> None:
    told = CliRunner().invoke(app, ["match", ORDER, "订单", "已发货", "--json", "--no-evidence"])
    result = json.loads(told.stdout)
    assert result["task"]["name"] == "match"
    assert result["result"]["verdict"] in ("一致", "不一致", "无法判断")
    assert result["fields"]["verdict"]["confidence"] > 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["match", ORDER], "task_variables"),
        (["order", "missing.png", "为什么？"], "image_not_found"),
        (["order", ORDER, "missing.png", "为什么？"], "image_not_found"),
        (["problem", ORDER, "多余的话"], "task_variables"),
        (["locate", ORDER, ""], "task_variables"),
        (["match", ORDER, " "], "task_variables"),
        (["ui-point", ORDER, "10000", "120"], "task_variables"),
        (["ui-point", "--", ORDER, "-5", "10"], "task_variables"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: str) -> None:
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 2
    assert f"[{code}]" in told.output


def test_too_many_values_are_told_with_the_variables_in_their_order(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: 面单\ninstruction: '{{店}}：{{重点}}'\nvariables: {重点: 无}\nfields: {状态: }\n", "utf-8"
    )
    told = CliRunner().invoke(app, ["run", str(tmp_path / "mine.yaml"), ORDER, "甲", "乙", "山野"])
    assert told.exit_code == 2
    assert "多了 1 个，从“山野”开始" in told.output
    assert "店、重点（可省略）" in told.output
    missing = CliRunner().invoke(app, ["run", str(tmp_path / "mine.yaml"), ORDER])
    assert "还缺：店。" in missing.output


def test_a_point_s_command_says_in_what_it_counts() -> None:
    told = CliRunner().invoke(app, ["ui-point", "--help"], env={"COLUMNS": "200"}).output
    assert "千分之几：0 到 1000 的整数" in told


def test_force_says_where_it_applies() -> None:
    assert "只对任务 ask 有用" in CliRunner().invoke(app, ["run", "--help"], env={"COLUMNS": "200"}).output


def test_moderation_takes_a_list_of_one_s_own_words(tmp_path: Path) -> None:
    words = tmp_path / "words.toml"
    words.write_text('[words]\n"自定" = ["你好"]\n', encoding="utf-8")
    arguments = ["moderate", ORDER, "你好", "--no-evidence", "--json", "--words", str(words)]
    told = json.loads(CliRunner().invoke(app, arguments).stdout)
    problems = [problem["code"] for problem in told["fields"]["verdict"]["problems"]]
    assert ("word_listed" in problems) == (told["result"]["verdict"] == "合规")
    words.write_text("[", encoding="utf-8")
    assert "[word_list_invalid]" in CliRunner().invoke(app, arguments).output


def test_an_own_task_runs_from_its_file_and_its_boxes_can_be_drawn(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        "name: mine\ntitle: 状态\ninstruction: 写出{{what}}。\nvariables: {what: 状态}\n"
        "fields: {状态: }\nprinted: [状态]\n",
        encoding="utf-8",
    )
    drawn = tmp_path / "drawn.png"
    told = CliRunner().invoke(app, ["run", str(tmp_path / "mine.yaml"), ORDER, "--json", "--draw", str(drawn)])
    assert told.exit_code == 0, told.output
    assert json.loads(told.stdout)["result"].keys() == {"状态"}
    with Image.open(drawn) as shown, Image.open(ORDER) as original:
        assert shown.width == original.width
        assert shown.height > original.height  # the legend stands below
        shown.load()
        assert json.loads(told.stdout)["label"]["AIGC"]["ProduceID"] in shown.info["xmp"].decode()


def test_a_task_of_the_home_folder_runs_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    (tmp_path / "tasks").mkdir()
    text = "name: mine\ntitle: 状态\ninstruction: 写出状态。\nfields: {状态: }\n"
    (tmp_path / "tasks" / "mine.yaml").write_text(text, encoding="utf-8")
    told = CliRunner().invoke(app, ["run", "mine", ORDER])
    assert told.stdout.startswith("状态：")
    unknown = CliRunner().invoke(app, ["run", "dance", ORDER])
    assert "[task_not_found]" in unknown.output


@pytest.mark.parametrize(("place", "code"), [("/missing/drawn.png", "output_unwritable"), (ORDER, "drawing_is_input")])
def test_a_drawing_that_cannot_be_written_is_said_before_a_model_is_loaded(place: str, code: str) -> None:
    told = CliRunner().invoke(app, ["read-boxes", ORDER, "--draw", place, "--model", "no-such-model"])
    assert f"[{code}]" in told.output


def test_the_answer_is_told_where_drawing_it_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr("PIL.Image.Image.save", fail)
    drawn = tmp_path / "drawn.png"
    told = CliRunner().invoke(app, ["match", ORDER, "已发货", "--no-evidence", "--draw", str(drawn)])
    assert told.stdout.startswith("结论：")
    assert "[output_not_written]" in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_label_is_as_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KANTU_CONTENT_LABEL", "off")
    told = CliRunner().invoke(app, ["match", ORDER, "已发货", "--json", "--no-evidence"])
    assert json.loads(told.stdout)["label"] is None
    monkeypatch.setenv("KANTU_CONTENT_LABEL", "none")
    assert "[invalid_settings]" in CliRunner().invoke(app, ["match", ORDER, "已发货"]).output


def test_what_is_wrong_in_the_tasks_folder_is_told_where_a_task_is_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "badkey.yaml").write_text("name: card_a\nfileds: {}\n", encoding="utf-8")
    told = CliRunner().invoke(app, ["run", "card_a", ORDER])
    assert "没有任务“card_a”" in told.stderr
    assert "badkey.yaml 第 2 行：不认识的键 fileds" in told.stderr


def test_of_several_pictures_the_bad_one_is_named(tmp_path: Path) -> None:
    bad = tmp_path / "bad.png"
    bad.write_bytes(b"text")
    told = CliRunner().invoke(app, ["order", ORDER, str(bad)])
    assert f"{bad}：" in told.stderr
    assert "[image_unsupported_format]" in told.stderr


def test_a_folder_is_no_picture_in_the_words_that_python_has_for_it(tmp_path: Path) -> None:
    for arguments in (["order", str(tmp_path)], ["ask", str(tmp_path), "这是什么？"]):
        told = CliRunner().invoke(app, arguments)
        assert f"无法读取图片文件：{tmp_path}（不是普通文件，或没有权限）。 [image_unreadable]" in told.stderr
