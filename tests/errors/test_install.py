"""What is missing is installed from the checkout or from the wheel, but not by name."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from kantu.errors import install, install_command


def test_an_extra_is_installed_from_the_checkout_or_from_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = shlex.split(install_command("service"))
    assert command[:3] == ["pip", "install", "-e"]
    root, constraints = Path(command[3].removesuffix("[service]")), Path(command[5])
    assert (root / "pyproject.toml").is_file()
    assert constraints.is_file()
    monkeypatch.setattr(install, "__file__", str(tmp_path / "site-packages/kantu/errors/install.py"))
    assert install_command("service") == "pip install './kantu_vl-….whl[service]'"
