"""Reads what stands in deploy/: the Containerfile as stages, YAML as it is, overlays as kustomize builds them."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from kantu.service.settings import OTHER_VARIABLES, sections

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
KUBERNETES = DEPLOY / "kubernetes"


@dataclass(frozen=True)
class Stage:
    name: str
    parent: str  # an image, or an earlier stage
    steps: tuple[tuple[str, str], ...]  # (instruction, the rest of its line)

    def values(self, instruction: str) -> list[str]:
        return [text for name, text in self.steps if name == instruction]


def containerfile() -> tuple[dict[str, str], dict[str, Stage]]:
    """The arguments before the first stage with their defaults, and the stages by name."""
    lines = [line for line in (DEPLOY / "Containerfile").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    instructions = [line.split(maxsplit=1) for line in re.sub(r"\\\n\s*", "", "\n".join(lines)).splitlines() if line]
    arguments: dict[str, str] = {}
    stages: dict[str, Stage] = {}
    for name, text in instructions:
        if name == "FROM":
            parent, _, stage = text.partition(" AS ")
            stages[stage] = Stage(stage, parent, ())
        elif not stages:
            arguments |= [text.split("=", 1)]
        else:
            last = next(reversed(stages.values()))
            stages[last.name] = Stage(last.name, last.parent, (*last.steps, (name, text)))
    return arguments, stages


def lineage(stages: dict[str, Stage], name: str) -> list[Stage]:
    """The stage and those it is built on, the last first."""
    found = [stages[name]]
    while found[-1].parent in stages:
        found.append(stages[found[-1].parent])
    return found


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def build(overlay: str, folder: Path, *components: str) -> list[dict[str, Any]]:
    """The manifests of an overlay, built in `folder` with the example secrets; skipped where there is no kubectl.

    Args:
        components: what an operator's own overlay adds to it.
    """
    kubectl = shutil.which("kubectl")
    if kubectl is None:
        pytest.skip("kubectl, which builds the overlays, is not installed")
    tree = folder / "kubernetes"
    shutil.copytree(KUBERNETES, tree)
    for example in tree.rglob("*.example"):
        example.rename(example.with_suffix(""))
    if components:
        own = {"resources": [f"../{overlay}"], "components": [f"../../components/{name}" for name in components]}
        overlay = "own"
        (tree / "overlays" / overlay).mkdir()
        (tree / "overlays" / overlay / "kustomization.yaml").write_text(yaml.safe_dump(own), encoding="utf-8")
    built = subprocess.run(
        [kubectl, "kustomize", str(tree / "overlays" / overlay)], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    return list(yaml.safe_load_all(built.stdout))


def known_variables() -> set[str]:
    names = {f"KANTU_{section}_{name}".upper() for section, part in sections().items() for name in part.model_fields}
    return names | {f"{name}_FILE" for name in names} | OTHER_VARIABLES
