"""Compiles src/kantu/native/kernels.c into the wheel, where that can be done: on x86-64 Linux with a C compiler.

Elsewhere the wheel is built without it, and Kantu runs on PyTorch's operators alone, slower; `kantu doctor` tells.
"""

from __future__ import annotations

import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

FLAGS = ["-std=gnu11", "-O3", "-fPIC", "-shared", "-fopenmp"]


class CompileKernels(BuildHookInterface):  # type: ignore[type-arg]
    """Named in pyproject.toml. The library is newer than its source where it stands: each build compiles it again."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile; a wheel with the library in it is for this kind of machine only."""
        folder = Path(self.root) / "src" / "kantu" / "native"
        source, library = folder / "kernels.c", folder / "libkantu.so"
        library.unlink(missing_ok=True)  # another machine's, or another version's
        if sys.platform != "linux" or platform.machine() != "x86_64":
            self.app.display_warning("kantu: no compiled kernels for this platform")
            return
        compiler = os.environ.get("CC") or next(filter(shutil.which, ("cc", "gcc", "clang")), None)
        if compiler is None:
            self.app.display_warning("kantu: no C compiler found; building without compiled kernels")
            return
        command = [*shlex.split(compiler), *FLAGS, str(source), "-o", str(library), "-lm"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            library.unlink(missing_ok=True)
            self.app.display_warning(f"kantu: {compiler} failed; building without compiled kernels\n{done.stderr}")
            return
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-linux_x86_64"
