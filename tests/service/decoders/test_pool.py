"""Pictures decoded in processes of their own: the same pixels, and whatever a process does, only its picture fails."""

from __future__ import annotations

import ast
import asyncio
import io
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import anyio
import numpy as np
import psutil
import pytest
from PIL import Image

from kantu.errors import ImageError, OverloadedError
from kantu.processing.container import Container
from kantu.processing.decode import render
from kantu.processing.guard import guard
from kantu.service.decoders import launch, pool
from kantu.service.decoders.pool import Decoders
from kantu.service.decoders.sandbox import EVERYTHING, Protection
from kantu.service.decoders.zygote import NOT_FORKED
from tests.processing.pictures import bombs, encode, every_format, exif, noise
from tests.service.decoders.bad_zygote import CRIMES

pytestmark = [
    pytest.mark.whole,
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="what a process can give up is Linux's here"),
]

MEMORY_BYTES = 2**29


@asynccontextmanager
async def decoders(workers: int = 2, memory_bytes: int = MEMORY_BYTES) -> AsyncIterator[Decoders]:
    opened = Decoders(workers, memory_bytes)
    try:
        yield opened
    finally:
        await opened.aclose()


@pytest.fixture
def bad(monkeypatch: pytest.MonkeyPatch) -> Callable[[str | bytes], Container]:
    """From here on processes misbehave; the crime -> a picture that makes its process commit it."""
    start = partial(launch.Zygote.start, module="tests.service.decoders.bad_zygote")
    monkeypatch.setattr(pool.Zygote, "start", start)
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parents[3])])
    return lambda crime: Container("PNG", 32, 32, crime.encode() if isinstance(crime, str) else crime)


async def refusal(opened: Decoders, picture: Container) -> str:
    with pytest.raises(ImageError) as caught:
        await opened.render("a", picture, 32, 32)
    return caught.value.code


async def filtered(opened: Decoders) -> bool:
    await opened.start()
    assert opened._zygote is not None
    return Protection.FILTER in opened._zygote.protections


def processes() -> int:
    """Zygotes of this process, and what they have forked, that are alive; another test's gateway has its own."""
    zygotes = [child for child in psutil.Process().children() if _is_zygote(child)]
    return len(zygotes) + sum(_is_zygote(process) for zygote in zygotes for process in _children(zygote))


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children(recursive=True)
    except psutil.NoSuchProcess:
        return []


