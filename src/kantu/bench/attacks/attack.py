"""An attack as data: what is sent, how, by how many connections, with which key."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

ATTACKER_ADDRESS = "127.0.0.2"  # another than the quiet client's: what is bounded by address must tell the two apart
QUIET_ADDRESS = "127.0.0.1"

Key = Literal["attacker", "second", "limited"]
Seen = Counter[str]
"""What the attacker was answered -> how often."""


@dataclass(frozen=True, slots=True)
class Target:
    """A running gateway as an attacker knows it.

    Attributes:
        source: the loopback address that connections come from.
        keys: by the attacker's name for them.
        engine_pid: the engine's process, for the faults that only somebody on the machine can bring about.
    """

    port: int
    source: str
    model: str
    keys: Mapping[Key, str]
    engine_pid: int

    def request(
        self,
        method: str,
        path: str,
        body: bytes = b"",
        *,
        key: Key | None = "attacker",
        headers: Mapping[str, str] | None = None,
        keep_alive: bool = False,
    ) -> bytes:
        """One request of HTTP/1.1, whole."""
        fields = {"Host": f"127.0.0.1:{self.port}", "Content-Length": str(len(body))}
        if key is not None:
            fields["Authorization"] = f"Bearer {self.keys[key]}"
        if not keep_alive:
            fields["Connection"] = "close"
        fields |= {"Content-Type": "application/json", **(headers or {})}
        head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    def chat(self, content: str | Sequence[Any], *, key: Key | None = "attacker", **fields: Any) -> bytes:
        """A question of one message; `fields` beside it."""
        body = {"model": self.model, "messages": [{"role": "user", "content": content}], **fields}
        return self.request("POST", "/v1/chat/completions", json.dumps(body, ensure_ascii=False).encode(), key=key)

    def upload(self, content: bytes, name: str, purpose: str, *, key: Key = "attacker") -> bytes:
        """A file, as multipart/form-data."""
        body = (
            f'--b\r\nContent-Disposition: form-data; name="purpose"\r\n\r\n{purpose}\r\n'
            f'--b\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n\r\n'
        ).encode()
        body += content + b"\r\n--b--\r\n"
        headers = {"Content-Type": "multipart/form-data; boundary=b"}
        return self.request("POST", "/v1/files", body, key=key, headers=headers)


Act = Callable[[Target, bytes, float, Seen], Awaitable[None]]
"""What one connection does with one request, until the time of the loop that is given at the latest."""


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack.

    Attributes:
        name: to ask for it by.
        what: what it does and at which bound, for the table.
        requests: makes what is sent, before the attack begins; each client takes them in turn.
        act: what a client does with a request.
        clients: that do so at once, again and again.
        pause_seconds: of a client between two acts. It bounds the rate where sending costs the attacker as much as the
            gateway: both share the machine's cores.
        same_address: it comes from the quiet client's own address.
        descriptors: the soft limit of open files that the gateway starts with; None leaves it.
        home_bytes: the size of the disk that the gateway's data is on; None is a large one.
        revokes: once it is over, its key is revoked and tried.
        judged: a short question has to be answered in time beside it.
        mixes: it can run beside others on one gateway.
    """

    name: str
    what: str
    requests: Callable[[Target], Sequence[bytes]]
    act: Act
    clients: int
    pause_seconds: float = 0.0
    same_address: bool = False
    descriptors: int | None = None
    home_bytes: int | None = None
    revokes: bool = False
    judged: bool = True
    mixes: bool = True


def nothing(target: Target) -> Sequence[bytes]:
    """For attacks that send none of it: one empty request."""
    return [b""]


def image(data: bytes, kind: str) -> dict[str, Any]:
    """A part of a message: a picture in a data URL."""
    return {"type": "image_url", "image_url": {"url": f"data:image/{kind};base64,{base64.b64encode(data).decode()}"}}


def text(words: str) -> dict[str, Any]:
    """A part of a message."""
    return {"type": "text", "text": words}
