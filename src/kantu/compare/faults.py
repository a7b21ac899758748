"""What happens when a stage fails: it is killed, slow, or answers garbage; its provider limits rates, or is silent."""

from __future__ import annotations

import contextlib
import statistics
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice

from PIL import Image

from kantu.compare.asked import Asked, Variants
from kantu.compare.deployment import Deployment, relays
from kantu.compare.pace import Pace
from kantu.compare.relay import Fault, Relay
from kantu.contenders.contender import Contender
from kantu.errors import KantuError, error

STAGE_FAULTS: tuple[Fault, ...] = ("killed", "slow", "garbage")
PROVIDER_FAULTS: tuple[Fault, ...] = ("rate_limited", "silent")
_PAUSE_SECONDS = 0.1  # between tries
_MOST_AT_ONCE = 64  # questions that nobody waits for any more are among them
_PATIENCE_TIMES = 3  # as long as without a fault
_NO_ANSWER = "no_answer_in_time"


@dataclass(frozen=True)
class FaultResult:
    """What clients got while one service failed.

    Attributes:
        errors: questions that failed, or had no answer in time.
        changed: questions that were answered, as if nothing had happened, with something else than without the fault.
        codes: of the errors.
        median_seconds: until the answer or the error.
        recovery_seconds: from the end of the fault to the first answer that is as before; None: not in time.
    """

    service: str
    fault: Fault
    asked: int
    errors: int
    changed: int
    codes: tuple[str, ...]
    median_seconds: float
    recovery_seconds: float | None


@dataclass(frozen=True)
class _Outcome:
    """What one question came to: an answer, or an error's code; when, on the monotonic clock, and after how long."""

    answer: str
    code: str
    at: float
    seconds: float


def try_faults(
    deployment: Deployment,
    asked: Sequence[Asked],
    faults: Mapping[str, Sequence[Fault]],
    pace: Pace,
) -> tuple[FaultResult, ...]:
    """Put each fault in at each service, one at a time, and ask the same questions every time, all at once.

    Args:
        faults: by the name of a service or of a process. What is killed is a process; all else happens on the wire.

    Raises EngineError (`no_answer_before_faults`): already without a fault a question has no answer.
    """
    with (
        relays(deployment.services, slow_seconds=pace.slow_seconds) as between,
        ThreadPoolExecutor(_MOST_AT_ONCE) as threads,
    ):
        addresses = {name: relay.url for name, relay in between.items()}
        with contextlib.closing(deployment.client(addresses, parallel=_MOST_AT_ONCE)()) as contender:
            asker = _Asker(contender, asked, threads, pace)
            expected = asker.expect()
            found = []
            for service, each in faults.items():
                for fault in each:
                    found.append(_try(deployment, between.get(service), service, fault, asker, expected))
    return tuple(found)


def _try(
    deployment: Deployment, relay: Relay | None, service: str, fault: Fault, asker: _Asker, expected: Sequence[str]
) -> FaultResult:
    with _failing(deployment, relay, service, fault):
        outcomes = asker.ask_all()
        healed = time.monotonic()  # before a process that was killed is started again: that is part of it
    recovered = asker.recover(expected)
    return FaultResult(
        service,
        fault,
        len(outcomes),
        sum(bool(outcome.code) for outcome in outcomes),
        sum(not outcome.code and outcome.answer != right for outcome, right in zip(outcomes, expected, strict=True)),
        tuple(sorted({outcome.code for outcome in outcomes if outcome.code})),
        statistics.median(outcome.seconds for outcome in outcomes),
        None if recovered is None else recovered - healed,
    )


@contextlib.contextmanager
def _failing(deployment: Deployment, relay: Relay | None, service: str, fault: Fault) -> Iterator[None]:
    if fault == "killed":
        deployment.processes[service].kill()
        try:
            yield
        finally:
            deployment.processes[service].revive()
    else:
        assert relay is not None  # whatever talks HTTP has one
        with relay.failing(fault):
            yield


class _Asker:
    """Asks the same few questions again and again, each time about pictures that are in no cache."""

    def __init__(self, contender: Contender, asked: Sequence[Asked], threads: ThreadPoolExecutor, pace: Pace) -> None:
        self._contender, self._threads, self._pace = contender, threads, pace
        self._variants, self._count = Variants(asked), len(asked)
        self._patience_seconds = pace.patience_seconds

    def expect(self) -> list[str]:
        """The answers while nothing fails. From then on slow ones are given time in proportion.

        Raises EngineError (`no_answer_before_faults`).
        """
        self._patience_seconds = self._pace.recovery_seconds
        outcomes = self.ask_all()
        slowest = max(outcome.seconds for outcome in outcomes)
        self._patience_seconds = max(self._pace.patience_seconds, _PATIENCE_TIMES * slowest)
        for outcome in outcomes:
            if outcome.code:
                raise error("no_answer_before_faults", code=outcome.code)
        return [outcome.answer for outcome in outcomes]

    def ask_all(self) -> list[_Outcome]:
        """All questions at once, as by so many clients."""
        begun = time.monotonic()
        questions = islice(self._variants, self._count)
        under_way = [self._threads.submit(self._ask, *question, begun) for question in questions]
        wait(under_way, self._patience_seconds)
        now = time.monotonic()
        late = _Outcome("", _NO_ANSWER, now, now - begun)
        return [each.result() if each.done() else late for each in under_way]

    def recover(self, expected: Sequence[str]) -> float | None:
        """When the first answer was as before, on the monotonic clock."""
        end = time.monotonic() + self._pace.recovery_seconds
        while time.monotonic() < end:
            asked = zip(self.ask_all(), expected, strict=True)
            as_before = [outcome.at for outcome, right in asked if not outcome.code and outcome.answer == right]
            if as_before:
                return min(as_before)
            time.sleep(_PAUSE_SECONDS)
        return None

    def _ask(self, asked: Asked, picture: Image.Image, begun: float) -> _Outcome:
        try:
            answer, code = asked.of(self._contender, picture).text, ""
        except KantuError as error:
            answer, code = "", error.code
        now = time.monotonic()
        return _Outcome(answer, code, now, now - begun)
