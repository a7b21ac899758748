"""Turns a chat-completions server's stream into deltas, errors and scores: pure functions, no network.

No text from the server enters our messages: it may quote the prompt, or name what the caller must not know.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from kantu.engine.remote.wire import WRAPPED_CHOICE
from kantu.engine.request import Delta, End, FinishReason, Timings, TokenLogprob, Usage
from kantu.errors import KantuError, error

UNKNOWN_TOKEN = -1
"""The `token_id` of a remote `TokenLogprob`: servers report bytes, not ids."""

MAX_EVENT_BYTES = 4 * 1024 * 1024
"""Longest event accepted. A token with 20 alternatives takes a few KiB."""

MAX_RETRY_AFTER_SECONDS = 60.0
"""A server that asks for a longer pause than this is asked again after this long."""

_MAX_SHARED = 0.01  # most probability on tokens that several choices share, before a score is given up
_FINISH: dict[str, FinishReason] = {"stop": "stop", "length": "length", "repetition": "repetition"}


def status_error(status: int) -> KantuError:
    """The error for an HTTP status other than 200."""
    if status in (400, 413, 422):
        return error("upstream_refused", status=status)
    return error("upstream_unauthorized" if status in (401, 403) else "upstream_failed.status", status=status)


def read_retry_after(header: str | None, default_seconds: float) -> float:
    """The seconds that a Retry-After header asks for, given as seconds or as a date; the default if it is neither."""
    if header is not None and header.strip().isdecimal():
        return min(float(header), MAX_RETRY_AFTER_SECONDS)
    try:
        then = parsedate_to_datetime(header or "")
        seconds = (then - datetime.now(then.tzinfo)).total_seconds()
    except (ValueError, TypeError, OverflowError):
        return default_seconds
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_SECONDS)


def read_events(chunks: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Server-sent events as (name, data), from chunks of bytes cut at any place.

    Lines end in LF, CR or CRLF. Comments, ids and unknown fields are skipped. An event without an empty line after it
    is not given out (https://html.spec.whatwg.org/multipage/server-sent-events.html). Older llama.cpp writes ``error:``
    instead of ``data:``; that becomes an event of the name "error".

    Raises:
        UpstreamError: `upstream_bad_answer`: not UTF-8, or an event over `MAX_EVENT_BYTES`.
    """
    name, size = "", 0
    data: list[str] = []
    for line in _lines(chunks):
        if not line:
            if data:
                yield name, "\n".join(data)
            name, data, size = "", [], 0
            continue
        key, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if key in ("data", "error"):
            data.append(value)
            size += len(value)
        if key in ("event", "error"):
            name = value if key == "event" else "error"
        if size > MAX_EVENT_BYTES:
            raise error("upstream_bad_answer")


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    held = b""
    for chunk in chunks:
        held += chunk
        # A CR at the very end may be half of a CRLF: it waits for the next chunk.
        ready = len(held) - held.endswith(b"\r")
        lines = held[:ready].replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        held = lines.pop() + held[ready:]
        if len(held) > MAX_EVENT_BYTES:
            raise error("upstream_bad_answer")
        for line in lines:
            try:
                yield line.decode("utf-8")
            except UnicodeDecodeError:
                raise error("upstream_bad_answer") from None


@dataclass(slots=True)
class _Answer:
    """One of the `n` answers so far."""

    finish: FinishReason | None = None
    pieces: int = 0
    first_at: float = 0.0
    last_at: float = 0.0
    usage: Usage | None = None
    held_text: list[str] = field(default_factory=list)
    held_logprobs: list[TokenLogprob] = field(default_factory=list)


