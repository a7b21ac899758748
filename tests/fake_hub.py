"""A hub on 127.0.0.1 that answers like Hugging Face and like ModelScope, and fails on request."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@dataclass
class FakeHub:
    """What the server holds and how it misbehaves.

    Attributes:
        files: name -> contents, of the only repository ``Qwen/Qwen3-VL-2B-Instruct``.
        break_after: name -> bytes after which the connection is cut, once each.
        serve_instead: name -> other contents than the listing's checksum promises.
        ignore_range: always answer 200 with the whole file.
        statuses: name -> HTTP statuses to answer with first, one a request.
        requests: (path, Range header) of every file request, in order.
    """

    files: dict[str, bytes]
    break_after: dict[str, int] = field(default_factory=dict)
    serve_instead: dict[str, bytes] = field(default_factory=dict)
    ignore_range: bool = False
    statuses: dict[str, list[int]] = field(default_factory=dict)
    requests: list[tuple[str, str | None]] = field(default_factory=list)
    endpoint: str = ""
    repository: str = "Qwen/Qwen3-VL-2B-Instruct"

    def huggingface_listing(self) -> dict[str, Any]:
        siblings = []
        for name, data in self.files.items():
            blob = hashlib.sha1(f"blob {len(data)}\0".encode() + data).hexdigest()
            entry: dict[str, Any] = {"rfilename": name, "size": len(data), "blobId": blob}
            if name.endswith((".safetensors", ".bin")):
                entry["lfs"] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
            siblings.append(entry)
        return {"id": self.repository, "sha": COMMIT, "siblings": siblings}

    def modelscope_listing(self) -> dict[str, Any]:
        files: list[dict[str, Any]] = [{"Name": "assets", "Path": "assets", "Size": 0, "Sha256": "", "Type": "tree"}]
        for name, data in self.files.items():
            digest = hashlib.sha256(data).hexdigest()
            leaf = name.rsplit("/", 1)[-1]
            files.append({"Name": leaf, "Path": name, "Size": len(data), "Sha256": digest, "Type": "blob"})
        return {"Code": 200, "Data": {"Files": files}, "Success": True}


@contextmanager
def serve(hub: FakeHub) -> Iterator[FakeHub]:
    """Run the hub; `hub.endpoint` is where."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            path, query = unquote(url.path), parse_qs(url.query)
            repo = hub.repository
            if path == f"/api/models/{repo}/revision/main" and query.get("blobs") == ["true"]:
                self.reply(200, json.dumps(hub.huggingface_listing()).encode())
            elif path == f"/api/v1/models/{repo}/repo/files" and query == {
                "Revision": ["master"],
                "Recursive": ["true"],
            }:
                self.reply(200, json.dumps(hub.modelscope_listing()).encode())
            elif path.startswith(f"/{repo}/resolve/{COMMIT}/"):
                self.file(path.removeprefix(f"/{repo}/resolve/{COMMIT}/"))
            elif path.startswith(f"/models/{repo}/resolve/master/"):
                self.file(path.removeprefix(f"/models/{repo}/resolve/master/"))
            else:
                self.reply(404, b"{}")

        def file(self, name: str) -> None:
            wanted = self.headers.get("Range")
            hub.requests.append((name, wanted))
            if hub.statuses.get(name):
                self.reply(hub.statuses[name].pop(0), b"")
                return
            data = hub.serve_instead.get(name, hub.files[name])
            start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and not hub.ignore_range else 0
            self.send_response(206 if start else 200)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            self.wfile.write(data[start : hub.break_after.pop(name, len(data))])

        def reply(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.endpoint = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
