"""The client that only wants its answers."""

from __future__ import annotations

import asyncio
import json

import pytest

from kantu.bench.attacks import quiet
from kantu.bench.attacks.quiet import ask_quietly, keep_quiet, questions
from tests.bench.attacks.server import reply, serving, target

ANSWER = json.dumps({"choices": [{"message": {"content": "一只猫"}}]}).encode()


async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(reply(200, ANSWER))


def test_no_two_questions_are_about_the_same_picture() -> None:
    found = questions(target())
    assert len(set(found)) == len(found) > 20


def test_a_sample_has_the_answer_or_what_was_said_instead() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(reply(503, b'{"error":{"code":"overloaded"}}'))

    async def asked() -> list[quiet.Sample]:
        found = []
        for serve in (answer, refuse):
            async with serving(serve) as there:
                found.append(await ask_quietly(there, b"GET / HTTP/1.1\r\n\r\n"))
        return found

    answered, refused = asyncio.run(asked())
    assert (answered.outcome, answered.answer) == ("200", "一只猫")
    assert refused.outcome == "503 overloaded"


def test_a_gateway_that_never_answers_is_a_failure_that_took_all_the_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "PATIENCE_SECONDS", 0.1)

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(-1)

    async def asked() -> quiet.Sample:
        async with serving(say_nothing) as there:
            return await ask_quietly(there, b"GET / HTTP/1.1\r\n\r\n")

    sample = asyncio.run(asked())
    assert sample.outcome == "timeout"
    assert sample.seconds >= 0.1


def test_a_slow_answer_does_not_keep_the_next_question_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(quiet, "EVERY_SECONDS", 0.01)
    under_way = most = 0

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.2)
        under_way -= 1
        writer.write(reply(200, ANSWER))

    async def asked() -> list[quiet.Sample]:
        async with serving(slow) as there:
            return await keep_quiet(there, [b"GET / HTTP/1.1\r\n\r\n"], 0.3)

    samples = asyncio.run(asked())
    assert most == 4
    assert all(sample.outcome == "200" for sample in samples)