class AnswerReader:
    """Turns the events of one call into deltas.

    Deltas come without token ids. The last delta of every answer is held back until `finish`, as usage comes at the
    very end. `Usage` is what the server reports. `visual_tokens` is 0 if the server does not report it apart from the
    prompt. If it reports one sum for several answers, the first answer carries the generated tokens. If it reports
    nothing, the prompt counts 0 tokens and the answer as many as pieces came, each of one token or more.

    Args:
        n: how many answers were asked for.
        wrapped: the answer is JSON around a choice, which is taken out at the end (`wire.wraps_choice`).
    """

    def __init__(self, n: int, *, wrapped: bool = False) -> None:
        self._answers = [_Answer() for _ in range(n)]
        self._wrapped = wrapped
        self._usage: Usage | None = None
        self.ended = False

    @property
    def started(self) -> bool:
        """Whether any part of an answer has come."""
        return any(answer.pieces for answer in self._answers)

    def feed(self, name: str, data: str, now: float) -> list[Delta]:
        """The deltas of one event.

        Args:
            now: `time.monotonic()` at which it came.

        Raises:
            UpstreamError: `upstream_failed` (it reports an error), `upstream_bad_answer`, `upstream_filtered`.
            InvalidRequestError: `upstream_refused`: the reported error is the request's, and no answer has begun.
        """
        if data == "[DONE]":
            self.ended = True
            return []
        try:
            chunk = json.loads(data)
            failure = _reported_error(name, chunk)
            if failure is None:
                return self._read(chunk, now)
        except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError):
            raise error("upstream_failed" if name == "error" else "upstream_bad_answer") from None
        raise error("upstream_failed") if self.started else failure

    def finish(self, sent_at: float, preprocess_seconds: float) -> list[Delta]:
        """The last delta of every answer.

        Args:
            sent_at: `time.monotonic()` at which the request was submitted.
            preprocess_seconds: spent before that; part of the time to the first token.

        Raises:
            UpstreamError: `upstream_failed`: the stream broke off; `upstream_bad_answer`: it ended without an answer's
                finish reason, or the answer is not the wrapped choice.
        """
        deltas = []
        for index, answer in enumerate(self._answers):
            if answer.finish is None:
                raise error("upstream_bad_answer" if self.ended else "upstream_failed")
            text = "".join(answer.held_text)
            end = self._end(index, answer, answer.finish, sent_at, preprocess_seconds)
            text = _unwrap(text) if self._wrapped else text
            deltas.append(Delta(text, end=end, index=index, logprobs=tuple(answer.held_logprobs)))
        return deltas

    def _read(self, chunk: Any, now: float) -> list[Delta]:
        usage = _read_usage(chunk.get("usage"))
        choices = chunk["choices"]
        if usage is not None and not choices:
            self._usage = usage
        deltas = [self._read_choice(choice, usage, now) for choice in choices]
        return [delta for delta in deltas if delta is not None]

    def _read_choice(self, choice: Any, usage: Usage | None, now: float) -> Delta | None:
        index = choice.get("index", 0)
        answer = self._answers[index if index >= 0 else len(self._answers)]  # a negative index is out of range too
        text = choice["delta"].get("content") or ""
        if not isinstance(text, str) or (answer.finish is not None and text):
            raise ValueError("text that is none, or after the end")
        logprobs = _read_logprobs(choice.get("logprobs"))
        answer.usage = usage or answer.usage
        if text or logprobs:
            answer.first_at = answer.first_at or now
            answer.last_at = now
            answer.pieces += 1
        if reason := choice.get("finish_reason"):  # null while the answer goes on; "" from older Ollama
            answer.finish = _finish_reason(reason)
        if self._wrapped or answer.finish is not None:
            answer.held_text.append(text)
            answer.held_logprobs += logprobs
            return None
        return Delta(text, index=index, logprobs=logprobs) if text or logprobs else None

    def _end(self, index: int, answer: _Answer, finish: FinishReason, sent_at: float, preprocess_seconds: float) -> End:
        usage = self._usage_of(index, answer)
        steps = usage.completion_tokens - 1 if len(self._answers) == 1 or answer.usage else answer.pieces - 1
        first_at, last_at = answer.first_at or sent_at, answer.last_at or sent_at
        timings = Timings(
            preprocess_seconds=preprocess_seconds,
            encode_seconds=0.0,
            ttft_seconds=preprocess_seconds + first_at - sent_at,
            tpot_seconds=(last_at - first_at) / steps if steps > 0 else 0.0,
            total_seconds=preprocess_seconds + last_at - sent_at,
        )
        return End(finish, usage, timings)

    def _usage_of(self, index: int, answer: _Answer) -> Usage:
        total = self._usage
        if len(self._answers) == 1 and total is not None:
            return total
        if answer.usage is not None:
            return answer.usage
        if total is None:
            return Usage(prompt_tokens=0, visual_tokens=0, completion_tokens=answer.pieces)
        completion = total.completion_tokens if index == 0 else 0
        return Usage(total.prompt_tokens, total.visual_tokens, completion, total.cached_tokens)


