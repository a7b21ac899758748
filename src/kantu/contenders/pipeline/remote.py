"""A stage that runs somewhere else."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from kantu.contenders.pipeline.parts import STAGES, StageName
from kantu.contenders.pipeline.wire import REFUSAL, WIRES
from kantu.errors import KantuError, error, install_command

_CONNECT_SECONDS = 3.0
TIMEOUT_SECONDS: Mapping[StageName, float] = MappingProxyType(
    {"intake": 15.0, "ocr": 60.0, "vision": 30.0, "describe": 10.0, "prompt": 10.0, "language": 120.0, "finish": 30.0}
)
"""Longest silence that is waited for; a text model on a CPU and a reader with a queue take their time."""


class RemoteStage:
    """Calls a stage that `kantu pipeline serve` serves at `url`. Connections are kept; any thread may call.

    Raises (when called):
        UpstreamError: `stage_unreachable`, `stage_timeout`, `stage_failed`, `stage_bad_answer`.
        KantuError: what the stage itself has raised.

    Raises (at once):
        MissingDependencyError: httpx is not installed.
        InvalidRequestError: `stage_url`: not the URL of a server.
    """

    def __init__(self, name: StageName, url: str, *, timeout_seconds: float | None = None) -> None:
        try:
            import httpx
        except ImportError:
            raise error("httpx_missing.server", install=install_command("service")) from None
        if not url.startswith(("http://", "https://")):
            raise error("stage_url", stage=STAGES[name], url=url)
        self._httpx, self._name = httpx, name
        self.url = f"{url.rstrip('/')}/{name}"
        timeout = httpx.Timeout(timeout_seconds or TIMEOUT_SECONDS[name], connect=_CONNECT_SECONDS)
        self._client = httpx.Client(trust_env=False, timeout=timeout, headers={"Content-Type": "application/json"})

    def __call__(self, request: Any) -> Any:
        wire, stage = WIRES[self._name], STAGES[self._name]
        try:
            response = self._client.post(self.url, content=wire.request.dump_json(request))
        except self._httpx.TimeoutException:
            raise error("stage_timeout", stage=stage, url=self.url) from None
        except (self._httpx.HTTPError, self._httpx.InvalidURL):
            raise error("stage_unreachable", stage=stage, url=self.url, name=self._name) from None
        if response.status_code != 200:
            raise self._error(response.status_code, response.content)
        try:
            return wire.answer.validate_json(response.content)
        except ValidationError:
            raise error("stage_bad_answer", stage=stage, url=self.url) from None

    def close(self) -> None:
        self._client.close()

    def _error(self, status: int, body: bytes) -> KantuError:
        """What the stage tells; that it failed, where it tells nothing, as a proxy or a defect does."""
        try:
            return REFUSAL.validate_json(body).error.raised(self._name, status)
        except ValidationError:
            return error("stage_failed", stage=STAGES[self._name], status=status)
