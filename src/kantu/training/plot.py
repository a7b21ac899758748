"""The curves of a run: losses, accuracy by glyph size, and accuracy of answers by family."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kantu.errors import error, install_command

_LOSSES = ("lm", "glyph", "align", "count")
_ACCURACIES = (
    "glyph_accuracy_to_12px",
    "glyph_accuracy_to_16px",
    "glyph_accuracy_to_22px",
    "glyph_accuracy_over_22px",
)
_BY_FAMILY = "answer_accuracy"  # of all, and with _FAMILY behind it
_SMOOTHED = 9  # a point is the mean of so many records


def plot_run(run: Path) -> Path:
    """Draw `run/metrics.jsonl` into `run/metrics.png` and return its path.

    Raises InvalidRequestError when the run has logged nothing yet, MissingDependencyError without matplotlib.
    """
    try:
        import matplotlib
    except ImportError as failure:
        raise error("matplotlib_missing", install=install_command("training")) from failure

    matplotlib.use("Agg")
    from matplotlib import pyplot

    metrics = run / "metrics.jsonl"
    if not metrics.exists():
        raise error("no_metrics", metrics=metrics)
    records = [json.loads(line) for line in metrics.read_text("utf-8").splitlines()]
    families = sorted({name for record in records for name in record if name.startswith(_BY_FAMILY)})
    figure, panels = pyplot.subplots(1, 3, figsize=(18, 5.5))
    titles = ("loss", "glyph accuracy by size", "answer accuracy by family")
    for panel, names, title in zip(panels, (_LOSSES, _ACCURACIES, families), titles, strict=True):
        for name in names:
            pictures, values = _curve(records, name)
            label = name.removeprefix(_BY_FAMILY + "_")
            panel.plot(pictures, values, label=label, linewidth=2.5 if name == _BY_FAMILY else 1.2)
        panel.set_xlabel("pictures")
        panel.set_title(title)
        panel.grid(alpha=0.3)
        panel.legend(fontsize="small", ncols=1 + len(names) // 8)
    figure.tight_layout()
    path = run / "metrics.png"
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path


def _curve(records: Sequence[Mapping[str, Any]], name: str) -> tuple[list[int], list[float]]:
    """Pictures seen, and the running mean of a figure; records that lack it are passed over."""
    points = [(record["pictures"], record[name]) for record in records if name in record]
    windows = [points[max(0, end - _SMOOTHED) : end] for end in range(1, len(points) + 1)]
    return [window[-1][0] for window in windows], [sum(value for _, value in w) / len(w) for w in windows]
