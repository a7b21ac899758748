"""From the model's own probabilities to how often it is right: fitted on known truth, kept in the model's folder.

`kantu calibrate` fits it (`kantu.evaluation.calibration`); here it is read and applied.
"""

from __future__ import annotations

import hashlib
import math
from bisect import bisect_right
from collections.abc import Container, Iterable, Mapping
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from kantu import hub
from kantu.errors import error
from kantu.model.folder import ModelFolder
from kantu.solve.result import Notice
from kantu.tasks.builtin import EXTRACT
from kantu.tasks.field_path import is_inside
from kantu.tasks.right_fields import any_place, is_decided

FILE = "calibration.json"
EVERYTHING = ""
"""The scope of what is known of all tasks together."""
DECISIONS = "decisions"
"""The scope of predicates, choices and scores that no task asks for: "decisions.predicate" and so on."""
LET_THROUGH = 0.02
"""The share of wrong results, among those that nobody reviews, that thresholds are fitted for."""
UNCALIBRATED_THRESHOLD = 0.5
"""Where nothing is known of what a probability means, only what is more likely wrong than right is reviewed."""

_LEAST, _MOST = 1e-6, 1 - 1e-6  # of a probability; surer than that nobody has measured
_Logit = Annotated[float, Field(allow_inf_nan=False)]
_Probability = Annotated[float, Field(ge=0, le=1)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Curve(_Part):
    """A map that never falls, from raw to calibrated probability: straight between points, level beyond them.

    Attributes:
        points: (raw, calibrated), both as log-odds, in order.
    """

    points: tuple[tuple[_Logit, _Logit], ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _rises(self) -> Curve:
        if any(b[0] <= a[0] or b[1] < a[1] for a, b in pairwise(self.points)):
            raise ValueError("points must rise")
        return self

    def __call__(self, raw: float) -> float:
        """The calibrated probability."""
        x = log_odds(raw)
        at = bisect_right(self.points, x, key=lambda point: point[0])
        if at in (0, len(self.points)):
            return probability(self.points[min(at, len(self.points) - 1)][1])
        (x0, y0), (x1, y1) = self.points[at - 1 : at + 1]
        return probability(y0 + (y1 - y0) * (x - x0) / (x1 - x0))


class Trial(_Part):
    """What was tried: the fit is the one of least log loss or, among those that chance may have put behind, of least
    calibration error. Both are of questions that the fit has not seen.

    Attributes:
        method: "identity", "platt", "beta" or "isotonic".
        parent_weight: how many samples of a kind its task's map is worth; of a task, the map of everything.
    """

    method: str
    parent_weight: float
    log_loss: float
    calibration_error: float


class Origin(_Part):
    """What a calibration was fitted on.

    Attributes:
        weights: SHA-256 of the weights, see `hub.fingerprint`.
        precision: that they ran in.
        date: ISO 8601.
        pictures, records, fields: how many of each.
        tried: with the least log loss first; `chosen` is one of them.
    """

    suite: str
    suite_version: str
    model: str
    weights: str
    precision: str
    date: str
    pictures: int
    records: int
    fields: int
    tried: tuple[Trial, ...] = ()
    chosen: Trial | None = None


class Calibration(_Part):
    """How probabilities of a model become confidences. The default one leaves them as they are.

    Attributes:
        curves: of single fields, by scope: a kind ("order.status"), a task ("order"), or `EVERYTHING`. The closest
            one holds.
        togetherness: how much the fields of a record are right and wrong together: 0, each for itself (the record is
            as probable as the product of its fields); 1, all at once (as its weakest field).
        wholes: of whole records, by task or `EVERYTHING`.
        thresholds: by task.
        let_through: what thresholds were fitted for.
        origin: what it was fitted on; None for the default one.
        warnings: why the folder's calibration is not used.
    """

    format: Literal[1] = 1
    origin: Origin | None = None
    let_through: _Probability = LET_THROUGH
    togetherness: _Probability = 0.0
    thresholds: dict[str, _Probability] = Field(default_factory=dict)
    wholes: dict[str, Curve] = Field(default_factory=dict)
    curves: dict[str, Curve] = Field(default_factory=dict)
    warnings: tuple[Notice, ...] = Field((), exclude=True)

    @classmethod
    def from_folder(cls, folder: ModelFolder) -> Calibration:
        """That of a model's folder; the default one where it has none.

        One that was fitted on other weights says nothing about these: it is left unused with a warning, as a model
        whose weights were replaced is still a model, and its results say that they are not calibrated.

        Raises CheckpointError (`checkpoint_file_damaged`) for a file that is no calibration.
        """
        if FILE not in folder.files:
            return cls()
        try:
            found = cls.model_validate_json(folder.text(FILE))
        except ValidationError as failure:
            raise error("checkpoint_file_damaged.calibration", name=FILE, path=folder.path) from failure
        if found.origin is None or found.origin.weights != hub.fingerprint(
            hub.InstalledModel("", folder.path, 0, None)
        ):
            message = f"{FILE} 是为另一份权重拟合的，没有使用；可以用 kantu calibrate 重新拟合。"
            return cls(warnings=(Notice(code="calibration_of_other_weights", message=message),))
        return found

    @property
    def calibrated(self) -> bool:
        """Whether it was fitted on known truth."""
        return self.origin is not None

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of all that results depend on: not of when and where it was fitted."""
        return hashlib.sha256(self.model_dump_json(exclude={"origin"}).encode()).hexdigest()

    def confidence(self, kind: str, raw: float) -> float:
        """How probable it is that a field of this kind is right, of which the model says `raw`."""
        curve = next((self.curves[scope] for scope in scopes(kind) if scope in self.curves), None)
        return raw if curve is None else curve(raw)

    def whole(self, task: str, confidences: Mapping[str, float], plain: Container[str] = ()) -> float:
        """How probable it is that a record is right, by the confidences of its fields (`whole_fields` of them)."""
        raw = blend((confidences[path] for path in whole_fields(task, confidences, plain)), self.togetherness)
        curve = self.wholes.get(task) or self.wholes.get(EVERYTHING)
        return raw if curve is None else curve(raw)

    def threshold(self, task: str) -> float:
        """Below this confidence of the whole record a person should look.

        Where the samples of a task do not reach for a threshold, confidence is taken at its word.
        """
        return self.thresholds.get(task, 1 - self.let_through if self.calibrated else UNCALIBRATED_THRESHOLD)

    def to_json(self) -> str:
        """As the model's folder keeps it."""
        return self.model_dump_json(indent=1) + "\n"


def kind_of(task: str, path: str) -> str:
    """What is calibrated together: "order.amount", "chart.rows[][]", "ui.[].label"; "ask" for prose.

    Names of extracted fields are anybody's, so that all of them are one kind.
    """
    return task if not path or task == EXTRACT.name else f"{task}.{any_place(path)}"


def scopes(kind: str) -> tuple[str, ...]:
    """From the closest to the widest: the kind, its task, everything.

    What is known of everything is about fields of records, of which few are right. It says nothing of a choice between
    two answers, one of which is.
    """
    task = kind.partition(".")[0]
    return (kind, task) if task == DECISIONS else (kind, task, EVERYTHING)


def whole_fields(task: str, paths: Iterable[str], plain: Container[str] = ()) -> list[str]:
    """The outermost fields of a record that a truth decides: together they are all of it that can be right or wrong.

    Args:
        plain: paths of values with nothing inside. Extracted fields have any names: "No.1" is not inside "No" then.
    """
    found = [path for path in paths if is_decided(task, path)]
    outer = [path for path in found if path and path not in plain]
    return [path for path in found if not any(is_inside(path, other) for other in outer)]


def blend(confidences: Iterable[float], togetherness: float) -> float:
    """Between the product and the least of them, by their geometric mean."""
    logs = [math.log(max(confidence, _LEAST)) for confidence in confidences]
    return math.exp((1 - togetherness) * sum(logs) + togetherness * min(logs, default=0.0))


def log_odds(probability: float) -> float:
    """Bounded: nothing is impossible or certain."""
    inside = min(max(probability, _LEAST), _MOST)
    return math.log(inside) - math.log1p(-inside)


def probability(log_odds: float) -> float:
    """The inverse of `log_odds`."""
    return 1 / (1 + math.exp(-log_odds)) if log_odds >= 0 else 1 - 1 / (1 + math.exp(log_odds))
