"""The command line: answers on stdout, everything else on stderr, errors in Chinese with a code and no traceback."""

from __future__ import annotations

import base64
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from typer.main import get_command
from typer.testing import CliRunner, Result

import kantu
from kantu.cli import app, main
from kantu.errors import InvalidRequestError
from tests.fake_hub import FakeHub, serve

pytestmark = pytest.mark.whole

QUESTION = "为什么这个还没发货？"


def kantu_(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin, catch_exceptions=False)


@pytest.fixture
def picture(tmp_path: Path) -> str:
    path = tmp_path / "order.png"
    image = Image.new("RGB", (96, 96), "white")
    image.paste("black", (30, 40, 60, 70))  # a blank picture would get a warning
    image.save(path)
    return str(path)


@pytest.fixture
def model(tiny_folder: Path, tmp_path: Path) -> str:
    """The tiny model, made greedy so that its answers can be compared."""
    folder = tmp_path / "tiny"
    folder.mkdir()
    for path in tiny_folder.iterdir():
        (folder / path.name).symlink_to(path)
    settings = json.loads((tiny_folder / "generation_config.json").read_text())
    (folder / "generation_config.json").unlink()
    (folder / "generation_config.json").write_text(json.dumps({"eos_token_id": settings["eos_token_id"]}))
    return str(folder)


# ask


def test_ask_streams_the_answer_to_stdout_and_its_cost_to_stderr(model: str, picture: str) -> None:
    result = kantu_("ask", picture, QUESTION, "--model", model, "--max-tokens", "8", "--device", "cpu")
    assert result.exit_code == 0
    answer = kantu.load(model, device="cpu").ask(picture, QUESTION, max_tokens=8)
    assert result.stdout == answer.text + "\n"
    label, line = result.stderr.strip().split("\n")
    assert label == "内容由 AI 生成"
    assert f"{model} · 视觉词元 9 · 首字" in line
    assert "共" in line


def test_ask_takes_several_pictures_or_none(model: str, picture: str) -> None:
    for pictures, visual in (([picture, picture], 18), ([], 0)):
        result = kantu_("ask", *pictures, QUESTION, "--model", model, "--max-tokens", "1", "--json")
        assert json.loads(result.stdout)["usage"]["visual_tokens"] == visual


def test_a_question_longer_than_a_file_name_may_be_is_a_question(model: str, picture: str) -> None:
    result = kantu_("ask", picture, QUESTION * 40, "--model", model, "--max-tokens", "1", "--json")
    assert result.exit_code == 0
    result = kantu_("ask", picture, QUESTION, "--model", "某" * 300)
    assert "[model_not_found]" in result.stderr


def test_ask_as_json_is_one_object(model: str, picture: str) -> None:
    result = kantu_("ask", picture, QUESTION, "--model", model, "--max-tokens", "3", "--json")
    record = json.loads(result.stdout)
    assert set(record) == {"model", "text", "usage", "timings", "finish_reason", "warnings", "label"}
    assert set(record["usage"]) == {"prompt_tokens", "visual_tokens", "completion_tokens", "cached_tokens"}
    assert record["model"] == model
    assert result.stderr == ""


def test_a_shrunk_picture_is_warned_of(model: str, tmp_path: Path) -> None:
    Image.new("RGB", (1200, 1200)).save(tmp_path / "large.png")
    large = str(tmp_path / "large.png")
    result = kantu_("ask", large, QUESTION, "-m", model, "--max-pixels", "65536", "--max-tokens", "1")
    assert "注意：第 1 张图片从 1200×1200 缩小到 256×256" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "code"),
    [
        (["missing.png", QUESTION], 2, "image_not_found"),
        ([" "], 2, "empty_question"),
        ([QUESTION, "--max-tokens", "-3"], 2, "invalid_max_tokens"),
        ([QUESTION, "--max-pixels", "3"], 2, "invalid_max_pixels"),
        ([QUESTION, "--device", "toaster"], 2, "device_not_available"),
        ([QUESTION, "--model", "no-such-model"], 1, "model_not_found"),
        (["http://example.com/a.png", QUESTION], 2, "image_url_not_allowed"),
    ],
)
def test_an_error_is_chinese_with_its_code_and_an_exit_code(
    model: str, arguments: list[str], status: int, code: str
) -> None:
    result = kantu_("ask", "--model", model, *arguments)
    assert result.exit_code == status
    assert result.stdout == ""
    assert result.stderr.startswith("错误：")
    assert result.stderr.rstrip().endswith(f"[{code}]")
    assert "Traceback" not in result.stderr


