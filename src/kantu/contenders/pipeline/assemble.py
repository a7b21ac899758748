"""Puts a pipeline together: in this process, but for the stages that run elsewhere.

What only one stage needs is imported where that stage is made: the others' processes start in half the time without.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kantu.contenders.contender import Contender
from kantu.contenders.pipeline.finish import translator
from kantu.contenders.pipeline.intake import take_in
from kantu.contenders.pipeline.language import Language
from kantu.contenders.pipeline.ocr import Ocr
from kantu.contenders.pipeline.opencv import check_installed
from kantu.contenders.pipeline.parts import STAGES, Completion, CompletionRequest, StageName, Style, VisionRequest
from kantu.contenders.pipeline.pipeline import Pipeline
from kantu.contenders.pipeline.prompt import Form
from kantu.contenders.pipeline.remote import RemoteStage
from kantu.contenders.pipeline.resilience import Guarded, Policy
from kantu.contenders.pipeline.seen import Seen
from kantu.contenders.pipeline.stages import Stages, describing, finishing, prompting
from kantu.contenders.rapidocr import RapidOCRReader
from kantu.contenders.server import Server, is_url
from kantu.hub import EMBEDDED_TEXT

_PARALLEL = 64  # requests to an endpoint at once
_ENDPOINT_SECONDS = 60.0  # of silence: an endpoint that takes longer has failed


@dataclass(frozen=True)
class Plan:
    """What a pipeline is made of.

    Attributes:
        model: the text model: a name or folder, or the URL of an endpoint, as `Server` takes it; None is the one in
            this package, `kantu-mini-text`.
        urls: stages that run elsewhere, by name, as `kantu pipeline serve` serves them.
        style: how pictures are described.
        form: how much the text model is told; None is short for `kantu-mini-text`, which has learned it, else full.
        translator: URL of an endpoint that translates what is not Chinese; None translates nothing.
        readers: how many pictures are read at once, at most; see `Ocr`.
        threads: of the reader, and of classical vision; None is as many as our engine takes.
        policy: how patient callers of stages elsewhere and of endpoints are.
    """

    model: str | None = None
    urls: Mapping[StageName, str] = field(default_factory=dict)
    style: Style = "markdown"
    form: Form | None = None
    translator: str | None = None
    readers: int = 1
    threads: int | None = None
    policy: Policy = field(default_factory=Policy)


def open_pipeline(plan: Plan | None = None) -> Pipeline:
    """A pipeline that `close` closes. Raises KantuError as `open_stage`."""
    plan = plan or Plan()
    with ExitStack() as opened:
        stages = Stages(**{name: open_stage(name, plan, opened) for name in STAGES})
        return Pipeline(stages, style=plan.style, close=opened.pop_all().close)


def open_stage(name: StageName, plan: Plan, opened: ExitStack) -> Callable[[Any], Any]:
    """One stage of the plan; what it holds is freed when `opened` is.

    Raises KantuError as `RapidOCRReader`, `kantu.load`, `Server` and `RemoteStage` do; MissingDependencyError
    (`opencv_missing`).
    """
    if name in plan.urls:
        remote = RemoteStage(name, plan.urls[name])
        opened.callback(remote.close)
        return Guarded(name, remote, plan.policy)
    if name == "ocr":
        return Ocr(lambda threads: RapidOCRReader(threads=threads), threads=_threads(plan), at_once=plan.readers)
    if name == "prompt":
        return prompting(plan.form or _form(plan.model))
    if name == "language":
        return _language(plan, opened)
    if name == "finish":
        return finishing(None if plan.translator is None else translator(_endpoint(plan.translator, opened)))
    if name == "vision":
        return _vision(_threads(plan))
    return take_in if name == "intake" else describing


def _threads(plan: Plan) -> int:
    if plan.threads:
        return plan.threads
    from kantu.contenders.threads import engine_threads

    return engine_threads()


def _vision(threads: int) -> Callable[[VisionRequest], Seen]:
    check_installed()
    from kantu.contenders.pipeline.vision import look, use_threads

    use_threads(threads)
    return lambda request: look(request.prepared.pixels, request.lines)


def _form(model: str | None) -> Form:
    """What is called as the text model of this package was trained as it was."""
    return "short" if model is None or Path(model).name == EMBEDDED_TEXT else "full"


def _language(plan: Plan, opened: ExitStack) -> Callable[[CompletionRequest], Completion]:
    model = plan.model or EMBEDDED_TEXT
    if is_url(model):
        return Guarded("language", Language(_endpoint(model, opened)), plan.policy)
    from kantu.contenders.kantu import Kantu
    from kantu.vlm import load

    local = Kantu(load(model))
    opened.callback(local.close)
    return Language(local)


def _endpoint(url: str, opened: ExitStack) -> Contender:
    server = Server(url, parallel=_PARALLEL, read_seconds=_ENDPOINT_SECONDS)
    opened.callback(server.close)
    return server
