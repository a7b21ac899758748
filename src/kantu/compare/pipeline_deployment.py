"""The stitched pipeline as it is deployed: every stage in a process of its own, or its text model at a provider."""

from __future__ import annotations

import contextlib
import functools
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import cast

from kantu.bench.gateway import default_command
from kantu.compare.deployment import Process, kantu_deployment, with_key
from kantu.contenders.contender import Contender
from kantu.contenders.pipeline.assemble import Plan, open_pipeline
from kantu.contenders.pipeline.parts import STAGES, StageName
from kantu.contenders.pipeline.prompt import Form
from kantu.contenders.server import is_url
from kantu.contenders.threads import engine_threads
from kantu.errors import error
from kantu.hub import EMBEDDED_TEXT

_LISTENING = re.compile(r"http://\S+:(\d+)")
_START_SECONDS = 120
_STOP_SECONDS = 10
_MOST_READERS = 4
_LANGUAGE = "language"


def readers() -> int:
    """How many pictures are read at once: as many as there are CPUs, within reason."""
    return min(_MOST_READERS, os.cpu_count() or 1)


class StageProcess:
    """One stage behind HTTP, at one port for as long as it lives and after it has been restarted."""

    def __init__(self, name: str, options: list[str], folder: Path) -> None:
        self._name, self._options = name, options
        self._log = folder / f"{name}.log"
        self.port = 0  # any that is free
        self._start()

    def _start(self) -> None:
        """Begin; does not wait until it answers."""
        command = [*default_command(), "pipeline", "serve", self._name, "--port", str(self.port), *self._options]
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self) -> None:
        """Until it accepts connections.

        Raises EngineError (`stage_not_started`).
        """
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            listening = _LISTENING.search(self._log.read_text("utf-8", "replace"))
            if listening is not None:
                self.port = int(listening[1])
                return
            time.sleep(0.05)
        last = "\n".join(self._log.read_text("utf-8", "replace").strip().splitlines()[-5:])
        raise error("stage_not_started", stage=STAGES[cast(StageName, self._name)], last=last)

    def kill(self) -> None:
        self.process.kill()

    def revive(self) -> None:
        self.process.wait()
        self._start()
        self.wait()

    def stop(self) -> None:
        """End it, and wait for its end."""
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class PipelineDeployment:
    """All stages behind HTTP."""

    def __init__(self, stages: Mapping[str, StageProcess]) -> None:
        self.services = {name: f"http://127.0.0.1:{stage.port}" for name, stage in stages.items()}
        self.processes: Mapping[str, Process] = stages

    def client(self, services: Mapping[str, str], *, parallel: int) -> Callable[[], Contender]:
        return functools.partial(open_pipeline, Plan(urls=cast(Mapping[StageName, str], dict(services))))


@contextlib.contextmanager
def pipeline_deployment(model: str | None) -> Iterator[PipelineDeployment]:
    """A process for each stage, with this text model.

    Raises EngineError: `stage_not_started`.
    """
    with tempfile.TemporaryDirectory(prefix="kantu-compare-") as folder, contextlib.ExitStack() as stack:
        stages: dict[str, StageProcess] = {}
        for name in STAGES:
            options = ["--model", model] if model is not None and name in (_LANGUAGE, "prompt") else []
            options += ["--readers", str(readers())] if name == "ocr" else []
            options += ["--threads", str(engine_threads())] if name in ("ocr", "vision") else []
            stages[name] = StageProcess(name, options, Path(folder))
            stack.callback(stages[name].stop)
        for each in stages.values():
            each.wait()
        yield PipelineDeployment(stages)


class ProviderDeployment:
    """A pipeline in the process of whoever asks, whose text model is a provider's."""

    def __init__(self, url: str, key: str | None, form: Form) -> None:
        base, _, self._model = url.partition("#")
        self._form = form
        self.services = {_LANGUAGE: base}
        self.processes: Mapping[str, Process] = {}  # a provider's are out of reach
        self._key = key

    def client(self, services: Mapping[str, str], *, parallel: int) -> Callable[[], Contender]:
        make = functools.partial(open_pipeline, Plan(model=f"{services[_LANGUAGE]}#{self._model}", form=self._form))
        return make if self._key is None else functools.partial(with_key, self._key, make)


@contextlib.contextmanager
def provider_deployment(model: str | None) -> Iterator[ProviderDeployment]:
    """The provider whose URL is given; of a model on this machine, a gateway that plays one.

    Raises EngineError: `gateway_failed`.
    """
    if model is not None and is_url(model):
        yield ProviderDeployment(model, None, "full")
        return
    with kantu_deployment(model or EMBEDDED_TEXT) as deployment:
        (url,) = deployment.services.values()
        form: Form = "short" if model in (None, EMBEDDED_TEXT) else "full"
        yield ProviderDeployment(f"{url}#{deployment.model}", deployment.gateway.key, form)
