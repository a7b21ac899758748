"""The curves of a run: losses, and accuracy by glyph size."""

from __future__ import annotations

import json
from pathlib import Path

from kantu.errors import InvalidRequestError, MissingDependencyError, install_command

_LOSSES = ("lm", "glyph", "align", "count")
_ACCURACIES = (
    "answer_accuracy",
    "glyph_accuracy_to_12px",
    "glyph_accuracy_to_16px",
    "glyph_accuracy_to_22px",
    "glyph_accuracy_over_22px",
)


def plot_run(run: Path) -> Path:
    """Draw `run/metrics.jsonl` into `run/metrics.png` and return its path.

    Raises InvalidRequestError when the run has logged nothing yet, MissingDependencyError without matplotlib.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise MissingDependencyError(
            "matplotlib_missing",
            f"画曲线需要 matplotlib：{install_command('training')}",
            f"Plotting needs matplotlib: {install_command('training')}",
            param="matplotlib",
        ) from error

    matplotlib.use("Agg")
    from matplotlib import pyplot

    metrics = run / "metrics.jsonl"
    if not metrics.exists():
        raise InvalidRequestError("no_metrics", f"还没有训练记录：{metrics}", f"no metrics yet: {metrics}")
    records = [json.loads(line) for line in metrics.read_text("utf-8").splitlines()]
    figure, panels = pyplot.subplots(1, 2, figsize=(12, 4.5))
    for panel, names, title in zip(panels, (_LOSSES, _ACCURACIES), ("loss", "accuracy"), strict=True):
        for name in names:
            points = [(record["pictures"], record[name]) for record in records if name in record]
            if points:
                panel.plot(*zip(*points, strict=True), label=name)
        panel.set_xlabel("pictures")
        panel.set_title(title)
        panel.grid(alpha=0.3)
        panel.legend()
    figure.tight_layout()
    path = run / "metrics.png"
    figure.savefig(path, dpi=110)
    pyplot.close(figure)
    return path