def test_a_picture_without_a_question_is_noticed(model: str, picture: str) -> None:
    result = kantu_("ask", picture, "--model", model)
    assert result.exit_code == 2
    assert "[question_missing]" in result.stderr


@pytest.mark.parametrize("words", [["为什么", "还没", "发货"], ["why", "isn't", "it", "shipped?"]])
def test_a_question_that_the_shell_has_cut_is_shown_quoted(model: str, picture: str, words: list[str]) -> None:
    result = kantu_("ask", picture, *words, "--model", model)
    assert result.exit_code == 2
    first, second = result.stderr.splitlines()
    assert "[question_not_quoted]" in first
    assert shlex.split(second) == ["kantu", "ask", picture, " ".join(words)]


@pytest.mark.parametrize("name", ["missing.png", "photos/missing.png", "./missing", "~missing"])
def test_a_picture_that_is_not_there_is_not_taken_for_a_question(model: str, picture: str, name: str) -> None:
    for pictures in ([name], [picture, name], [name, picture], ["missing", picture]):
        assert "[image_not_found]" in kantu_("ask", *pictures, QUESTION, "--model", model).stderr


def test_a_data_url_is_a_picture(model: str, picture: str) -> None:
    url = "data:image/png;base64," + base64.b64encode(Path(picture).read_bytes()).decode()
    for command, stdin in (("ask", None), ("chat", f"{QUESTION}\n")):
        arguments = [command, url, *([QUESTION] if stdin is None else []), "--model", model, "--max-tokens", "1"]
        result = kantu_(*arguments, stdin=stdin)
        assert result.exit_code == 0
        assert "视觉词元 9" in result.stderr


def test_the_refusal_of_a_url_advises_what_works(model: str) -> None:
    message = kantu_("ask", "http://example.com/a.png", QUESTION, "--model", model).stderr
    assert "data: 网址" in message
    assert "[invalid_data_url]" in kantu_("ask", "data:image/png,x", QUESTION, "--model", model).stderr


