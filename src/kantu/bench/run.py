"""One run of `kantu bench`: checks what is asked for, loads, runs the suites, and ends with the machine's figures."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import torch

from kantu import hub
from kantu.bench import must, suites
from kantu.bench.attacks.raid import raid
from kantu.bench.demo import demo
from kantu.bench.loading import loading
from kantu.bench.machine import measure, reached
from kantu.bench.match import Track
from kantu.bench.plan import Plan
from kantu.bench.report import Cell, Comparison, Report, Table
from kantu.bench.soak import soak
from kantu.bench.traffic import traffic
from kantu.bench.work import Workload
from kantu.contenders.apart import Apart, apart
from kantu.contenders.contender import Contender
from kantu.contenders.kantu import Kantu
from kantu.contenders.server import Server
from kantu.contenders.transformers import Transformers, require
from kantu.errors import error, listed
from kantu.model.folder import ModelFolder
from kantu.model.quantize import Quantize
from kantu.vlm import default_device, default_dtype, load

Suite = Callable[[Kantu, Contender | None, int, Workload, Track], tuple[Table, ...]]
SUITES: dict[str, Suite] = {"latency": suites.latency, "load": suites.load, "cache": suites.cache}
NAMES = ("must", *SUITES)
# Those that stand alone are none of "all": they start processes of their own, and some load the machine for minutes.
ALONE: dict[str, Callable[[Plan, Track], tuple[Table, ...]]] = {
    "demo": demo,
    "loading": loading,
    "gateway": traffic,
    "soak": soak,
    "attacks": raid,
}
_OF_RUNS = ("demo", "loading")  # of ALONE, whose figures are medians
_VARIANTS: dict[str, Quantize] = {"int8": "int8", "int4": "int4"}


def run(
    name: str | None,
    *,
    suite: str,
    against: str | None,
    quantize: str | None,
    runs: int,
    track: Track,
    plan: Plan | None = None,
) -> Report:
    """Run one suite, or "all". `must` brings transformers along; `against` is asked beside us in `latency`; `plan` has
    what the suites that stand alone want to know besides.

    Raises:
        InvalidRequestError: an unknown suite, a rival that is neither "transformers" nor a URL, or no runs.
        MissingDependencyError: the rival's package is missing.
        UpstreamError: the rival is a server that cannot be reached.
        KantuError: whatever `kantu.load`, `VLM.ask` and the suites raise.
    """
    names = _suites(suite)
    variant = _checked(names, against, quantize, runs)
    dtype = default_dtype(device := default_device())
    if suite in ALONE:
        tables = ALONE[suite](replace(plan or Plan(), model=name, quantize=variant, runs=runs), track)
        machine = apart(functools.partial(measure, dtype))
        return Report(str(name or hub.EMBEDDED), runs if suite in _OF_RUNS else 0, asdict(machine), (), tables)
    folder = hub.locate(name)
    workload = Workload(ModelFolder.open(folder))
    comparisons: list[Comparison] = []
    rows: list[dict[str, Cell]] = []
    found: list[Table] = []
    with contextlib.ExitStack() as stack:

        def connected(to: str) -> Contender:
            return stack.enter_context(contextlib.closing(rival_of(to, folder, dtype=dtype, device=device)))

        rival = None if against is None else connected(against)  # first: a rival that is missing is said at once
        machine = apart(functools.partial(measure, dtype))
        if "must" in names:
            yardstick = rival if rival is not None and against == "transformers" else connected("transformers")
            comparisons, rows = must.run(folder, yardstick, machine, variant, runs, workload, track)
        chosen = [SUITES[each] for each in names if each in SUITES]
        if chosen:
            ours = Kantu(stack.enter_context(load(folder, quantize=variant)))
            for each in chosen:
                found += each(ours, rival, runs, workload, track)
            if "must" not in names:  # which measured it
                rows.append(reached(ours, variant, machine, runs, workload))
    found.append(Table("machine", tuple(rows)))
    return Report(str(name or hub.EMBEDDED), runs, asdict(machine), tuple(comparisons), tuple(found))


def rival_of(against: str, folder: Path, *, dtype: torch.dtype, device: torch.device) -> Contender:
    """Who is named on the command line: "transformers", in a process of its own, or the address of a server.

    The forced length is asked of a server as vLLM and SGLang understand it; elsewhere an answer may end earlier, and
    TPOT is taken from the tokens that came.
    """
    if against != "transformers":
        return Server(against, parallel=1, dialect="vllm")
    require()  # what is missing is said here
    return Apart(functools.partial(Transformers, folder, dtype=dtype, device=device))


def _checked(names: tuple[str, ...], against: str | None, quantize: str | None, runs: int) -> Quantize | None:
    """`quantize`, if all four make sense together."""
    if runs < 1:
        raise error("invalid_runs")
    if against is not None and "latency" not in names and (against != "transformers" or "must" not in names):
        raise error("invalid_against.suite")
    if quantize is not None and quantize not in _VARIANTS:
        raise error("invalid_quantize")
    return None if quantize is None else _VARIANTS[quantize]


def _suites(suite: str) -> tuple[str, ...]:
    if suite == "all":
        return NAMES
    if suite not in (*NAMES, *ALONE):
        raise error("unknown_suite.bench", suite=suite, suites=listed((*NAMES, *ALONE, "all")))
    return (suite,)
