"""`kantu serve` as a process of its own, with a home and keys that nobody else has."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kantu.errors import error

_LISTENING = re.compile(r"正在监听 http://\S+:(\d+)")
_READY = re.compile(r"模型 (\S+) 已就绪")
_KEY_ID = re.compile(r"key_\w+")
_START_SECONDS = 120
_STOP_SECONDS = 20
_LIMITED_VISUAL_TOKENS = 100  # a minute, of the key `limited`


@dataclass(frozen=True, slots=True)
class Home:
    """A folder with fresh keys, to start gateways with copies of.

    Attributes:
        keys: name -> the key.
        key_ids: name -> the id to revoke it by.
    """

    folder: Path
    command: tuple[str, ...]
    keys: Mapping[str, str]
    key_ids: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running service whose model is loaded."""

    process: subprocess.Popen[bytes]
    command: tuple[str, ...]
    folder: Path
    port: int
    model: str
    home: Home

    def revoke(self, key: str) -> str:
        """Revoke a key as its operator would, beside the running service; how that ended."""
        command = [*self.command, "keys", "revoke", self.home.key_ids[key]]
        ended = subprocess.run(command, env=_environment(self.folder), capture_output=True, text=True)
        code = re.search(r"\[(\w+)\]", ended.stderr)
        return "revoked" if ended.returncode == 0 else f"revoke failed {code[1] if code else ''}".strip()


def default_command() -> tuple[str, ...]:
    """The `kantu` that was installed beside this interpreter."""
    return (str(Path(sys.executable).with_name("kantu")),)


@contextlib.contextmanager
def fresh_home(command: Sequence[str], names: Sequence[str]) -> Iterator[Home]:
    """A home with a key of each name. A key called `limited` has 100 visual tokens a minute.

    Raises:
        EngineError: `gateway_failed`.
    """
    with tempfile.TemporaryDirectory(prefix="kantu-bench-") as folder:
        keys, ids = {}, {}
        for name in names:
            limits = ["--visual-tokens-per-minute", str(_LIMITED_VISUAL_TOKENS)] if name == "limited" else []
            create = [*command, "keys", "create", name, *limits]
            made = subprocess.run(create, env=_environment(Path(folder)), capture_output=True, text=True)
            found = _KEY_ID.search(made.stderr)
            if made.returncode or found is None:
                raise error("gateway_failed", last="\n".join(made.stderr.strip().splitlines()[-5:]))
            keys[name], ids[name] = made.stdout.strip(), found[0]
        yield Home(Path(folder), tuple(command), keys, ids)


@contextlib.contextmanager
def running(
    home: Home,
    options: Sequence[str] = (),
    settings: Mapping[str, str] | None = None,
    *,
    descriptors: int | None = None,
    home_bytes: int | None = None,
) -> Iterator[Gateway]:
    """A gateway on a free port with a copy of `home`, stopped at the end.

    Args:
        options: of `kantu serve`.
        settings: variables, for those that are not to be the defaults.
        descriptors: the soft limit of open files that it starts with.
        home_bytes: the size of a disk of its own for its home.

    Raises:
        EngineError: `gateway_failed`; `disk_not_mounted`: such a disk takes the rights to mount one.
    """
    with tempfile.TemporaryDirectory(prefix="kantu-bench-") as temporary, contextlib.ExitStack() as stack:
        folder = Path(temporary, "home")
        if home_bytes is not None:
            stack.enter_context(_disk(folder, home_bytes))
        shutil.copytree(home.folder, folder, dirs_exist_ok=True)
        command = [*home.command, "serve", "--port", "0", *options]
        if descriptors is not None:
            command = ["sh", "-c", 'ulimit -Sn "$0" && exec "$@"', str(descriptors), *command]
        log = Path(temporary, "log")
        with log.open("wb") as written:
            process = subprocess.Popen(
                command,
                env={**_environment(folder), **(settings or {})},
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
            )
        stack.callback(_stop, process)
        port, name = _wait(process, log)
        yield Gateway(process, home.command, folder, port, name, home)


@contextlib.contextmanager
def _disk(folder: Path, size: int) -> Iterator[None]:
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as failure:
        raise error("disk_not_mounted") from failure
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _environment(home: Path) -> dict[str, str]:
    """Ours without our settings: what is measured are the defaults."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("KANTU_")}
    return {**kept, "KANTU_HOME": str(home), "KANTU_WATCH_LOG_LEVEL": "warning"}


def _wait(process: subprocess.Popen[bytes], log: Path) -> tuple[int, str]:
    """The port and the model's name, once it is loaded."""
    end = time.monotonic() + _START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        said = log.read_text("utf-8", "replace")
        listening, ready = _LISTENING.search(said), _READY.search(said)
        if listening is not None and ready is not None:
            return int(listening[1]), ready[1]
        time.sleep(0.05)
    raise error("gateway_failed", last="\n".join(log.read_text("utf-8", "replace").strip().splitlines()[-5:]))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Without draining: what is under way is an attack's."""
    for _ in range(2):  # the second one stops at once
        process.terminate()
        time.sleep(0.2)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