def test_an_interruption_ends_quietly(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("kantu.vlm.AnswerStream.__next__", interrupt)
    result = kantu_("ask", QUESTION, "--model", model)
    assert result.exit_code == 130
    assert "已中断" in result.stderr
    assert "Traceback" not in result.stderr


# chat


def test_chat_keeps_the_conversation_and_the_picture(model: str, picture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []
    stream_chat = kantu.VLM.stream_chat

    def spy(self: kantu.VLM, messages: list[dict[str, str]], **options: object) -> kantu.AnswerStream:
        seen.append([message["role"] for message in messages])
        return stream_chat(self, messages, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(kantu.VLM, "stream_chat", spy)
    questions = f"{QUESTION}\n\n什么时候？\n/exit\n不会再问\n"
    result = kantu_("chat", picture, "-m", model, "--max-tokens", "2", stdin=questions)
    assert result.exit_code == 0
    assert seen == [["user"], ["user", "assistant", "user"]]
    assert result.stderr.count("视觉词元 9 ·") == 2


def test_chat_goes_on_after_an_error_and_remembers_it_for_the_exit_code(model: str, picture: str) -> None:
    long = "长" * 5000
    result = kantu_("chat", picture, "-m", model, "--max-tokens", "2", stdin=f"{long}\n{QUESTION}\n")
    assert "[prompt_too_long]" in result.stderr
    assert result.stderr.count("视觉词元 9 ·") == 1
    assert result.exit_code == 2


# models, pull


@pytest.fixture
def hub(tiny_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHub]:
    with serve(FakeHub({path.name: path.read_bytes() for path in tiny_folder.iterdir()})) as running:
        monkeypatch.setenv("KANTU_HUB_ENDPOINT", running.endpoint)
        monkeypatch.setenv("KANTU_HUB", "modelscope")
        monkeypatch.setenv("KANTU_HOME", str(tmp_path / "home"))
        yield running


def test_a_pulled_model_is_listed_and_answers(hub: FakeHub, tmp_path: Path) -> None:
    assert "kantu pull qwen3-vl-2b" in kantu_("models").stdout
    pulled = kantu_("pull", "qwen3-vl-2b")
    assert pulled.exit_code == 0
    assert pulled.stdout.strip() == str(tmp_path / "home" / "models" / "Qwen" / "Qwen3-VL-2B-Instruct")
    assert "kantu pull qwen3-vl-2b" not in kantu_("models").stdout
    assert kantu_("ask", QUESTION, "--model", "qwen/qwen3-vl-2b", "--max-tokens", "2").exit_code == 0


def test_a_failed_pull_says_why(hub: FakeHub) -> None:
    result = kantu_("pull", "someone/else")
    assert result.exit_code == 1
    assert "[model_not_on_hub]" in result.stderr


def test_models_lists_every_short_name(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KANTU_HOME", str(tmp_path))
    shown = kantu_("models").stdout
    for name in ("kantu-mini", "qwen3-vl-2b", "qwen3-vl-4b", "qwen3-vl-8b", "qwen3-vl-32b"):
        assert name in shown


def test_models_as_json_is_one_list(hub: FakeHub, tmp_path: Path) -> None:
    kantu_("pull", "qwen3-vl-2b")
    rows = {row["name"]: row for row in json.loads(kantu_("models", "--json").stdout)}
    assert rows["kantu-mini"]["folder"]
    assert rows["kantu-mini"]["repository"] is None
    assert rows["qwen3-vl-2b"]["folder"] == str(tmp_path / "home/models/Qwen/Qwen3-VL-2B-Instruct")
    assert rows["qwen3-vl-8b"] == {
        "name": "qwen3-vl-8b",
        "repository": "Qwen/Qwen3-VL-8B-Instruct",
        "weights_bytes": 17_534_247_392,
        "folder": None,
    }


def test_models_stands_in_one_line_each_however_narrow_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    lines = kantu_("models").stdout.splitlines()
    assert lines[0].startswith("kantu-mini ")
    assert lines[0].endswith(str(Path("models/kantu-mini")))
    assert len(lines) >= 5


# the rest


def test_the_version_is_told_with_what_else_a_report_needs() -> None:
    result = kantu_("--version")
    assert result.exit_code == 0
    ours, theirs, embedded = (line.split() for line in result.stdout.splitlines())
    assert ours == ["kantu", kantu.__version__]
    assert theirs == ["torch", torch.__version__]
    assert embedded[0] == "kantu-mini"
    assert re.fullmatch("[0-9a-f]{12}", embedded[1])


def test_synth_refuses_an_unknown_family(tmp_path: Path) -> None:
    result = kantu_("synth", "nonsense", "--n", "1", "--out", str(tmp_path))
    assert result.exit_code == 2
    assert result.stderr.startswith("错误：")


def test_a_command_of_another_package_ends_as_cleanly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise InvalidRequestError("run_missing", "没有检查点。", "No checkpoint.")

    monkeypatch.setattr("kantu.synth.draw.faces.require_fonts", fail)
    monkeypatch.setattr(sys, "argv", ["kantu", "train", "mini", "--run", str(tmp_path)])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    assert capsys.readouterr().err == "错误：没有检查点。 [run_missing]\n"


def test_help_is_chinese_and_loads_nothing_large() -> None:
    code = "from kantu.cli import app; app(['--help'], standalone_mode=False); import sys; print(*sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    *help_text, loaded = shown.splitlines()
    assert any("用中文问图片" in line for line in help_text)
    assert not {"torch", "numpy", "PIL", "tokenizers", "sqlalchemy", "fastapi", "httpx", "mcp"} & set(loaded.split())


def every_command(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    yield path
    for name, command in getattr(group, "commands", {}).items():
        yield from every_command(command, (*path, name))


@pytest.mark.parametrize("path", list(every_command(get_command(app))), ids=" ".join)
def test_every_command_and_group_explains_itself(path: tuple[str, ...]) -> None:
    result = kantu_(*path, "-h")
    assert result.exit_code == 0
    assert any("\u4e00" <= char <= "\u9fff" for char in result.stdout)
    assert kantu_(*path, "--help").stdout == result.stdout
