"""What would be loaded is known without loading it."""

from __future__ import annotations

from pathlib import Path

from kantu import hub
from kantu.vlm import identify, load


def test_it_is_what_is_loaded(tiny_folder: Path) -> None:
    found = identify(str(tiny_folder), device="cpu")
    with load(tiny_folder, device="cpu") as vlm:
        assert str(vlm.dtype) == f"torch.{found.precision}"
    assert found.name == tiny_folder.name
    assert identify(str(tiny_folder), device="cpu", quantize="int8").precision == "int8"


def test_the_embedded_model_has_a_name_and_weights() -> None:
    found = identify()
    assert found.name == hub.EMBEDDED
    assert len(found.weights) == 64
