"""How what is missing is installed."""

from __future__ import annotations

from pathlib import Path


def install_command(extra: str) -> str:
    """The command that installs an extra of ours, for messages: from this checkout, or from the wheel it came in.

    There is no release on PyPI to name, and `kantu` there is somebody else's package.
    """
    root = Path(__file__).resolve().parents[3]
    if (root / "pyproject.toml").is_file():
        return f"pip install -e '{root}[{extra}]' -c '{root / 'constraints.txt'}'"
    return f"pip install './kantu_vl-….whl[{extra}]'"