def choice_probabilities(choices: Sequence[str], best: int, tokens: Sequence[TokenLogprob]) -> tuple[float, ...] | None:
    """How probable each choice is, from the first token of an answer at which the choices differ.

    Every alternative reported there counts for the one choice that it continues. Alternatives that continue no choice
    are left out, and the rest is normalised to add up to 1. (vLLM reports probabilities before its constraint applies,
    so some are always left out.)

    Args:
        best: index of the choice that was answered.
        tokens: of the answer, possibly with JSON around the choice (`wire.wraps_choice`).

    Returns:
        One for each choice; None if a choice has no alternative, or several choices share too much probability.
    """
    text = b"".join(token.token for token in tokens)
    wrapped = _quoted(choices[best]) in text
    forms = [_quoted(choice)[1:] if wrapped else choice.encode(errors="replace") for choice in choices]
    # In wrapped JSON the key may end like the choice, so search from the right. Otherwise a reported end token may
    # contain the choice, so search from the left.
    start = text.rfind(forms[best]) if wrapped else text.find(forms[best])
    if start < 0:
        return None
    tail = text[start + len(forms[best]) :]  # closes each choice, and so tells apart choices with a common prefix
    offset = -start  # in the choice, of the next token
    for token in tokens:
        if offset + len(token.token) > 0:
            lead, rest = text[start + offset : start] if offset < 0 else b"", max(offset, 0)
            alternatives = [lead + form[rest:] + tail for form in forms]
            if not all(alternative.startswith(token.token) for alternative in alternatives):
                return _share(alternatives, token)
        offset += len(token.token)
    return None


def _quoted(choice: str) -> bytes:
    return json.dumps(choice, ensure_ascii=False).encode(errors="replace")


def _share(alternatives: Sequence[bytes], token: TokenLogprob) -> tuple[float, ...] | None:
    masses, shared = [0.0] * len(alternatives), 0.0
    for _, piece, logprob in token.top:
        fitting = [index for index, text in enumerate(alternatives) if piece and text.startswith(piece)]
        if len(fitting) == 1:
            masses[fitting[0]] += math.exp(logprob)
        elif fitting:
            shared += math.exp(logprob)
    total = sum(masses)
    if not all(masses) or shared > _MAX_SHARED * total:
        return None
    return tuple(mass / total for mass in masses)


def _reported_error(name: str, chunk: Any) -> KantuError | None:
    """The error that an event reports, if it does."""
    report = chunk.get("error") or (chunk if name == "error" else None)
    if report is None:
        return None
    code = report.get("code") if isinstance(report, dict) else None
    return status_error(code) if isinstance(code, int) else error("upstream_failed")


def _finish_reason(reason: str) -> FinishReason:
    if reason in _FINISH:
        return _FINISH[reason]
    if reason == "content_filter":  # what was shown so far is no answer
        raise error("upstream_filtered")
    # vLLM reports "abort" for aborted requests; nobody asked for "tool_calls".
    raise error("upstream_failed" if reason in ("abort", "error") else "upstream_bad_answer")


def _read_usage(usage: Any) -> Usage | None:
    if not usage:
        return None
    details = usage.get("prompt_tokens_details") or {}
    visual, cached = (int(details.get(name) or 0) for name in ("image_tokens", "cached_tokens"))
    return Usage(int(usage["prompt_tokens"]), visual, int(usage.get("completion_tokens") or 0), cached)


def _read_logprobs(logprobs: Any) -> tuple[TokenLogprob, ...]:
    content = (logprobs or {}).get("content") or ()
    return tuple(
        TokenLogprob(
            UNKNOWN_TOKEN,
            _bytes(entry),
            _logprob(entry),
            tuple((UNKNOWN_TOKEN, _bytes(top), _logprob(top)) for top in entry.get("top_logprobs") or ()),
        )
        for entry in content
    )


def _logprob(entry: Any) -> float:
    value = float(entry["logprob"])
    if math.isnan(value):
        raise ValueError("not a number")
    return min(value, 0.0)  # rounding may leave it slightly above 0


def _bytes(entry: Any) -> bytes:
    """A token's bytes, or its text as bytes if the server reports none."""
    raw = entry.get("bytes")
    return bytes(raw) if raw is not None else entry["token"].encode(errors="replace")


def _unwrap(text: str) -> str:
    try:
        choice = json.loads(text)[WRAPPED_CHOICE]
    except (ValueError, TypeError, KeyError, RecursionError):
        choice = None
    if not isinstance(choice, str):
        raise error("upstream_bad_answer")
    return choice
