"""Asks pip-audit what is known to be wrong with the packages that go into the container (deploy/requirements/).

    python scripts/audit.py

pip-audit calls it success when it could look nothing up, as behind a mirror of the index that carries no advisories.
Here that is said by name. Exits with 1 where a package has a known vulnerability.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent.parent / "deploy" / "requirements"
TIMEOUT_SECONDS = 300
NOT_RUN = "pip-audit: NOT RUN: no advisory database within reach"


def ask() -> list[dict[str, Any]] | None:
    """What pip-audit found, a record a package; None where it found nothing out; it has then said why."""
    lists = [part for file in sorted(FOLDER.glob("*.txt")) for part in ("-r", str(file))]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "audit.json")
        command = [sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes", *lists]
        command += ["--progress-spinner", "off", "--format", "json", "--output", str(output)]
        try:
            subprocess.run(command, check=False, timeout=TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return None
        if not output.is_file():
            return None
        found: list[dict[str, Any]] = json.loads(output.read_text(encoding="utf-8"))["dependencies"]
        return found


def verdict(found: list[dict[str, Any]] | None) -> tuple[str, int]:
    """What to say of it, and the exit status."""
    looked_up = [package for package in found or () if "vulns" in package]
    if not looked_up:
        return NOT_RUN, 0
    bad = [
        f"{package['name']} {package['version']}: {vuln['id']}" for package in looked_up for vuln in package["vulns"]
    ]
    skipped = len(found or ()) - len(looked_up)
    said = (
        f"pip-audit: {len(looked_up)} packages looked up, {skipped} unknown to the database, {len(bad)} vulnerabilities"
    )
    return "\n".join([said, *bad]), int(bool(bad))


def main() -> None:
    said, status = verdict(ask())
    print(said)
    sys.exit(status)


if __name__ == "__main__":
    main()
