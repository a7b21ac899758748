"""Honest clients are judged by their own answers; memory by the line through its rounds."""

from __future__ import annotations

import asyncio
import json
import time

import pytest

from kantu.bench.attacks import soak as module
from kantu.bench.attacks.soak import Honest, growth_bytes
from tests.bench.attacks.server import reply, serving

MINE, ANOTHERS = b"GET /mine HTTP/1.1\r\n\r\n", b"GET /other HTTP/1.1\r\n\r\n"


def fared(said: str | None) -> dict[str, object]:
    """The row of a client whose question was answered so (None: refused), its own answer being 甲 and another's 乙."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = json.dumps({"choices": [{"message": {"content": said}}]}).encode()
        refusal = b'{"error":{"code":"engine_crashed"}}'
        writer.write(reply(200, body) if said is not None else reply(500, refusal))

    async def asked() -> Honest:
        async with serving(serve) as target:
            client = Honest("honest-0", target, {MINE: "甲"})
            other = Honest("honest-1", target, {ANOTHERS: "乙"})
            await module._ask_on(client, [client, other], time.monotonic() + 0.01)
        return client

    return dict(module._fared(asyncio.run(asked()), 0))


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAUSE_SECONDS", 0.02)


@pytest.mark.parametrize(
    ("said", "column"), [("甲", "right"), ("乙", "strange"), ("丙", "wrong"), (None, "lost")], ids=str
)
def test_an_answer_is_right_anothers_wrong_or_lost(said: str | None, column: str) -> None:
    row = fared(said)
    assert {name: row[name] for name in ("right", "wrong", "strange", "lost") if row[name]} == {
        column: "1：500 engine_crashed" if said is None else 1
    }
    assert row["met"] == ("yes" if said == "甲" else "no")


def test_a_restart_fails_the_client_though_all_was_answered() -> None:
    client = Honest("honest-0", None, {}, seconds=[0.1], right=1)  # type: ignore[arg-type]
    assert [module._fared(client, restarts)["met"] for restarts in (0, 1, None)] == ["yes", "no", "no"]


def test_growth_is_the_line_and_not_one_outlier() -> None:
    assert growth_bytes([100]) == 0
    assert growth_bytes([100, 110, 120, 130]) == pytest.approx(30)
    assert growth_bytes([100, 100, 900, 100, 100]) == pytest.approx(0)
