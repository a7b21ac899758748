"""Stage 6: any text model: a server that answers chat completions, or a local folder that is shown no picture."""

from __future__ import annotations

from kantu.contenders.contender import AskOptions, Contender
from kantu.contenders.pipeline.parts import Completion, CompletionRequest


class Language:
    """Has a contender answer prompts, without pictures."""

    def __init__(self, contender: Contender) -> None:
        self._contender = contender

    def __call__(self, request: CompletionRequest) -> Completion:
        *history, last = request.prompt.messages
        options = AskOptions(
            max_tokens=request.max_tokens,
            min_tokens=request.min_tokens,
            temperature=request.temperature,
            repetition_penalty=request.repetition_penalty,
            schema=request.prompt.schema,
            choices=request.prompt.choices,
            history=tuple(history),
            probability=request.probability,
        )
        reply = self._contender.ask((), last.text, options)
        return Completion(
            reply.text,
            reply.ttft_seconds,
            reply.prompt_tokens,
            reply.completion_tokens,
            reply.finish_reason,
            reply.probability,
        )
