"""The Containerfile: what each stage takes, and what its two images are. (It is also built and run: docs/deploy.md.)"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kantu import __version__
from kantu.cli import app
from tests.deploy.files import DEPLOY, ROOT, containerfile, lineage

pytestmark = pytest.mark.whole

ARGUMENTS, STAGES = containerfile()
IMAGES = ("cpu", "cuda")


def environment(image: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for stage in reversed(lineage(STAGES, image)):
        for text in stage.values("ENV"):
            found |= dict(re.findall(r"(\w+)=(\S+)", text))
    return found


def volumes(image: str) -> list[str]:
    return [path for stage in lineage(STAGES, image) for text in stage.values("VOLUME") for path in json.loads(text)]


def test_each_stage_stands_on_the_one_base_image_or_an_earlier_stage() -> None:
    earlier: set[str] = set()
    for stage in STAGES.values():
        assert stage.parent in {"${BASE}", *earlier}
        earlier.add(stage.name)


def test_the_base_image_has_a_tag_and_no_registry_so_that_a_private_one_can_take_its_place() -> None:
    assert re.fullmatch(r"[a-z]+:[0-9][\w.-]+", ARGUMENTS["BASE"])


def test_a_build_without_a_target_makes_the_cpu_image() -> None:
    assert list(STAGES)[-1] == "cpu"


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_ends_as_a_user_by_number_that_is_not_root(image: str) -> None:
    instruction, user = STAGES[image].steps[-1]
    assert (instruction, user) == ("USER", "10001:10001")


def test_nothing_is_fetched_by_add_and_no_address_is_named() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    assert not [stage for stage in STAGES.values() if stage.values("ADD")]
    assert "://" not in text


def test_what_is_copied_exists_and_is_let_into_the_build_context() -> None:
    patterns = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in patterns if line and not line.startswith("#")]
    assert rules[0] == "*", "everything is left out that is not named"
    allowed = [rule.removeprefix("!") for rule in rules if rule.startswith("!")]
    copied = [text.split()[:-1] for stage in STAGES.values() for text in stage.values("COPY") if "--from" not in text]
    sources = [source for each in copied for source in each]
    assert {"pyproject.toml", "constraints.txt", "src"} <= set(sources)
    for source in sources:
        assert (ROOT / source).exists(), source
        assert any(fnmatch.fnmatch(source, rule) for rule in allowed), source


def test_what_is_copied_from_a_stage_comes_from_an_earlier_one() -> None:
    earlier: list[str] = []
    for stage in STAGES.values():
        assert set(re.findall(r"--from=([\w-]+)", " ".join(stage.values("COPY")))) <= set(earlier)
        earlier.append(stage.name)


def test_everything_installed_is_known_by_its_hash_but_our_own_wheel_and_torch_for_cuda() -> None:
    runs = [(stage.name, run) for stage in STAGES.values() for run in stage.values("RUN")]
    installs = [(name, part) for name, run in runs for part in re.findall(r"pip install.*", run)]
    assert len(installs) == 10
    others = [(name, line) for name, line in installs if "--require-hashes" not in line]
    assert {name for name, line in others if "--no-index /wheel/" not in line} == {"build-cuda"}
    for name, line in others:
        assert "--no-index /wheel/" in line or ("-c constraints.txt torch" in line and name == "build-cuda"), line


def test_each_list_of_hashes_that_is_installed_exists() -> None:
    runs = " ".join(run for stage in STAGES.values() for run in stage.values("RUN"))
    named = set(re.findall(r"-r requirements/([\w.-]+)", runs))
    assert named == {path.name for path in (DEPLOY / "requirements").iterdir()}


def built(stage: str, pipeline: str, folder: Path) -> list[str]:
    """What a stage built with this PIPELINE has python do: its steps are run, with a python that only notes."""
    told = folder / "told"
    noting = folder / "python"
    noting.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >> {told}\n')
    noting.chmod(0o755)
    defaults = dict(text.split("=", 1) for text in STAGES[stage].values("ARG") if "=" in text)
    variables = {**defaults, **({"PIPELINE": pipeline} if pipeline else {}), "PATH": f"{folder}:/usr/bin:/bin"}
    for run in STAGES[stage].values("RUN"):
        step = run.removeprefix("--mount=type=bind,target=/context")
        subprocess.run(["/bin/sh", "-euc", step], env=variables, check=True)
    return told.read_text(encoding="utf-8").splitlines()


def position(done: list[str], what: str) -> int:
    (found,) = [number for number, line in enumerate(done) if what in line]
    return found


@pytest.mark.parametrize("stage", ["build-cpu", "build-cuda"])
@pytest.mark.parametrize("pipeline", ["", "0"])
def test_the_reader_of_printed_lines_is_left_out_unless_it_is_asked_for(
    stage: str, pipeline: str, tmp_path: Path
) -> None:
    done = built(stage, pipeline, tmp_path)
    assert position(done, "requirements/service.txt") < position(done, "pip check")
    assert not [line for line in done if "pipeline" in line or "rapidocr" in line]


@pytest.mark.parametrize("stage", ["build-cpu", "build-cuda"])
def test_with_pipeline_it_is_installed_by_its_hashes_and_made_once(stage: str, tmp_path: Path) -> None:
    done = built(stage, "1", tmp_path)
    assert "--no-deps --require-hashes" in done[position(done, "requirements/pipeline.txt")]
    assert (
        position(done, "requirements/pipeline.txt") < position(done, "pip check") < position(done, "RapidOCRReader()")
    )


def test_what_makes_the_reader_in_the_build_is_a_program_that_runs() -> None:
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    (program,) = set(re.findall(r"python -c '([^']*RapidOCRReader\(\))'", text))
    subprocess.run([sys.executable, "-c", program], check=True)


def test_every_stage_that_asks_an_index_takes_the_builder_s_pip_settings_and_no_image_keeps_them() -> None:
    asking = [s for s in STAGES.values() if any("--require-hashes" in run for run in s.values("RUN"))]
    assert {stage.name for stage in asking} == {"wheel", "build-cpu", "build-cuda"}
    for stage in asking:
        assert {"PIP_INDEX_URL", "PIP_NO_INDEX", "PIP_FIND_LINKS"} <= set(" ".join(stage.values("ARG")).split())
    for image in IMAGES:
        said = " ".join(text for stage in lineage(STAGES, image) for _, text in stage.steps)
        assert "PIP_" not in said


@pytest.mark.parametrize("image", IMAGES)
def test_all_that_an_image_writes_lies_in_a_volume(image: str) -> None:
    written = {name: value for name, value in environment(image).items() if name.endswith(("HOME", "_DIR"))}
    assert {"HOME", "KANTU_HOME", "XDG_CACHE_HOME"} <= set(written)
    for name, path in written.items():
        assert any(path == volume or path.startswith(f"{volume}/") for volume in volumes(image)), name
    assert environment(image)["PYTHONDONTWRITEBYTECODE"] == "1"


@pytest.mark.parametrize("image", IMAGES)
def test_no_library_reports_to_its_maker_and_the_pages_name_the_variable(image: str) -> None:
    assert environment(image)["ORT_DISABLE_TELEMETRY"] == "1"
    for page in ("air-gap.md", "security.md"):
        assert "`ORT_DISABLE_TELEMETRY=1`" in (ROOT / "docs" / page).read_text("utf-8")


def test_the_cuda_image_keeps_what_triton_needs_at_run_time() -> None:
    runs = " ".join(STAGES["cuda"].values("RUN"))
    assert "gcc" in runs
    assert "libc6-dev" in runs
    assert "Python.h" in runs
    assert environment("cuda")["TRITON_CACHE_DIR"].startswith("/cache/")
    assert "compute" in environment("cuda")["NVIDIA_DRIVER_CAPABILITIES"]


def test_the_image_says_the_version_of_the_project() -> None:
    assert f"VERSION={__version__}" in STAGES["runtime"].values("ARG")


def test_the_container_is_stopped_by_the_signal_that_drains() -> None:
    assert STAGES["runtime"].values("STOPSIGNAL") == ["SIGTERM"]


def test_the_command_of_the_image_is_one_that_kantu_knows() -> None:
    (entry,) = STAGES["runtime"].values("ENTRYPOINT")
    (command,) = STAGES["runtime"].values("CMD")
    assert json.loads(entry) == ["kantu"]
    name, *flags = json.loads(command)
    shown = CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).output
    for flag in flags:
        assert not flag.startswith("--") or flag in shown


@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_passes_exactly_when_readyz_says_200(status: int, code: int) -> None:
    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            """Quiet."""

    (check,) = STAGES["runtime"].values("HEALTHCHECK")
    _, *command = json.loads(check[check.index("[") :])
    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        threading.Thread(target=server.serve_forever).start()
        variables = os.environ | {
            "KANTU_SERVER_PORT": str(server.server_port),
            "http_proxy": "http://127.0.0.1:9",  # a proxy of the container's must not be asked for its own health
        }
        ran = subprocess.run([sys.executable, *command], env=variables, check=False)
        server.shutdown()
    assert asked == ["/readyz"]
    assert ran.returncode == code
