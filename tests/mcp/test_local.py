"""Calls of the embedded model in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from kantu.errors import ImageError, ModelNotFoundError
from kantu.mcp.folders import AllowedFolders
from kantu.mcp.local import LocalModel, ModelChoice
from kantu.mcp.tools import Call
from kantu.tasks.builtin import ASK, READ

pytestmark = pytest.mark.anyio

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def model() -> AsyncIterator[LocalModel]:
    opened = LocalModel(ModelChoice(), AllowedFolders.of([EXAMPLES]))
    yield opened
    await opened.close()


async def test_a_call_is_answered_by_the_model(model: LocalModel) -> None:
    result = await model.answer(Call(ASK, ("order.png",), {"question": "现在是什么状态？"}))
    assert "待商家发货" in result.result
    assert result.model == "kantu-mini"


async def test_a_path_outside_is_refused_before_the_model_is_there(model: LocalModel) -> None:
    with pytest.raises(ImageError) as caught:
        await model.answer(Call(READ, ("../README.md",), {}))
    assert caught.value.code == "path_not_allowed"


async def test_a_file_that_is_no_picture_is_refused_by_what_is_in_it(model: LocalModel, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("not a picture")
    other = LocalModel(ModelChoice(), AllowedFolders.of([tmp_path]))
    with pytest.raises(ImageError) as caught:
        await other.answer(Call(READ, ("a.png",), {}))
    await other.close()
    assert caught.value.code == "image_unsupported_format"


async def test_cancelling_a_call_ends_what_the_engine_does_for_it(model: LocalModel) -> None:
    engine = (await model.loaded()).engine
    calling = asyncio.create_task(model.answer(Call(READ, ("order.png",), {})))
    while not engine.stats().gauges["running"]:
        await asyncio.sleep(0.001)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    counters = engine.stats().counters
    assert (counters["requests_cancelled"], counters.get("requests_finished", 0)) == (1, 0)
    while engine.stats().gauges["running"]:
        await asyncio.sleep(0.001)
    engine.check()


async def test_a_model_that_cannot_be_loaded_fails_every_call(capsys: pytest.CaptureFixture[str]) -> None:
    missing = LocalModel(ModelChoice("qwen3-vl-235b"), AllowedFolders.of([EXAMPLES]))
    for _ in range(2):
        with pytest.raises(ModelNotFoundError):
            await missing.answer(Call(READ, ("order.png",), {}))
    await missing.close()
    assert "错误：" in capsys.readouterr().err
