"""Rewrites deploy/requirements/: what goes into the container, with the SHA-256 of each file that pip would take.

    python scripts/lock_hashes.py

The versions are those of constraints.txt; after `scripts/lock.py` run this too. pip resolves for the interpreter and
system it runs on: Linux x86-64 with Python 3.11, as in the Containerfile's base image, and with an index whose torch is
the CPU build. For another base run it there. Nothing is installed.
"""

from __future__ import annotations

import json
import platform
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "deploy" / "requirements"
OLDER = "async-timeout"  # what redis needs before Python 3.11.3, which the base image may have
HEADER = """\
# {what}
# Linux x86-64, Python 3.11, the versions of constraints.txt; written by scripts/lock_hashes.py.
"""
WHAT = {
    "build.txt": "What builds Kantu's wheel.",
    "torch-cpu.txt": "PyTorch for the CPU image.",
    "service.txt": "The gateway and all it leads to, but for PyTorch.",
    "pipeline.txt": "The reader of printed lines: what the extra pipeline adds to service.txt and torch-cpu.txt.",
}


def resolve(requirements: list[str]) -> dict[str, tuple[str, str]]:
    """Asks pip, without installing anything, which files these requirements lead to.

    Returns:
        Normalised distribution name -> version without its local part, SHA-256 of the file.
    """
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--quiet"]
    command += ["--only-binary", ":all:", "--report", "-", "-c", str(ROOT / "constraints.txt"), *requirements]
    report = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return {
        name(item): (version(item), item["download_info"]["archive_info"]["hashes"]["sha256"])
        for item in report["install"]
    }


def name(item: dict[str, Any]) -> str:
    return re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()


def version(item: dict[str, Any]) -> str:
    return str(item["metadata"]["version"]).partition("+")[0]


def write(file: str, found: dict[str, tuple[str, str]]) -> None:
    """One requirement a line, in the form that `pip install --require-hashes` reads."""
    marker = {OLDER: ' ; python_full_version < "3.11.3"'}
    lines = [f"{each}=={found[each][0]}{marker.get(each, '')} --hash=sha256:{found[each][1]}" for each in sorted(found)]
    FOLDER.mkdir(exist_ok=True)
    (FOLDER / file).write_text(HEADER.format(what=WHAT[file]) + "\n".join(lines) + "\n", encoding="utf-8")
    print(f"{file}: {len(lines)} packages")


def main() -> None:
    if (sys.platform, platform.machine(), sys.version_info[:2]) != ("linux", "x86_64", (3, 11)):
        sys.exit("needs Linux x86-64 with Python 3.11")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    gateway = [*project["dependencies"], *extras["service"], OLDER]
    service, whole = resolve(gateway), resolve([*gateway, *extras["pipeline"]])
    if any(each.startswith(("nvidia-", "cuda-")) for each in service):
        sys.exit("this index has torch for CUDA: name one with the CPU build (PIP_INDEX_URL)")
    if moved := [each for each in service if service[each] != whole[each]]:
        sys.exit(f"with the extra pipeline these are other files: {', '.join(moved)}")
    write("pipeline.txt", {each: whole[each] for each in whole.keys() - service.keys()})
    write("torch-cpu.txt", {"torch": service.pop("torch")})
    write("service.txt", service)
    write("build.txt", resolve(["hatchling"]))


if __name__ == "__main__":
    main()
