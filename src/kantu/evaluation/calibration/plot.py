"""The reliability plot, and the trade of review against errors, as one picture for a page."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kantu.errors import error, install_command, listed
from kantu.evaluation.calibration.samples import Judged
from kantu.evaluation.calibration.tested import Told, fields_told, wholes_told
from kantu.evaluation.reliability import at_threshold, bins, equal_mass_edges, trade
from kantu.output_files import check_outputs, draft
from kantu.solve.calibration import Calibration
from kantu.tasks.builtin import TASKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLORS = ("#2f5fd0", "#d9622b", "#14804a", "#8a4fbf", "#9a6200", "#c02f6f")
_QUIET = "#8a94a0"
_FORMATS = (".svg", ".png")
_MOST_TASKS = len(_COLORS)
_FEWEST_RECORDS = 20  # of a task whose trade is drawn


def check_plot(path: Path | None) -> None:
    """Before the work: a picture that is wanted can be drawn.

    Raises MissingDependencyError without matplotlib; InvalidRequestError: `unknown_image_format`, `output_unwritable`.
    """
    if path is None:
        return
    _require_matplotlib()
    if path.suffix.lower() not in _FORMATS:
        raise error("unknown_image_format", image_format=path.suffix, formats=listed(_FORMATS), param="plot")
    check_outputs(path)


def plot(parts: Mapping[str, Sequence[Judged]], calibration: Calibration, path: Path) -> None:
    """Draw records that the calibration was not fitted on, by the words for where they come from.

    Args:
        parts: at least one.
        path: of a name that `check_plot` lets through.

    Raises MissingDependencyError without matplotlib; KantuError as `draft`.
    """
    matplotlib = _require_matplotlib()
    matplotlib.use("Agg")
    from matplotlib import pyplot

    style: Any = {"svg.fonttype": "none", "font.family": ["Noto Sans CJK SC", "sans-serif"], "svg.hashsalt": "kantu"}
    with matplotlib.rc_context(style), warnings.catch_warnings():
        # Whoever shows an SVG draws its words: only their width is guessed with fonts that lack them here.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .* missing from")
        figure, panels = pyplot.subplots(len(parts), 2, figsize=(11, 4.6 * len(parts)), squeeze=False)
        for row, (name, records) in zip(panels, parts.items(), strict=True):
            _draw_reliability(row[0], fields_told(records, calibration), f"{name}：把握与对错")
            _draw_trade(row[1], records, calibration, f"{name}：复核多少，漏过多少错")
        figure.tight_layout()
        form = path.suffix.lower().removeprefix(".")
        with draft(path) as made:
            figure.savefig(made, format=form, metadata={"Date": None} if form == "svg" else None)
        pyplot.close(figure)


def _require_matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError as failure:
        raise error("matplotlib_missing", install=install_command("training")) from failure
    return matplotlib


def _draw_reliability(panel: Axes, told: Told, title: str) -> None:
    """Both axes are shares; on the diagonal confidence is true."""
    panel.plot([0, 1], [0, 1], color=_QUIET, linewidth=1, linestyle=":")
    for label, said, color in (("校准前", told.raw, _QUIET), ("校准后", told.confidence, _COLORS[0])):
        table = bins(said, told.right, equal_mass_edges(said)) if said else []
        panel.plot(
            [each.probability for each in table],
            [each.right for each in table],
            marker="o",
            markersize=4,
            color=color,
            label=label,
        )
    panel.set(
        xlim=(0, 1), ylim=(0, 1), xlabel="把握", ylabel="答对的比例", title=f"{title}（{len(told.right)} 个字段）"
    )
    panel.grid(alpha=0.25)
    panel.legend(loc="upper left")


def _draw_trade(panel: Axes, records: Sequence[Judged], calibration: Calibration, title: str) -> None:
    """Of each task the share of all that is wrong and let through, over the share reviewed; a dot is its threshold."""
    counts = Counter(record.task for record in records if record.fields)
    tasks = [task for task, count in counts.most_common(_MOST_TASKS) if count >= _FEWEST_RECORDS]
    for task, color in zip(tasks, _COLORS, strict=False):
        told = wholes_told(records, calibration, task)
        points = trade(told.confidence, told.right)
        label = f"{TASKS[task].title if task in TASKS else task}（{len(told.right)}）"
        panel.plot(
            [p.reviewed for p in points], [p.let_through for p in points], color=color, label=label, linewidth=1.4
        )
        here = at_threshold(told.confidence, told.right, calibration.threshold(task))
        panel.plot([here.reviewed], [here.let_through], color=color, marker="o")
    panel.plot([0, 1], [calibration.let_through, 0], color=_QUIET, linewidth=1, linestyle=":")  # what was asked for
    panel.set(xlim=(0, 1), ylim=(0, None), xlabel="送去复核的比例", ylabel="错了而没有复核的比例", title=title)
    panel.grid(alpha=0.25)
    if tasks:
        panel.legend(loc="upper right")
