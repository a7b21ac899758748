"""The engine's process is given what it computes with, and none of the parent's secrets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kantu.engine.process.launch import child_environment
from tests.engine.process.engines import WAIT_SECONDS, process_engine

pytestmark = pytest.mark.whole

SECRETS = {
    "KANTU_STORE_DATABASE_URL": "postgresql://kantu:hunter2@db/kantu",
    "KANTU_MODEL_UPSTREAM_KEY": "hunter2",
    "AWS_SECRET_ACCESS_KEY": "hunter2",
    "PGPASSWORD": "hunter2",
    "HTTPS_PROXY": "http://kantu:hunter2@proxy",
    "HF_TOKEN": "hunter2",
}


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR", "KANTU_HOME", "KANTU_HUB", "LD_LIBRARY_PATH", "LD_PRELOAD"),
        *("OMP_NUM_THREADS", "KMP_AFFINITY", "GOMP_SPINCOUNT", "MKL_NUM_THREADS", "MALLOC_ARENA_MAX"),
        *("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "CUBLAS_WORKSPACE_CONFIG", "PYTORCH_CUDA_ALLOC_CONF"),
        *("TORCH_HOME", "TORCHINDUCTOR_CACHE_DIR", "PYTHONFAULTHANDLER", "ONEDNN_PRIMITIVE_CACHE_CAPACITY"),
    ],
)
def test_what_the_engine_computes_with_is_passed_on(name: str) -> None:
    assert child_environment({name: "1"})[name] == "1"


def test_everything_else_is_not() -> None:
    assert not child_environment(SECRETS).keys() & SECRETS.keys()


def test_its_threads_do_not_spin_while_they_wait_unless_somebody_says_so() -> None:
    assert child_environment({}) == {"GOMP_SPINCOUNT": "1000"}
    for given in ({"GOMP_SPINCOUNT": "infinity"}, {"OMP_WAIT_POLICY": "active"}):
        assert child_environment(given) == given


def test_no_secret_is_found_in_the_process_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    with process_engine() as engine:
        assert engine.wait_ready(WAIT_SECONDS)
        given = Path(f"/proc/{engine.pid}/environ").read_bytes().split(b"\0")
    assert b"OMP_NUM_THREADS=1" in given
    assert f"PATH={os.environ['PATH']}".encode() in given
    assert not [variable for variable in given if b"hunter2" in variable]
