"""Runs a built image as deploy/ runs it, without any network, asks it one question, and stops it.

    python scripts/try_image.py kantu:0.1.0-cpu
    python scripts/try_image.py kantu:0.1.0-cpu --printed-lines     # one that was built with PIPELINE=1
    python scripts/try_image.py kantu:0.1.0-cpu --engine "podman --runtime runc" --run "--ulimit nofile=1024:1024"

Root read-only, no capabilities, no new privileges, a user that is not root; /data and /cache are fresh volumes. Prints
what it saw and exits with 1 where something is not as it must be. Needs docker or podman and nothing else.
"""

from __future__ import annotations

import argparse
import base64
import json
import shlex
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

PICTURE = Path(__file__).resolve().parent.parent / "examples" / "order.png"
QUESTION, ANSWER = "为什么这个还没发货？", "待商家发货"
READ = "status_text"  # the field of `order` that holds ANSWER
READY_SECONDS, STOP_SECONDS = 300, 60

# What runs inside the container, with its own Python: the image has no curl.
GET = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=30)
connection.request("GET", sys.argv[1])
print(connection.getresponse().status)
"""
POST = """
import http.client, json, sys
key, body = sys.stdin.read().split("\\n", 1)
connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=300)
headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
connection.request("POST", sys.argv[1], body, headers)
answer = connection.getresponse()
print(json.dumps([answer.status, json.loads(answer.read())]))
"""
WRITE = """
import os
try:
    open("/opt/kantu/written", "w")
except OSError as error:
    print(os.getuid(), error.strerror)
else:
    print("written")
"""


class Container:
    """A running container; every method is one command of the engine."""

    def __init__(self, engine: list[str], image: str, options: list[str]) -> None:
        self._engine = engine
        self._name = f"kantu-try-{uuid.uuid4().hex[:8]}"
        guards = "--network none --read-only --cap-drop ALL --security-opt no-new-privileges --tmpfs /tmp:mode=1777"
        self._call("run", "--detach", "--name", self._name, *guards.split(), *options, image)

    def _call(self, *arguments: str, text: str | None = None) -> str:
        ran = subprocess.run([*self._engine, *arguments], input=text, capture_output=True, text=True, check=False)
        if ran.returncode != 0:
            raise SystemExit(f"{' '.join(arguments[:2])}: {ran.returncode}\n{ran.stdout}{ran.stderr}")
        return ran.stdout.strip()

    def python(self, program: str, *arguments: str, text: str = "") -> str:
        return self._call("exec", "--interactive", self._name, "python", "-c", program, *arguments, text=text)

    def kantu(self, *arguments: str) -> str:
        return self._call("exec", self._name, "kantu", *arguments)

    def running(self) -> bool:
        return self._call("inspect", "--format", "{{.State.Running}}", self._name) == "true"

    def stop(self) -> int:
        """Its exit code after SIGTERM; it is killed after STOP_SECONDS."""
        self._call("stop", "--time", str(STOP_SECONDS), self._name)
        return int(self._call("inspect", "--format", "{{.State.ExitCode}}", self._name))

    def logs(self) -> str:
        ran = subprocess.run([*self._engine, "logs", self._name], capture_output=True, text=True, check=False)
        return ran.stdout + ran.stderr

    def remove(self) -> None:
        self._call("rm", "--force", "--volumes", self._name)


def wait_ready(container: Container) -> float:
    """Seconds until /readyz says 200."""
    start = time.monotonic()
    while time.monotonic() - start < READY_SECONDS and container.running():
        probe = f"try:\n    exec({GET!r})\nexcept OSError:\n    print('closed')"
        if container.python(probe, "/readyz") == "200":
            return time.monotonic() - start
        time.sleep(0.5)
    raise SystemExit(f"not ready after {READY_SECONDS} s:\n{container.logs()}")


def post(container: Container, key: str, path: str, body: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    """The status and the JSON that comes back."""
    asked = json.dumps({"model": "kantu-mini", **body})
    status, answer = json.loads(container.python(POST, path, text=f"{key}\n{asked}"))
    return status, answer


def ask(container: Container, key: str) -> tuple[int, str]:
    """The status and the text of one answer about the picture."""
    parts = [{"type": "image_url", "image_url": {"url": picture()}}, {"type": "text", "text": QUESTION}]
    body = {"messages": [{"role": "user", "content": parts}], "temperature": 0}
    status, answer = post(container, key, "/v1/chat/completions", body)
    return status, answer["choices"][0]["message"]["content"] if status == 200 else json.dumps(answer)


def verified(container: Container, key: str) -> tuple[int, bool | None]:
    """The status of a task, and whether a value of its record was found printed; None where no lines were read."""
    body = {"images": [picture()], "input": {"question": QUESTION}}
    status, answer = post(container, key, "/v1/tasks/order", body)
    return status, answer["fields"][READ]["verified"] if status == 200 else None


def picture() -> str:
    return "data:image/png;base64," + base64.b64encode(PICTURE.read_bytes()).decode()


def check(what: str, good: bool, seen: object) -> bool:
    print(f"{'ok  ' if good else 'BAD '} {what}: {seen}")
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("image")
    parser.add_argument("--engine", default="docker", help="the command, e.g. 'podman --runtime runc'")
    parser.add_argument("--run", default="", help="more options of its run command")
    parser.add_argument("--printed-lines", action="store_true", help="have a task's lines read, too")
    arguments = parser.parse_args()
    options = shlex.split(arguments.run)
    if arguments.printed_lines:
        options += ["--env", "KANTU_TASKS_READ_LINES=true"]
    container = Container(shlex.split(arguments.engine), arguments.image, options)
    try:
        good = [check("ready, seconds", True, round(wait_ready(container), 1))]
        seen = container.python(WRITE)
        good += [check("user, and writing into the image", seen.startswith("10001 Read-only"), seen)]
        for path in ("/healthz", "/metrics"):
            status = container.python(GET, path)
            good += [check(f"GET {path}", status == "200", status)]
        key = container.kantu("keys", "create", "try")
        good += [check("a key of its own line", key.startswith("kt-") and "\n" not in key, f"{key[:7]}...")]
        answered, text = ask(container, key)
        good += [check("the answer", answered == 200 and ANSWER in text, f"{answered} {text}")]
        if arguments.printed_lines:
            seen_lines = verified(container, key)
            good += [check("a task's value was found printed", seen_lines == (200, True), seen_lines)]
        start = time.monotonic()
        code = container.stop()
        good += [check("stopped by SIGTERM, exit code", code == 0, code)]
        good += [
            check("stopped within the limit, seconds", (s := time.monotonic() - start) < STOP_SECONDS, round(s, 1))
        ]
        if not all(good):
            print(container.logs(), file=sys.stderr)
            raise SystemExit(1)
    finally:
        container.remove()


if __name__ == "__main__":
    main()
