"""deploy/requirements/: what goes into an image, in the versions of constraints.txt, each file by its hash."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.deploy.files import DEPLOY
from tests.test_repository import constraints, installed_closure, project

FILES = sorted((DEPLOY / "requirements").iterdir())


def listed(name: str) -> dict[str, tuple[Requirement, str]]:
    """Distribution -> its requirement and the SHA-256 of its file."""
    lines = (DEPLOY / "requirements" / name).read_text(encoding="utf-8").splitlines()
    found = [line.partition(" --hash=sha256:") for line in lines if not line.startswith("#")]
    return {canonicalize_name(Requirement(need).name): (Requirement(need), digest) for need, _, digest in found}


def closure(*lines: str) -> set[str]:
    """What the installed distributions of these requirements lead to, without the CUDA libraries of a CUDA build."""
    found = installed_closure([Requirement(line) for line in lines])
    return {name for name in found if not re.match(r"nvidia-|cuda-|triton$", name)}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_line_is_the_version_of_constraints_txt_and_a_hash(file: Path) -> None:
    found = listed(file.name)
    assert found
    for name, (need, digest) in found.items():
        assert str(need.specifier) == str(constraints()[name].specifier), name
        assert re.fullmatch(r"[0-9a-f]{64}", digest), name
        assert need.url is None


def test_no_file_names_an_index() -> None:
    assert [file.name for file in FILES if "://" in file.read_text(encoding="utf-8")] == []


def test_the_gateway_finds_all_that_it_leads_to() -> None:
    needs = closure(*project()["dependencies"], *project()["optional-dependencies"]["service"])
    assert {"torch", "fastapi", "starlette"} <= needs, "the walk went nowhere"
    assert needs - listed("service.txt").keys() - listed("torch-cpu.txt").keys() == set()
    assert set(listed("torch-cpu.txt")) == {"torch"}


def test_the_reader_of_printed_lines_finds_all_that_it_leads_to_beside_the_gateway() -> None:
    needs = closure(*project()["optional-dependencies"]["pipeline"])
    assert {"rapidocr", "onnxruntime", "opencv-python-headless", "shapely"} <= needs, "the walk went nowhere"
    assert needs - listed("service.txt").keys() == set(listed("pipeline.txt"))


def test_nothing_of_the_tests_goes_into_an_image() -> None:
    assert not {"pytest", "transformers", "ruff", "mypy"} & listed("service.txt").keys()


def test_the_wheel_is_built_with_all_that_its_builder_leads_to() -> None:
    assert closure("hatchling") - listed("build.txt").keys() == set()
