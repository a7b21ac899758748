"""Printed lines are read in other processes, which may end, hang or lie."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable

import numpy as np
import numpy.typing as npt
import pytest

from kantu.errors import EngineError, MissingDependencyError, OverloadedError
from kantu.service.gateway import Gateway
from kantu.service.printed_lines.lines import PrintedLines
from kantu.solve.reader import PrintedLine
from tests.service.gateways import settings_with
from tests.service.printed_lines import fake_child
from tests.service.printed_lines.fake_child import ENDS, HANGS, TELLS_TOO_MUCH

pytestmark = pytest.mark.anyio

FAKE = (sys.executable, "-P", "-S", "-m", fake_child.__name__)


def picture(what: int = 0, height: int = 40, width: int = 30) -> npt.NDArray[np.uint8]:
    pixels = np.zeros((height, width, 3), dtype=np.uint8)
    pixels[0, 0, 0] = what
    return pixels


@pytest.fixture
async def lines() -> AsyncIterator[PrintedLines]:
    opened = PrintedLines(1, 2**31, command=FAKE)
    yield opened
    await opened.aclose()


def process_of(read: tuple[PrintedLine, ...]) -> int:
    return int(read[0].text)


async def test_a_picture_of_many_pixels_goes_over_and_its_lines_come_back(lines: PrintedLines) -> None:
    read = await lines.read("a", picture(height=1500, width=1000))
    assert [line.box for line in read] == [(0, 0, 1000, 1500), (0, 0, 1, 1)]
    assert (read[1].text, read[0].sureness) == ("字", 0.5)


async def test_one_process_reads_all_pictures(lines: PrintedLines) -> None:
    await lines.start()
    read = await asyncio.gather(*(lines.read(tenant, picture()) for tenant in ("a", "b", "c")))
    assert len({process_of(each) for each in read}) == 1
    assert process_of(read[0]) != os.getpid()


@pytest.mark.parametrize("what", [ENDS, TELLS_TOO_MUCH])
async def test_a_picture_that_ends_its_process_fails_alone(lines: PrintedLines, what: int) -> None:
    before = process_of(await lines.read("a", picture()))
    with pytest.raises(EngineError) as failed:
        await lines.read("a", picture(what))
    assert failed.value.code == "printed_lines_failed"
    assert process_of(await lines.read("a", picture())) != before


async def test_whoever_leaves_ends_the_process_and_the_next_picture_has_another(lines: PrintedLines) -> None:
    before = process_of(await lines.read("a", picture()))
    reading = asyncio.create_task(lines.read("a", picture(HANGS)))
    await asyncio.sleep(0)  # it has begun
    reading.cancel()
    await asyncio.wait([reading])
    assert reading.cancelled()
    with pytest.raises(ProcessLookupError):
        os.kill(before, 0)
    assert process_of(await lines.read("a", picture())) != before


async def test_the_event_loop_goes_on_meanwhile(lines: PrintedLines) -> None:
    reading = asyncio.create_task(lines.read("a", picture(HANGS)))
    for _ in range(100):
        await asyncio.sleep(0)
    assert not reading.done()
    reading.cancel()
    await asyncio.wait([reading])


async def test_what_does_not_start_is_told() -> None:
    for command in ((sys.executable, "-c", "pass"), ("/no/such/program",)):
        lines = PrintedLines(1, 2**31, command=command)
        with pytest.raises(OverloadedError) as refused:
            await lines.read("a", picture())
        assert refused.value.code == "printed_lines_unavailable"


async def test_after_its_end_nothing_is_read_and_no_process_is_left() -> None:
    lines = PrintedLines(1, 2**31, command=FAKE)
    process = process_of(await lines.read("a", picture()))
    await lines.aclose()
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
    with pytest.raises(OverloadedError):
        await lines.read("a", picture())


async def test_without_the_packages_the_gateway_does_not_start(
    make_gateway: Callable[..., Gateway], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kantu.contenders.rapidocr.find_spec", lambda name: None)
    assert make_gateway().printed_lines is None  # nobody asked for it
    with pytest.raises(MissingDependencyError, match=r"\[pipeline\]"):
        make_gateway(settings=settings_with(tasks={"read_lines": True}))


@pytest.mark.whole
async def test_the_memory_of_a_process_is_bounded() -> None:
    lines = PrintedLines(1, 2**29)
    with pytest.raises((EngineError, OverloadedError)):
        await lines.read("a", np.full((2048, 2048, 3), 255, dtype=np.uint8))
    await lines.aclose()
