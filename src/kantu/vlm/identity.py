"""Which weights would run, known without loading them."""

from __future__ import annotations

from dataclasses import dataclass

from kantu import hub
from kantu.vlm.device import default_dtype, device_of


@dataclass(frozen=True)
class Identity:
    """What answers depend on, beside what is asked.

    Attributes:
        name: of the model; of a folder its own name, as its path is of this machine alone.
        weights: their SHA-256.
        precision: "bfloat16", "float32", "int8" or "int4".
    """

    name: str
    weights: str
    precision: str


def identify(model: str | None = None, *, device: str | None = None, quantize: str | None = None) -> Identity:
    """What `load` of the same arguments would load.

    Raises ModelNotFoundError, InvalidRequestError (`device_not_available`).
    """
    folder = hub.locate(model)
    known = hub.parse_name(model)
    return Identity(
        folder.name if known.kind == "local" else known.target,
        hub.fingerprint(hub.InstalledModel("", folder, 0, None)),
        quantize or str(default_dtype(device_of(device))).removeprefix("torch."),
    )
