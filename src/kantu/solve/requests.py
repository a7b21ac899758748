"""From what a task asks to what an engine takes, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from kantu.engine.request import Constraint, Delta, RepetitionStop, Request, SamplingParams, TokenLogprob
from kantu.processing.conversation import Turn, check_text
from kantu.processing.image import CleanImage
from kantu.solve.asks import Choose, Generate, Generated


def request_of(
    ask: Generate | Choose,
    pictures: Sequence[CleanImage],
    *,
    tenant: str = "",
    line: str = "",
    timeout_seconds: float | None = None,
) -> Request:
    """One user turn: the pictures, then the prompt, so that all that a task asks shares the pictures' prefill."""
    check_text(ask.prompt)
    sampling = SamplingParams()
    shown = tuple(pictures)
    if isinstance(ask, Generate):
        constraint = None if ask.schema is None else Constraint.json_schema(ask.schema)
        sampling = SamplingParams(
            max_tokens=ask.max_tokens,
            temperature=0.0,
            logprobs=0,
            constraint=constraint,
            repetition=RepetitionStop.endless(),
        )
        if ask.picture is not None:
            shown = (shown[ask.picture],)
    turn = Turn("user", (*(None for _ in shown), ask.prompt) if shown else ask.prompt)
    return Request((turn,), shown, sampling, tenant=tenant, line=line, timeout_seconds=timeout_seconds)


def generated(deltas: Iterable[Delta]) -> Generated:
    """The answer that `deltas`, all of one answer, make up."""
    text: list[str] = []
    logprobs: list[TokenLogprob] = []
    end = None
    for delta in deltas:
        text.append(delta.text)
        logprobs += delta.logprobs
        end = delta.end
    assert end is not None
    return Generated("".join(text), tuple(logprobs), end.usage, end.finish_reason)
