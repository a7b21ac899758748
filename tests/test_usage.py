"""A command line that cannot be read is answered in Chinese, with the command's usage, and with exit code 2."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from kantu.cli import app
from kantu.usage import is_usage_error, usage_error


@pytest.mark.parametrize(
    ("arguments", "said", "command"),
    [
        (["aks"], "没有“aks”这个命令，是不是 ask？", "kantu"),
        (["xyzzy"], "没有“xyzzy”这个命令。", "kantu"),
        (["keys", "lst"], "没有“lst”这个命令，是不是 list？", "kantu keys"),
        (["--bogus"], "没有 --bogus 这个选项。", "kantu"),
        (["train", "mini", "--sed"], "没有 --sed 这个选项，是不是 --seed、--stage？", "kantu train mini"),
        (["ask"], "缺少参数 IMAGE... QUESTION。", "kantu ask"),
        (["keys", "create"], "缺少参数 NAME。", "kantu keys create"),
        (["synth", "order"], "缺少选项 --out。", "kantu synth"),
        (["models", "all", "of", "them"], "多出来的参数：all of them。", "kantu models"),
        (["ask", "问", "--max-tokens", "many"], "选项 --max-tokens 不对：写的是“many”，要写整数。", "kantu ask"),
        (["serve", "--port", "8e3"], "选项 --port 不对：写的是“8e3”，要写整数。", "kantu serve"),
        (
            ["train", "mini", "--learning-rate", "fast"],
            "选项 --learning-rate 不对：写的是“fast”，要写数字。",
            "kantu train mini",
        ),
        (
            ["keys", "create", "n", "--requests-per-day", "0"],
            "选项 --requests-per-day 不对：写的是“0”，不能小于 1。",
            "kantu keys create",
        ),
        (
            ["bench", "--json", "/nowhere/a.json"],
            "选项 --json 不对：打不开“/nowhere/a.json”，没有这个文件，或没有它所在的文件夹。",
            "kantu bench",
        ),
    ],
)
def test_what_is_wrong_and_how_it_goes(arguments: list[str], said: str, command: str) -> None:
    result = CliRunner().invoke(app, arguments, prog_name="kantu", catch_exceptions=False)
    assert result.exit_code == 2
    assert result.stdout == ""
    first, usage, more = result.stderr.splitlines()
    assert first == f"错误：{said} [invalid_usage]"
    assert usage.startswith(f"用法：{command} ")
    assert more == f"详见：{command} -h"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["ask", "问", "--max-tokens"], "选项 --max-tokens 后面缺少值。"),
        (["ask", "问", "--json=yes"], "选项 --json 后面不带值。"),
    ],
)
def test_an_option_without_its_value_or_with_one_too_many(arguments: list[str], said: str) -> None:
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 2
    assert result.stderr == f"错误：{said} [invalid_usage]\n"


def test_a_file_that_is_a_folder_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["bench", "--json", str(tmp_path)], catch_exceptions=False)
    assert f"打不开“{tmp_path}”，是一个文件夹。" in result.stderr


@pytest.mark.parametrize("group", [[], ["keys"], ["train"]])
def test_a_group_alone_shows_its_help(group: list[str]) -> None:
    result = CliRunner().invoke(app, group, catch_exceptions=False)
    assert result.exit_code == 2
    assert "错误" not in result.stderr
    assert "Commands:" in result.stderr


def test_a_sentence_that_is_not_known_is_handed_on() -> None:
    error = typer.BadParameter("Something of tomorrow's Typer.")
    assert is_usage_error(error)
    ours = usage_error(error)
    assert ours.code == "invalid_usage"
    assert "Something of tomorrow's Typer." in ours.message
