"""Rewrites constraints.txt: the exact version of everything that any extra can bring in.

    python scripts/lock.py            newest versions that fit pyproject.toml
    python scripts/lock.py numpy==2.4.6 ...   the same, with these held

pip resolves for the interpreter and system it runs on, so run it on Linux with the oldest supported Python (3.11):
whatever still supports that also has wheels for 3.12 and 3.13. What only other systems need is listed in ELSEWHERE.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "torch==2.13.0"  # the one release the numbers in docs/ were measured with
ELSEWHERE = {  # requirements whose markers are false where this script runs, with the marker that wants them
    "colorama": 'sys_platform == "win32"',
    "async-timeout": 'python_full_version < "3.11.3"',
}
HEADER = """\
# Exact versions of every transitive dependency of every extra; written by scripts/lock.py.
# Resolved and run on Linux with Python 3.11; resolved, not run, for 3.12 and 3.13.
# torch's own CUDA packages are not listed: torch pins them itself, and the CPU build has none.
"""


def resolve(held: list[str]) -> dict[str, str]:
    """Asks pip, without installing anything, which versions go together.

    Args:
        held: requirements that must hold, e.g. ``numpy==2.4.6``.

    Returns:
        Normalised distribution name -> version without its local part (``2.13.0+cpu`` is ``2.13.0``).
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    everything = f"{ROOT}[{','.join(project['optional-dependencies'])}]"
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    command += ["--report", "-", everything, TORCH, *ELSEWHERE, *held]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    found = {item["metadata"]["name"]: item["metadata"]["version"] for item in report["install"]}
    del found[project["name"]]
    return {re.sub(r"[-_.]+", "-", name).lower(): version.partition("+")[0] for name, version in found.items()}


def main() -> None:
    versions = resolve(sys.argv[1:])
    lines = [
        f"{name}=={version}" + (f" ; {ELSEWHERE[name]}" if name in ELSEWHERE else "")
        for name, version in sorted(versions.items())
    ]
    (ROOT / "constraints.txt").write_text(HEADER + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"constraints.txt: {len(lines)} packages")


if __name__ == "__main__":
    main()
