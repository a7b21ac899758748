"""The repository keeps its own promises: pinned versions, a complete wheel, and READMEs that tell the truth."""

from __future__ import annotations

import contextlib
import io
import os
import platform
import re
import shutil
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import kantu
from kantu.native import kernels

ROOT = Path(__file__).resolve().parent.parent
READMES = ("README.md", "README.zh-CN.md")
MIB = 1024 * 1024


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared() -> list[Requirement]:
    extras = project()["optional-dependencies"].values()
    return [Requirement(line) for line in [*project()["dependencies"], *(line for e in extras for line in e)]]


def constraints() -> dict[str, Requirement]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    return {canonicalize_name(pin.name): pin for pin in pins}


def installed_closure(roots: list[Requirement]) -> set[str]:
    """Names of the installed distributions that `roots` lead to, following markers and extras."""
    seen: set[tuple[str, str]] = set()
    waiting = [(canonicalize_name(root.name), extra) for root in roots for extra in ("", *root.extras)]
    while waiting:
        name, extra = waiting.pop()
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:
            continue  # an extra that this environment does not have
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for need in map(Requirement, requires):
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(need.name), wanted) for wanted in ("", *need.extras)]
    return {name for name, _ in seen}


def wheel_paths() -> set[str]:
    files = WheelBuilder(str(ROOT)).recurse_included_files()
    return {file.distribution_path for file in files}


def python_blocks(readme: str) -> list[str]:
    text = (ROOT / readme).read_text(encoding="utf-8")
    return re.findall(r"```python\n(.*?)```", text, flags=re.DOTALL)


def test_the_distribution_has_a_name_of_its_own_and_the_version_of_the_package() -> None:
    metadata = WheelBuilder(str(ROOT)).metadata
    assert metadata.core.name == "kantu-vl"  # `kantu` on PyPI is somebody else's package
    assert metadata.version == kantu.__version__


def test_nothing_tells_to_install_somebody_else_s_package() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "deploy").rglob("*"), ROOT / "Makefile"]
    texts = [path for path in [*pages, *(ROOT / "src").rglob("*.py")] if path.is_file()]
    assert len(texts) > 100
    told = re.compile(r"kantu\[|pip (?:install|download)\b[^\n]* kantu(?:==\S*)?(?: |$)", re.MULTILINE)
    assert [path.name for path in texts if told.search(path.read_text(encoding="utf-8"))] == []


def test_every_constraint_is_one_exact_version_and_names_no_index() -> None:
    for pin in constraints().values():
        assert [spec.operator for spec in pin.specifier] == ["=="], pin
        assert pin.url is None, pin


def test_torch_is_held_to_one_release_that_both_its_cpu_and_cuda_builds_match() -> None:
    assert str(constraints()["torch"].specifier) == "==2.13.0"


@pytest.mark.parametrize("need", declared(), ids=str)
def test_each_declared_dependency_has_a_constraint_within_its_range(need: Requirement) -> None:
    (pin,) = constraints()[canonicalize_name(need.name)].specifier
    assert need.specifier.contains(pin.version)


def test_constraints_cover_everything_that_is_installed_because_of_us() -> None:
    closure = installed_closure(declared())
    assert "markupsafe" in closure, "jinja2 needs it: the walk went nowhere"
    # Under a CUDA build of torch its own packages are installed too; torch pins those itself.
    ours = {name for name in closure if not re.match(r"nvidia-|cuda-|triton$", name)}
    assert ours - constraints().keys() == set()


def test_the_wheel_carries_every_file_of_the_package() -> None:
    tree = {
        path.relative_to(ROOT / "src").as_posix()
        for path in (ROOT / "src" / "kantu").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert wheel_paths() == tree


@pytest.mark.skipif(
    shutil.which("cc") is None or sys.platform != "linux" or platform.machine() != "x86_64",
    reason="no C compiler, or not x86-64 Linux",
)
def test_installing_has_compiled_the_kernels_and_the_wheel_carries_them() -> None:
    assert kernels.LIBRARY.is_file()
    assert "kantu/native/libkantu.so" in wheel_paths()


def test_the_wheel_carries_the_word_list_and_the_embedded_model() -> None:
    paths = wheel_paths()
    assert {"kantu/py.typed", "kantu/synth/words/words.txt", "kantu/models/kantu-mini/config.json"} <= paths
    assert any(re.fullmatch(r"kantu/models/kantu-mini/[^/]+\.safetensors", path) for path in paths)


def test_the_weights_stay_small_enough_to_live_in_the_repository() -> None:
    sizes = [path.stat().st_size for path in (ROOT / "src/kantu/models").rglob("*.safetensors")]
    assert sizes, "no weights"
    assert max(sizes) < 16 * MIB
    assert sum(sizes) < 44 * MIB


def test_the_drawn_pictures_of_the_suite_stay_small() -> None:
    pictures = [path for path in (ROOT / "tests").rglob("*") if path.suffix in {".png", ".jpg", ".webp"}]
    assert sum(path.stat().st_size for path in pictures) <= 12 * MIB


@pytest.mark.parametrize("readme", READMES)
def test_each_readme_gives_the_two_commands_and_the_one_that_proves_released_weights(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    for command in ("make demo", "make test", "kantu doctor PATH --against transformers"):
        assert command in text


@pytest.mark.parametrize("readme", READMES)
def test_each_file_a_readme_links_to_exists(readme: str) -> None:
    text = (ROOT / readme).read_text(encoding="utf-8")
    targets = re.findall(r'\]\(([^)#:]+)\)|src="([^":]+)"', text)
    assert targets
    assert [a or b for a, b in targets if not (ROOT / (a or b)).exists()] == []


def test_the_python_example_of_the_readmes_runs_and_answers_from_the_picture(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    english, chinese = ("\n".join(python_blocks(readme)) for readme in READMES)
    assert [line.partition("#")[0].rstrip() for line in english.splitlines()] == [
        line.partition("#")[0].rstrip() for line in chinese.splitlines()
    ]
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(chinese, "README.zh-CN.md", "exec"), {"__name__": "readme"})
    assert "待商家发货" in printed.getvalue()


def test_each_source_file_that_the_structure_page_names_exists() -> None:
    text = (ROOT / "docs/structure.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`((?:[a-z_]+/)*[a-z_]+\.(?:py|txt))`", text))
    assert named
    assert [name for name in named if not any((root / name).is_file() for root in (ROOT, ROOT / "src/kantu"))] == []


def test_the_ci_script_can_be_run() -> None:
    assert os.access(ROOT / ".ci/run", os.X_OK)
