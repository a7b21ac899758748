"""One run of `kantu eval`: goes on where an earlier one ended, and loads the model only if something is left to ask."""

from __future__ import annotations

import contextlib
import hashlib
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from pathlib import Path

import kantu
from kantu import hub
from kantu.contenders.contender import Contender
from kantu.contenders.kantu import Kantu
from kantu.contenders.server import Server, is_url
from kantu.doctor.machine import cpu
from kantu.errors import error
from kantu.evaluation.items import Item
from kantu.evaluation.measure import judge_again, measure
from kantu.evaluation.results import ResultFile, Results, Run, Session
from kantu.evaluation.suites import Opened


@dataclass(frozen=True)
class Subject:
    """Who is asked, and how: a name or folder of ours, or a server's address."""

    model: str | None = None
    quantize: str | None = None
    device: str | None = None
    max_pixels: int | None = None

    @property
    def server(self) -> str | None:
        """The address of the server, if it is one."""
        return self.model if self.model is not None and is_url(self.model) else None


@dataclass(frozen=True)
class Done:
    """Where the results are, and what they are."""

    path: Path
    results: Results


def run(
    opened: Opened,
    subject: Subject,
    path: Path | None = None,
    *,
    parallel: int = 1,
    fresh: bool = False,
    on_answer: Callable[[int], None] = lambda count: None,
    connect: Callable[[Subject, int], Contender] | None = None,
) -> Done:
    """Ask what the result file does not hold yet; `on_answer` hears how many are there.

    Args:
        path: the result file; by default one under KANTU_HOME for this suite, model and precision.
        fresh: begin anew.
        connect: makes the contender; by default `connected`.

    Raises KantuError as `ResultFile.open` and `measure`; what was answered by then is kept.
    """
    asked = describe(opened, subject)
    place = path or _default_path(asked)
    with ResultFile.open(place, asked, fresh=fresh) as file:
        kept = file.results.answers
        file.replace({item.key: judge_again(item, kept[item.key]) for item in opened.items if item.key in kept})
        left = list({item.key: item for item in opened.items if item.key not in kept}.values())
        present = len(opened.items) - len(left)
        on_answer(present)
        if left:
            with contextlib.closing((connect or connected)(subject, parallel)) as contender:
                _answer(file, contender, left, subject, parallel, lambda count: on_answer(present + count))
        return Done(place, file.results)


def connected(subject: Subject, parallel: int) -> Contender:
    """The model, loaded, or the server."""
    if subject.server is not None:
        return Server(subject.server, parallel=parallel)
    return Kantu(kantu.load(subject.model, device=subject.device, quantize=subject.quantize))


def describe(opened: Opened, subject: Subject) -> Run:
    """What is asked of whom, without loading anything.

    Raises InvalidRequestError (`quantize_of_server`), ModelNotFoundError.
    """
    if subject.server is not None:
        if subject.quantize is not None:
            raise error("quantize_of_server")
        return Run(opened.name, opened.version, subject.server, "", "server", subject.max_pixels)
    from kantu.vlm import identify

    found = identify(subject.model, device=subject.device, quantize=subject.quantize)
    return Run(opened.name, opened.version, found.name, found.weights, found.precision, subject.max_pixels)


def _answer(
    file: ResultFile,
    contender: Contender,
    left: Sequence[Item],
    subject: Subject,
    parallel: int,
    on_answer: Callable[[int], None],
) -> None:
    """Ask; however it ends, the session is written down."""
    started_at, started, count = datetime.now(UTC), time.monotonic(), 0
    try:
        for answer in measure(contender, left, parallel=parallel, max_pixels=subject.max_pixels):
            file.add(answer)
            count += 1
            on_answer(count)
    finally:
        file.add(
            Session(
                started_at.isoformat(timespec="seconds"),
                time.monotonic() - started,
                count,
                parallel,
                kantu.__version__,
                commit(),
                _machine(contender, subject),
            )
        )


def _machine(contender: Contender, subject: Subject) -> dict[str, str | int]:
    """Of the model; a server's is not known."""
    if not isinstance(contender, Kantu):
        return {"device": contender.name}
    import torch

    found = cpu()
    device = contender.vlm.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    return {"cpu": found.name, "cores": found.cores, "device": name, "torch": torch.__version__}


def commit() -> str:
    """Of the checkout that runs, with "+" where its files are not the committed ones; "" where there is none."""
    root = Path(kantu.__file__).resolve().parents[2]
    if not (root / ".git").exists():
        return ""
    try:
        head = subprocess.run(
            ["git", "rev-parse", "--short=12", "HEAD"], cwd=root, capture_output=True, text=True, check=True
        )
        changed = subprocess.run(
            ["git", "status", "--porcelain", "--untracked-files=no"],
            cwd=root,
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changed.stdout.strip() else "")


def _default_path(asked: Run) -> Path:
    digest = hashlib.sha256(repr(astuple(asked)).encode()).hexdigest()[:12]
    model = re.sub(r"[^A-Za-z0-9._-]+", "-", asked.model).strip("-.")[-40:]
    return hub.home() / "evaluations" / f"{asked.suite}-{model}-{asked.precision}-{digest}.jsonl"