def _is_zygote(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE and "zygote" in " ".join(process.cmdline())
    except psutil.Error:  # gone
        return False


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("orientation", [1, 6])
async def test_every_format_gives_the_pixels_that_it_gives_in_this_process(orientation: int) -> None:
    files = {**every_format(), "turned": encode(noise(90, 50), "JPEG", exif=exif(orientation))}
    async with decoders() as opened:
        for data in files.values():
            picture = guard(data)
            np.testing.assert_array_equal(await opened.render("a", picture, 64, 32), render(picture, 64, 32))
            await opened.verify("a", picture)


async def test_errors_are_the_guard_s_own() -> None:
    async with decoders() as opened:
        damaged = guard(bombs(side=2_000)["webp_lossless"])
        assert await refusal(opened, damaged) == "image_damaged"
        with pytest.raises(ImageError) as caught:
            await opened.verify("a", damaged)
    assert (caught.value.code, caught.value.__cause__) == ("image_damaged", None)


async def test_a_picture_of_many_pixels_is_refused_where_memory_is_short_and_the_next_one_is_not() -> None:
    buffer = io.BytesIO()
    Image.new("RGB", (8000, 8000)).save(buffer, "PNG", compress_level=1)
    async with decoders(memory_bytes=2**28) as opened:
        assert await refusal(opened, guard(buffer.getvalue())) == "image_too_costly"
        assert (await opened.render("a", guard(encode(noise(64, 64), "PNG")), 32, 32)).shape == (32, 32, 3)


async def test_the_sandbox_says_what_it_got(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with decoders() as opened:
        await opened.start()
        assert opened._zygote is not None
        got = opened._zygote.protections
    (record,) = [record for record in caplog.records if record.message == "decoders started"]
    assert record.__dict__["protections"] == "+".join(str(each.name) for each in Protection if each in got)
    assert (record.levelno == logging.INFO) == (got == EVERYTHING)
    assert got & Protection.LIMITS
    assert got & Protection.NO_NEW_PRIVILEGES


@pytest.mark.usefixtures("bad")
class TestMisbehaviour:
    async def test_it_has_no_environment_of_the_parent_s(
        self, bad: Callable[[str], Container], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("KANTU_STORE_DATABASE_URL", "postgresql://secret")
        async with decoders() as opened:
            pixels = await opened.render("a", bad("environment"), 256, 256)
        environment = ast.literal_eval(pixels.tobytes().decode().strip())
        kept = {"PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "LC_ALL", "OPENBLAS_NUM_THREADS"}
        assert set(environment) - set(launch._KEPT_VARIABLES) == kept

    @pytest.mark.parametrize("crime", sorted(CRIMES.keys() - {"compute_for_ever", "take_all_memory", "wait_for_ever"}))
    async def test_what_decoding_does_not_take_ends_the_process(
        self, crime: str, bad: Callable[[str], Container], caplog: pytest.LogCaptureFixture
    ) -> None:
        async with decoders() as opened:
            if not await filtered(opened):
                pytest.skip("this kernel has no filter of system calls")
            assert await refusal(opened, bad(crime)) == "image_damaged"
            (record,) = [each for each in caplog.records if each.message == "a decoder process ended early"]
            assert record.__dict__["status"] == -(signal.SIGSEGV if crime == "crash" else signal.SIGSYS)
            assert (await opened.render("a", bad(b"say \x00" + bytes(3072)), 32, 32)).max() == 0
        assert not Path("/tmp/kantu-decoder-was-here").exists()

    async def test_memory_and_processor_time_are_bounded(
        self, bad: Callable[[str], Container], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async with decoders() as opened:
            assert await refusal(opened, bad("take_all_memory")) == "image_too_costly"
            assert await refusal(opened, bad("compute_for_ever")) == "image_too_costly"

    async def test_one_that_neither_answers_nor_computes_is_given_up(
        self, bad: Callable[[str], Container], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(pool, "_MOST_SECONDS", 0.3)
        async with decoders() as opened:
            await opened.start()
            assert await refusal(opened, bad("wait_for_ever")) == "image_too_costly"
            await until(lambda: processes() == 1)  # the zygote; what was killed is gone a moment later

    @pytest.mark.parametrize(
        "said",
        [b"", b"\x07", b"\xff" * 9, b"\x00", b"\x00" + bytes(3071), b"\x01", b"\x80\x04."],
        ids=["nothing", "no-verdict", "garbage", "no-pixels", "one-byte-short", "damaged", "pickle"],
    )
    async def test_a_liar_is_not_believed(self, said: bytes, bad: Callable[[bytes], Container]) -> None:
        async with decoders() as opened:
            assert await refusal(opened, bad(b"say " + said)) == "image_damaged"

    async def test_what_one_says_too_much_reaches_no_other_picture(self, bad: Callable[[bytes], Container]) -> None:
        async with decoders(workers=1) as opened:
            for level in (1, 2):
                said = b"say \x00" + bytes([level]) * 3072 + b"\x00" + b"\x09" * 5000
                assert set((await opened.render("a", bad(said), 32, 32)).flat) == {level}

    async def test_cancelling_ends_the_process_at_once_and_gives_the_place_to_the_next(
        self, bad: Callable[[str | bytes], Container]
    ) -> None:
        async with decoders(workers=1) as opened:
            await opened.start()
            with anyio.move_on_after(0.3) as scope:
                await opened.render("a", bad("compute_for_ever"), 32, 32)
            assert scope.cancelled_caught
            await until(lambda: processes() == 1)
            task = asyncio.create_task(opened.render("a", bad("wait_for_ever"), 32, 32))
            waiting = asyncio.create_task(opened.render("b", bad(b"say \x00" + bytes(3072)), 32, 32))
            await until(lambda: processes() == 2)
            assert not waiting.done()
            task.cancel()
            assert (await waiting).shape == (32, 32, 3)
            assert task.cancelled() or (await asyncio.wait([task]))[0]

    async def test_a_zygote_that_has_ended_is_replaced_and_the_picture_is_none_the_worse(
        self, bad: Callable[[str | bytes], Container]
    ) -> None:
        async with decoders() as opened:
            await opened.start()
            assert opened._zygote is not None
            opened._zygote._process.kill()
            assert (await opened.render("a", bad(b"say \x00" + bytes(3072)), 32, 32)).max() == 0
            task = asyncio.create_task(opened.render("a", bad("wait_for_ever"), 32, 32))
            await until(lambda: processes() == 2)
            first = opened._zygote
            first._process.kill()
            await until(lambda: opened._zygote not in (first, None) and processes() == 2)  # it is tried once more
            opened._zygote._process.kill()
            with pytest.raises(OverloadedError) as caught:
                await task
            assert caught.value.code == "decoders_unavailable"

    async def test_all_end_with_the_pool(self, bad: Callable[[str], Container]) -> None:
        async with decoders() as opened:
            task = asyncio.create_task(opened.render("a", bad("compute_for_ever"), 32, 32))
            await until(lambda: processes() == 2)
        with pytest.raises(OverloadedError):
            await task
        await opened.aclose()


async def test_no_process_left_is_said_as_what_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    async def not_forked(self: launch.Zygote, process: launch.Process) -> int:
        process.end.close()
        return NOT_FORKED

    async with decoders() as opened:
        await opened.start()
        monkeypatch.setattr(launch.Zygote, "end", not_forked)
        monkeypatch.setattr(pool, "_ask", lambda *_: asyncio.sleep(0, None))
        with pytest.raises(OverloadedError) as caught:
            await opened.render("a", guard(encode(noise(64, 64), "PNG")), 32, 32)
    assert caught.value.code == "decoders_unavailable"


async def test_tenants_take_turns_and_a_large_picture_keeps_small_ones_from_nothing(
    bad: Callable[[str | bytes], Container], monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []

    async def ask(name: str, tenant: str, side: int) -> None:
        quick = Container("PNG", side, side, b"say \x00" + bytes(3072))
        await opened.render(tenant, quick, 32, 32)
        done.append(name)

    async with decoders(workers=2) as opened:
        await opened.start()
        hog = asyncio.create_task(opened.render("a", Container("PNG", 8000, 8000, b"wait_for_ever"), 32, 32))
        await until(lambda: processes() == 2)
        large = asyncio.create_task(ask("large", "a", 8000))
        await asyncio.gather(*(ask(f"small{i}", tenant, 32) for i, tenant in enumerate("aaab")))
        assert done.index("small3") <= 2  # b's only one is not behind all of a's
        assert not large.done()
        hog.cancel()
        await large
