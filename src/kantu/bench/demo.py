"""The suite `demo`: the README's question about its picture, beside transformers on the same weights.

The two take turns. Both start from the picture's file and end with text, each as the folder says. Each round has a
picture of its own, different in one pixel: nothing of an earlier round can be reused.
"""

from __future__ import annotations

import contextlib
import functools
import io
import statistics

from PIL import Image

from kantu import hub
from kantu.bench.match import Track
from kantu.bench.plan import Plan
from kantu.bench.report import Cell, Table
from kantu.bench.work import example
from kantu.contenders.apart import Apart
from kantu.contenders.contender import AskOptions, Contender, Reply
from kantu.contenders.kantu import Kantu
from kantu.contenders.transformers import Transformers, require
from kantu.vlm import load

QUESTION = "为什么这个还没发货？"
_OPTIONS = AskOptions(max_tokens=512)


def demo(plan: Plan, track: Track) -> tuple[Table, ...]:
    """A row for each, medians of the runs.

    Raises:
        MissingDependencyError: transformers is not installed.
        EngineError: `example_missing`.
    """
    require()
    picture = example()
    with contextlib.ExitStack() as stack:
        vlm = stack.enter_context(load(plan.model, quantize=plan.quantize))
        reference = functools.partial(Transformers, hub.locate(plan.model), dtype=vlm.dtype, device=vlm.device)
        contenders: list[Contender] = [Kantu(vlm), stack.enter_context(contextlib.closing(Apart(reference)))]
        replies: dict[str, list[Reply]] = {contender.name: [] for contender in contenders}
        for turn in track(range(plan.runs + 1), description="demo"):
            file = _file(picture, turn)
            for contender in contenders[:: -1 if turn % 2 else 1]:
                replies[contender.name].append(contender.ask([file], QUESTION, _OPTIONS))
    ours, theirs = (_medians(each[1:]) for each in replies.values())  # the first round warms both up
    ratios = [mine / other for mine, other in zip(ours, theirs, strict=True)]
    return (Table("demo", tuple(_row(name, each, ratios) for name, each in replies.items())),)


def _row(name: str, replies: list[Reply], ratios: list[float]) -> dict[str, Cell]:
    ttft, total = _medians(replies[1:])
    ttft_ratio, total_ratio = ratios if name == "kantu" else (1.0, 1.0)
    return {
        "contender": name,
        "visual_tokens": replies[0].visual_tokens,
        "ttft_seconds": ttft,
        "total_seconds": total,
        "ttft_ratio": ttft_ratio,
        "total_ratio": total_ratio,
        "answer": replies[0].text,
    }


def _medians(replies: list[Reply]) -> tuple[float, float]:
    """TTFT and total."""
    ttft = statistics.median(reply.ttft_seconds for reply in replies)
    return ttft, statistics.median(reply.total_seconds for reply in replies)


def _file(picture: Image.Image, turn: int) -> bytes:
    changed = picture.copy()
    changed.putpixel((0, 0), (255, 255, turn % 256))
    file = io.BytesIO()
    changed.save(file, "PNG")
    return file.getvalue()
