"""Seven stages, one after the other, asked as any contender."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

from kantu.contenders.contender import AskOptions, Contender, Said
from kantu.contenders.pipeline.parts import Completion, Prepared, Prompt, StageName, Trace
from kantu.contenders.pipeline.pipeline import Pipeline, reply_of
from kantu.errors import ImageError, UpstreamError
from kantu.solve.reader import PrintedLine
from kantu.tasks.builtin import LOCATE, READ
from tests.contenders.pipeline.recorded import Recorded, recorded_stages
from tests.contenders.scripted import Scripted


def _png(size: tuple[int, int] = (400, 200)) -> bytes:
    image = Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((40, 40, 160, 70), fill="black")
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _pipeline(say: Callable[[str], str], reader: Recorded | None = None) -> tuple[Pipeline, Scripted]:
    model = Scripted(say)
    return Pipeline(recorded_stages(model, reader)), model


def _trace(pipeline: Pipeline, question: str, **options: Any) -> Trace:
    return pipeline.trace([_png()], question, AskOptions(**options))


def test_a_question_passes_every_stage_and_each_tells_what_it_gave() -> None:
    pipeline, model = _pipeline(lambda prompt: "答案：待付款")
    trace = _trace(pipeline, "付款了吗？")
    (picture,) = trace.pictures
    assert (picture.size, picture.scale) == ((400, 200), 1.0)
    assert [line.text for line in picture.lines] == ["待付款", "35元"]
    assert "待付款" in picture.description
    assert picture.description in trace.prompt.messages[-1].text
    assert model.asked == [trace.prompt.messages[-1].text]
    assert (trace.completion.text, trace.text) == ("答案：待付款", "待付款")
    assert list(trace.seconds) == ["intake", "ocr", "vision", "describe", "prompt", "language", "finish"]


def test_it_is_a_contender_that_tells_what_the_text_model_told() -> None:
    pipeline, _ = _pipeline(lambda prompt: "待付款")
    contender: Contender = pipeline
    reply = contender.ask([_png()], "付款了吗？", AskOptions())
    assert (reply.text, reply.completion_tokens, reply.visual_tokens, reply.probability) == ("待付款", 3, 0, 0.75)
    assert 0 < reply.ttft_seconds <= reply.total_seconds


def test_the_first_token_comes_when_the_text_model_has_it() -> None:
    said = Completion("待付款", ttft_seconds=0.25, completion_tokens=3, prompt_tokens=70)
    seconds: dict[StageName, float] = {"ocr": 0.5, "language": 0.75, "finish": 0.125}
    trace = Trace((), Prompt(()), said, "待付款", seconds)
    reply = reply_of(trace, 1.5)  # some of it between the stages, as where another thread reads the picture
    assert (reply.ttft_seconds, reply.total_seconds) == (0.875, 1.5)
    assert (reply.completion_tokens, reply.prompt_tokens) == (3, 70)
    read_out = Trace((), Prompt(()), Completion("待付款"), "待付款", {"ocr": 0.5})
    assert reply_of(read_out, 0.625).ttft_seconds == 0.625


def test_the_text_model_is_told_what_the_caller_wants_and_is_shown_no_picture() -> None:
    pipeline, model = _pipeline(lambda prompt: '[{"label": "待付款"}]')
    history = (Said("user", "在吗"), Said("assistant", "在"))
    trace = _trace(
        pipeline,
        LOCATE.instruct(target="待付款"),
        schema=LOCATE.schema(),
        history=history,
        max_tokens=9,
        temperature=0.0,
        probability=True,
    )
    (options,) = model.options
    assert (options.max_tokens, options.temperature, options.probability) == (9, 0.0, True)
    assert options.schema == trace.prompt.schema
    assert options.history[0].text.endswith("在吗")
    assert options.history[0].text.startswith("图片内容：")
    assert json.loads(trace.text) == [{"bbox_2d": [100, 200, 400, 350], "label": "待付款"}]


def test_what_is_read_out_takes_no_model() -> None:
    pipeline, model = _pipeline(lambda prompt: "？")
    trace = _trace(pipeline, READ.instruct())
    assert (trace.text, trace.completion.text, model.asked) == ("待付款\n35元", "待付款\n35元", [])
    assert "language" not in trace.seconds


def test_pictures_keep_their_size_unless_the_caller_says_otherwise() -> None:
    reader = Recorded()
    pipeline, _ = _pipeline(lambda prompt: "好", reader)
    pipeline.ask([_png()], "?", AskOptions(task_pixels=1_024))
    pipeline.ask([_png()], "?", AskOptions(max_pixels=20_000))
    assert reader.shapes == [(200, 400, 3), (100, 200, 3)]


def test_pictures_come_as_bytes_files_and_in_memory(tmp_path: Path) -> None:
    reader = Recorded()
    pipeline, _ = _pipeline(lambda prompt: "好", reader)
    (tmp_path / "a.png").write_bytes(_png())
    (tmp_path / "b.png").write_bytes(_png((300, 200)))
    pipeline.ask([_png(), tmp_path / "b.png", Image.open(tmp_path / "a.png")], "?", AskOptions())
    assert reader.shapes == [(200, 400, 3), (200, 300, 3), (200, 400, 3)]


def test_a_picture_is_read_once_for_all_questions_about_it(tmp_path: Path) -> None:
    reader = Recorded()
    pipeline, model = _pipeline(lambda prompt: "好", reader)
    (tmp_path / "a.png").write_bytes(_png())
    first = _trace(pipeline, "付款了吗？")
    second = pipeline.trace([tmp_path / "a.png"], "多少钱？", AskOptions())
    assert reader.shapes == [(200, 400, 3)]
    assert (first.reused, second.reused) == (0, 1)
    assert second.pictures == first.pictures
    assert list(second.seconds) == ["prompt", "language", "finish"]
    assert model.asked[1].endswith("多少钱？")
    assert pipeline.pictures.bytes > 0


def test_another_picture_budget_or_style_is_read_anew() -> None:
    reader = Recorded()
    pipeline, _ = _pipeline(lambda prompt: "好", reader)
    _trace(pipeline, "?")
    other = np.array(Image.open(io.BytesIO(_png())))
    other[-1, -1] = 254  # no more than a pixel
    buffer = io.BytesIO()
    Image.fromarray(other).save(buffer, "PNG")
    assert pipeline.trace([buffer.getvalue()], "?", AskOptions()).reused == 0
    assert _trace(pipeline, "?", max_pixels=20_000).reused == 0
    pipeline.style = "lines"
    assert _trace(pipeline, "?").reused == 0
    assert len(reader.shapes) == 4


def test_a_picture_that_could_not_be_read_is_tried_again() -> None:
    reader = Recorded()
    pipeline, _ = _pipeline(lambda prompt: "好", reader)
    whole = pipeline.stages

    def broken(prepared: Prepared) -> tuple[PrintedLine, ...]:
        raise RuntimeError("passing")

    pipeline.stages = replace(whole, ocr=broken)
    with pytest.raises(UpstreamError):
        _trace(pipeline, "?")
    pipeline.stages = whole
    assert _trace(pipeline, "?").reused == 0


def test_a_picture_that_is_none_is_refused_as_everywhere() -> None:
    pipeline, _ = _pipeline(lambda prompt: "好")
    with pytest.raises(ImageError):
        pipeline.ask([b"not a picture"], "?", AskOptions())


def test_a_defect_of_a_stage_is_an_error_that_names_it() -> None:
    pipeline, _ = _pipeline(lambda prompt: "好")

    def broken(prepared: Prepared) -> tuple[PrintedLine, ...]:
        raise RuntimeError("the insides of a library")

    pipeline.stages = replace(pipeline.stages, ocr=broken)
    with pytest.raises(UpstreamError) as caught:
        _trace(pipeline, "?")
    assert (caught.value.code, caught.value.message) == ("stage_failed", "流水线的文字识别环节出错。")


def test_closing_frees_what_the_stages_hold() -> None:
    closed = []
    pipeline, _ = _pipeline(lambda prompt: "好")
    Pipeline(pipeline.stages, close=lambda: closed.append(1)).close()
    assert closed == [1]


def test_without_a_picture_the_text_model_is_asked_alone() -> None:
    pipeline, model = _pipeline(lambda prompt: "你好")
    trace = pipeline.trace([], "你好吗", AskOptions())
    assert (trace.text, trace.pictures, model.asked) == ("你好", (), ["你好吗"])
