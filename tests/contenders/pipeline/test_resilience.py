"""A stage that fails is tried again; one that fails again and again is left alone for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from kantu.contenders.pipeline.resilience import Guarded, Policy
from kantu.errors import InvalidRequestError, KantuError, OverloadedError, UpstreamError, error

POLICY = Policy(
    tries=3,
    first_pause_seconds=1.0,
    longest_pause_seconds=4.0,
    failures_to_open=3,
    open_seconds=10.0,
    longest_open_seconds=35.0,
)


@dataclass
class Clock:
    """Time that passes only when someone sleeps."""

    now: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@dataclass
class Stage:
    """Does what its script says, call by call; answers once the script is over."""

    script: list[KantuError]
    calls: int = 0

    def __call__(self, request: str) -> str:
        self.calls += 1
        if self.script:
            raise self.script.pop(0)
        return request + "！"


def _guarded(stage: Callable[[str], str], clock: Clock, policy: Policy = POLICY) -> Guarded[str, str]:
    return Guarded("ocr", stage, policy, clock=lambda: clock.now, sleep=clock.sleep)


def _lost() -> KantuError:
    return error("stage_unreachable", stage="文字识别", url="http://x", name="ocr")


def test_what_passes_is_tried_again_after_longer_and_longer_pauses() -> None:
    clock, stage = Clock(), Stage([_lost(), _lost()])
    assert _guarded(stage, clock)("好") == "好！"
    first, second = clock.slept
    assert 0.5 <= first <= 1.0 <= second <= 2.0


def test_after_the_last_try_the_failure_is_told() -> None:
    stage = Stage([_lost(), _lost(), _lost(), _lost()])
    with pytest.raises(UpstreamError) as caught:
        _guarded(stage, Clock())("好")
    assert (caught.value.code, stage.calls) == ("stage_unreachable", 3)


@pytest.mark.parametrize("lasting", ["image_damaged", "upstream_unauthorized"])
def test_what_does_not_pass_is_told_at_once(lasting: str) -> None:
    stage = Stage([error(lasting, status=401)])
    with pytest.raises(KantuError) as caught:
        _guarded(stage, Clock())("好")
    assert (caught.value.code, stage.calls) == (lasting, 1)


def test_who_is_full_is_given_the_time_that_it_asks_for() -> None:
    clock = Clock()
    stage = Stage([error("overloaded.upstream", retry_after_seconds=3.0)])
    assert _guarded(stage, clock)("好") == "好！"
    assert clock.slept == [3.0]


def test_nobody_waits_longer_than_the_longest_pause() -> None:
    clock = Clock()
    stage = Stage([error("overloaded.upstream", retry_after_seconds=60.0)])
    with pytest.raises(OverloadedError):
        _guarded(stage, clock)("好")
    assert (clock.slept, stage.calls) == ([], 1)


def test_failures_in_a_row_open_the_circuit_which_says_when_to_come_back() -> None:
    clock, stage = Clock(), Stage([_lost() for _ in range(3)])
    guarded = _guarded(stage, clock)
    with pytest.raises(UpstreamError):
        guarded("好")
    with pytest.raises(OverloadedError) as caught:
        guarded("好")
    assert (caught.value.code, stage.calls) == ("stage_paused", 3)
    assert "文字识别" in caught.value.message
    assert caught.value.retry_after_seconds == pytest.approx(10.0)


def test_when_its_time_is_over_one_call_finds_out_whether_it_works_again() -> None:
    clock, stage = Clock(), Stage([_lost() for _ in range(3)])
    guarded = _guarded(stage, clock)
    with pytest.raises(UpstreamError):
        guarded("好")
    clock.now += 10.0
    assert guarded("好") == "好！"
    assert guarded("又") == "又！"


def test_a_call_that_finds_it_still_failing_closes_the_way_again() -> None:
    clock, stage = Clock(), Stage([_lost() for _ in range(5)])
    guarded = _guarded(stage, clock)
    with pytest.raises(UpstreamError):
        guarded("好")
    clock.now += 10.0
    with pytest.raises(OverloadedError):  # its first try has failed, and the circuit is open for its second
        guarded("好")
    assert stage.calls == 4


def test_a_circuit_is_open_for_twice_as_long_each_time_that_it_still_fails() -> None:
    clock, stage = Clock(), Stage([_lost() for _ in range(6)])
    guarded = _guarded(stage, clock, replace(POLICY, first_pause_seconds=0.0))
    open_for = []
    for _ in range(4):
        with pytest.raises(KantuError):
            guarded("好")
        with pytest.raises(OverloadedError) as caught:
            guarded("好")
        open_for.append(caught.value.retry_after_seconds)
        clock.now += open_for[-1]
    assert open_for == pytest.approx([10.0, 20.0, 35.0, 35.0])
    assert guarded("好") == "好！"
    stage.script += [_lost() for _ in range(3)]
    with pytest.raises(UpstreamError):
        guarded("好")
    with pytest.raises(OverloadedError) as caught:
        guarded("好")
    assert caught.value.retry_after_seconds == pytest.approx(10.0)


def test_while_one_call_finds_out_nobody_else_calls_however_long_it_takes() -> None:
    clock, others = Clock(), list[str]()

    def stage(request: str) -> str:
        if request == "试":
            clock.now += 100.0
            with pytest.raises(OverloadedError) as caught:
                guarded("别的")
            others.append(caught.value.code)
        raise _lost()

    guarded = _guarded(stage, clock, replace(POLICY, first_pause_seconds=0.0))
    with pytest.raises(UpstreamError):
        guarded("好")
    clock.now += 10.0
    with pytest.raises(OverloadedError) as caught:  # its first try has failed
        guarded("试")
    assert others == ["stage_paused"]
    assert caught.value.retry_after_seconds == pytest.approx(20.0)


def test_what_was_under_way_when_the_circuit_opened_does_not_keep_it_open_for_longer() -> None:
    clock = Clock()

    def stage(request: str) -> str:
        if request == "慢":
            with pytest.raises(UpstreamError):
                guarded("快")  # three failures: the circuit opens
            clock.now += 4.0
        raise _lost()

    guarded = _guarded(stage, clock)
    with pytest.raises(OverloadedError) as caught:
        guarded("慢")
    assert caught.value.retry_after_seconds == pytest.approx(10.0 - 4.0 - clock.slept[-1])


def test_a_fault_of_the_request_shows_that_the_stage_works() -> None:
    clock = Clock()
    stage = Stage([_lost(), _lost(), error("image_damaged"), _lost(), _lost()])
    guarded = _guarded(stage, clock)
    with pytest.raises(InvalidRequestError):
        guarded("好")
    assert guarded("好") == "好！"
