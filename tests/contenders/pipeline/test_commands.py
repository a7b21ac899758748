"""`kantu pipeline`: asks the rival, and serves its stages."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from kantu.cli import app
from kantu.contenders.contender import AskOptions
from kantu.contenders.pipeline import assemble
from kantu.contenders.pipeline.assemble import Plan
from kantu.contenders.pipeline.parts import Asked, PromptRequest
from kantu.contenders.pipeline.pipeline import Pipeline
from kantu.contenders.pipeline.remote import RemoteStage
from tests.contenders.pipeline.recorded import line, picture, recorded_stages
from tests.contenders.scripted import Scripted


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["pipeline", *arguments])


@pytest.fixture
def photo(tmp_path: Path) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (400, 200), "white").save(buffer, "PNG")
    path = tmp_path / "a.png"
    path.write_bytes(buffer.getvalue())
    return str(path)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans of the pipelines that were opened; each is one that has read everything before."""
    plans: list[Plan] = []

    def open_pipeline(plan: Plan) -> Pipeline:
        plans.append(plan)
        return Pipeline(recorded_stages(Scripted(lambda prompt: "待付款")))

    monkeypatch.setattr(assemble, "open_pipeline", open_pipeline)
    return plans


def test_the_answer_is_printed_alone(photo: str, opened: list[Plan]) -> None:
    result = _run("ask", photo, "付款了吗？", "--stage", "ocr=http://127.0.0.1:8102", "--style", "lines")
    assert (result.exit_code, result.stdout) == (0, "待付款\n")
    assert opened == [Plan(urls={"ocr": "http://127.0.0.1:8102"}, style="lines")]


@pytest.mark.usefixtures("opened")
def test_a_trace_tells_what_each_stage_gave_out(photo: str) -> None:
    result = _run("ask", photo, "付款了吗？", "--trace")
    assert result.stdout == "待付款\n"
    assert "图片 400×200，2 行文字，0 个元素" in result.stderr
    assert "图片内容：\n待付款\n35元\n\n付款了吗？" in result.stderr
    assert "图片预处理 0." in result.stderr


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("serve", "translate"), "unknown_pipeline_stage"),
        (("serve", "prompt", "--host", "0.0.0.0"), "insecure_listen"),
        (("ask", "?", "--stage", "eyes=http://127.0.0.1"), "unknown_pipeline_stage"),
        (("ask", "?", "--style", "poem"), "unknown_pipeline_style"),
        (("ask", "?", "--stage", "ocr=127.0.0.1"), "stage_url"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], code: str) -> None:
    result = _run(*arguments)
    assert result.exit_code == 2
    assert code in result.stderr


@pytest.mark.whole
def test_a_stage_that_is_served_answers() -> None:
    command = [sys.executable, "-c", "from kantu.cli import main; main()", "pipeline", "serve", "prompt", "--port", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        name, _, url = process.stderr.readline().strip().partition("：")
        stage = RemoteStage("prompt", url)
        prompt = stage(PromptRequest((picture([line("待付款", 20, 80)]),), Asked("付款了吗？")))
        stage.close()
        process.terminate()
    assert name == "提示词"
    assert prompt.messages[-1].text == "图片内容：\n待付款\n\n付款了吗？"


@pytest.mark.whole
def test_a_page_is_read_and_described(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole chain on a drawn page, with a text model that repeats what it is told."""
    from kantu.synth.families import draw

    page = draw("order", 1_000_003)
    buffer = io.BytesIO()
    page.image.save(buffer, "PNG")
    monkeypatch.setattr("kantu.vlm.load", lambda name: None)
    monkeypatch.setattr("kantu.contenders.kantu.Kantu", lambda vlm: Scripted(lambda prompt: prompt))
    pipeline = assemble.open_pipeline(Plan())
    told = pipeline.trace([buffer.getvalue()], "订单号是多少？", AskOptions())
    pipeline.close()
    number = page.fields["number"]
    assert any(number in row and "订单号" in row for row in told.pictures[0].description.splitlines())
    assert number in told.text
