"""A task on the command line, on the embedded model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kantu.cli import app
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
        *("状态", "页面上的状态", "订单号", "运单号", "金额", "情况", "建议", "回复")
    ]


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
        (["problem", ORDER, "多余的话"], "image_not_found"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], code: str) -> None:
    told = CliRunner().invoke(app, arguments)
    assert told.exit_code == 2
    assert f"[{code}]" in told.output
