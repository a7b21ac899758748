"""What a suite that stands alone is asked to do: one that needs no model loaded here before it begins."""

from __future__ import annotations

from dataclasses import dataclass

from kantu.model.quantize import Quantize


@dataclass(frozen=True, slots=True)
class Plan:
    """As on the command line.

    Attributes:
        model: a name or folder; None is the embedded one.
        runs: samples behind every median.
        seconds: of each load that `gateway` puts on.
        soak_minutes: of `soak`; with `attacks` all of them mixed for so long, instead of one after another.
        attacks: names; none means all.
        attack_seconds: of each attack.
        serve_with: a command that starts `kantu`, an older one for instance; None is the one beside this interpreter.
    """

    model: str | None = None
    quantize: Quantize | None = None
    runs: int = 5
    seconds: float = 20.0
    soak_minutes: float | None = None
    attacks: tuple[str, ...] = ()
    attack_seconds: float = 10.0
    serve_with: str | None = None

    @property
    def serve_options(self) -> list[str]:
        """Of `kantu serve`, for this model."""
        model = ["--model", self.model] if self.model else []
        return [*model, *(["--quantize", self.quantize] if self.quantize else [])]
