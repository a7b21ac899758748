"""A gateway whose engine says what a test tells it to, and a client for it; no model, no PyTorch, no port."""

from __future__ import annotations

import base64
import io
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from kantu.engine.metrics import Stats
from kantu.engine.protocol import Listener, ScoreListener, wait_for_scores
from kantu.engine.request import Delta, End, Request, Scores, Timings, Usage
from kantu.errors import KantuError
from kantu.processing.image_config import ImageConfig
from kantu.service.actor import Limits
from kantu.service.app import create_app
from kantu.service.database import Database
from kantu.service.gateway import Gateway, build
from kantu.service.models.registry import ModelRegistry
from kantu.service.models.served import ServedModel
from kantu.service.settings import Settings, read_settings
from tests.service.audits import LOG

HALF = (0.5, 0.5, 0.5)
CONFIG = ImageConfig(16, 2, 2, HALF, HALF, min_pixels=1024, max_pixels=1_310_720)
MODEL = "scripted"
TIMINGS = Timings(0.01, 0.02, 0.03, 0.004, 0.05)


class ScriptedEngine:
    """Answers each request with `pieces`, or `error`; or leaves it hanging where `pieces` ends with None.

    Asked for scores, it tells them instead of pieces.

    Attributes:
        requests: what was submitted.
        choices: what was to be scored.
        cancelled: how many were cancelled.
    """

    def __init__(
        self, pieces: Sequence[str | KantuError | None] = ("你", "好"), refusal: KantuError | None = None
    ) -> None:
        self.pieces, self.refusal = pieces, refusal
        self.requests: list[Request] = []
        self.choices: list[tuple[str, ...]] = []
        self.cancelled = 0
        self.closed = False

    def submit(self, request: Request, listener: Listener) -> ScriptedEngine:
        if self.refusal is not None:
            raise self.refusal
        self.requests.append(request)
        for index in range(request.sampling.n):
            self._answer(index, request, listener)
        return self

    def _answer(self, index: int, request: Request, listener: Listener) -> None:
        for number, piece in enumerate(self.pieces, 1):
            if piece is None:
                return
            if isinstance(piece, KantuError):
                listener(piece)
                return
            if number < len(self.pieces):
                listener(Delta(piece, (number,), index=index))
                continue
            visual_tokens = sum(image.visual_tokens(CONFIG) for image in request.images)
            usage = Usage(10 + visual_tokens, visual_tokens, len(self.pieces), 4)
            listener(Delta(piece, (number,), End("stop", usage, TIMINGS), index))

    def cancel(self) -> None:
        self.cancelled += 1

    def submit_score(self, request: Request, choices: Sequence[str], listener: ScoreListener) -> ScriptedEngine:
        if self.refusal is not None:
            raise self.refusal
        self.requests.append(request)
        self.choices.append(tuple(choices))
        piece = self.pieces[-1]
        if isinstance(piece, KantuError):
            listener(piece)
        elif piece is not None:
            listener(self.scores(request, choices))
        return self

    def scores(self, request: Request, choices: Sequence[str]) -> Scores:
        """Each choice twice as probable as the one before it."""
        visual_tokens = sum(image.visual_tokens(CONFIG) for image in request.images)
        shares = [2.0**place for place in range(len(choices))]
        probabilities = tuple(share / sum(shares) for share in shares)
        return Scores(probabilities, len(choices) - 1, Usage(10 + visual_tokens, visual_tokens, 0, 4), TIMINGS)

    def score(self, request: Request, choices: Sequence[str]) -> Scores:
        return wait_for_scores(self, request, choices)

    def stats(self) -> Stats:
        return Stats()

    def check(self) -> None: ...

    def close(self) -> None:
        self.closed = True


def settings_with(**sections: dict[str, Any]) -> Settings:
    """Settings of a test, without the page."""
    sections.setdefault("server", {}).setdefault("page", False)
    return read_settings(None, {}, sections)


def gateway_over(engine: ScriptedEngine, home: Path, database: Database, settings: Settings | None = None) -> Gateway:
    """A gateway whose tables exist already."""
    model = ServedModel(MODEL, engine, CONFIG, None, 512, 256, created=1_700_000_000)
    return build(settings or settings_with(), home, database, ModelRegistry([model]), LOG)


@asynccontextmanager
async def client_of(gateway: Gateway, **key: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client with a fresh key (see `KeyService.create`), while the application runs."""
    app = create_app(gateway)
    _, text = gateway.keys.create("test", **{"limits": Limits(), **key})
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers={"Authorization": f"Bearer {text}"}
        ) as client,
    ):
        yield client


def png(width: int = 64, height: int = 64, colour: str = "white") -> bytes:
    """A picture's file."""
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


def data_url(picture: bytes) -> str:
    """A picture as clients send it."""
    return "data:image/png;base64," + base64.b64encode(picture).decode()


def question(text: str = "这是什么？", *pictures: bytes | dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of a chat completion."""
    parts = [
        {"type": "image_url", "image_url": {"url": data_url(picture)} if isinstance(picture, bytes) else picture}
        for picture in pictures
    ]
    content: Any = [*parts, {"type": "text", "text": text}] if parts else text
    return {"model": MODEL, "messages": [{"role": "user", "content": content}], **fields}
