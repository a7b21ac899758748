"""The seven stages as functions of one request each, so that any of them can run elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from kantu.contenders.pipeline.describe import describe
from kantu.contenders.pipeline.finish import Translate, finish
from kantu.contenders.pipeline.parts import (
    Completion,
    CompletionRequest,
    DescribeRequest,
    FinishRequest,
    Lines,
    Prepared,
    Prompt,
    PromptRequest,
    Upload,
    VisionRequest,
)
from kantu.contenders.pipeline.prompt import Form, make_prompt
from kantu.contenders.pipeline.seen import Seen


@dataclass(frozen=True)
class Stages:
    """What a pipeline is put together of."""

    intake: Callable[[Upload], Prepared]
    ocr: Callable[[Prepared], Lines]
    vision: Callable[[VisionRequest], Seen]
    describe: Callable[[DescribeRequest], str]
    prompt: Callable[[PromptRequest], Prompt]
    language: Callable[[CompletionRequest], Completion]
    finish: Callable[[FinishRequest], str]


def describing(request: DescribeRequest) -> str:
    """Stage 4."""
    return describe(request.lines, request.seen, request.size, request.style)


def prompting(form: Form) -> Callable[[PromptRequest], Prompt]:
    """Stage 5 in a form."""
    return lambda request: make_prompt(request.pictures, request.asked, form)


def finishing(translate: Translate | None = None) -> Callable[[FinishRequest], str]:
    """Stage 7, with or without a translation."""
    return lambda request: finish(request.text, request.asked, request.pictures, translate)
