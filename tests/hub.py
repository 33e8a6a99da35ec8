"""A hub of the tests' own on 127.0.0.1: the API, redirects to a second host for large files, ranges, and every fault."""

from __future__ import annotations

import hashlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REVISION = "0123456789abcdef0123456789abcdef01234567"
LARGE = 10_000  # bytes from which on a file is kept by digest, as the real one does with weights
TOKEN = "hf_tests"


@dataclass
class Faults:
    """What goes wrong with the bytes of files. ``times`` is how often, for ever if it is None."""

    close_after: int | None = None  # bytes of an answer, then the connection ends politely
    reset_after: int | None = None  # the same, rudely
    stall_after: int | None = None  # the same, then nothing comes until the other side gives up
    flip: int | None = None  # this byte of the file is another one
    send: bytes | None = None  # in place of the file
    shorter: int = 0  # bytes that an answer lacks, and says so
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    ignores_range: bool = False
    rate: float | None = None  # bytes per second
    only: str = ""  # files whose names end so
    times: int | None = None


class FakeHub:
    """``files`` by repository and path. Ask :attr:`endpoint`; ``log`` has (host, path, range, status, authorization) of
    each request, ``sent`` counts bytes of files."""

    def __init__(self, files: dict[str, dict[str, bytes]]) -> None:
        self.files = files
        self.faults = Faults()
        self.api_faults = Faults()
        self.gated = False
        self.private = False
        self.loops = False
        self.log: list[tuple[str, str, str, int, str]] = []
        self.sent = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._servers = [self._serve(self._hub), self._serve(self._store)]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self._servers[0].server_address[1]}"

    @property
    def store(self) -> str:
        return f"http://127.0.0.1:{self._servers[1].server_address[1]}"

    def requests(self, part: str = "") -> list[tuple[str, str, str, int, str]]:
        return [entry for entry in self.log if part in entry[1]]

    def close(self) -> None:
        self._over.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()

    # ------------------------------------------------------------------ serving

    def _serve(self, answer: Callable[[BaseHTTPRequestHandler], None]) -> ThreadingHTTPServer:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                try:
                    answer(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, request: object, client_address: object) -> None:
                """A client that is gone is what many of the tests are about."""

        server = Server(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.02,), name="Dummy hub", daemon=True).start()
        return server

    def _note(self, handler: BaseHTTPRequestHandler, host: str, status: int) -> None:
        headers = handler.headers
        entry = (host, handler.path, headers.get("Range", ""), status, headers.get("Authorization", ""))
        with self._lock:
            self.log.append(entry)

    def _plain(self, handler: BaseHTTPRequestHandler, host: str, status: int, content: bytes, **headers: str) -> None:
        self._note(handler, host, status)
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content)

    def _hub(self, handler: BaseHTTPRequestHandler) -> None:
        path = handler.path.partition("?")[0]
        if path.startswith("/api/models/"):
            self._api(handler, path)
            return
        owner, name, _, revision, *rest = path.strip("/").split("/")
        repository, file = f"{owner}/{name}", "/".join(rest)
        content = self.files.get(repository, {}).get(file)
        allowed = handler.headers.get("Authorization") == f"Bearer {TOKEN}"
        if self.loops:
            self._plain(handler, "hub", 302, b"", Location=path)
        elif self.private and not allowed:
            self._plain(handler, "hub", 401, b"", X_Error_Code="RepoNotFound")
        elif self.gated and not allowed:
            self._plain(handler, "hub", 403, b"", X_Error_Code="GatedRepo")
        elif content is None or revision != REVISION:
            self._plain(handler, "hub", 404, b"", X_Error_Code="EntryNotFound")
        elif len(content) >= LARGE:
            self._plain(handler, "hub", 302, b"", Location=f"{self.store}/{repository}/{file}")
        else:
            self._file(handler, "hub", file, content)

    def _store(self, handler: BaseHTTPRequestHandler) -> None:
        owner, name, *rest = handler.path.strip("/").split("/")
        file = "/".join(rest)
        self._file(handler, "store", file, self.files[f"{owner}/{name}"][file])

    def _api(self, handler: BaseHTTPRequestHandler, path: str) -> None:
        owner, name, _, revision = path.removeprefix("/api/models/").split("/")
        repository = f"{owner}/{name}"
        faults = self._due(self.api_faults, path)
        if faults.status or faults.send is not None:
            self._plain(handler, "hub", faults.status or 200, faults.send or b"", **faults.headers)
        elif repository not in self.files or revision not in ("main", REVISION):
            self._plain(handler, "hub", 404, b"{}")
        else:
            found = json.dumps(metadata(repository, self.files[repository])).encode()
            self._plain(handler, "hub", 200, found, Content_Type="application/json")

    def _due(self, faults: Faults, name: str) -> Faults:
        with self._lock:
            if faults.times == 0 or not name.endswith(faults.only):
                return Faults()
            if faults.times is not None:
                faults.times -= 1
            return faults

    def _file(self, handler: BaseHTTPRequestHandler, host: str, name: str, content: bytes) -> None:
        faults = self._due(self.faults, name)
        if faults.status:
            self._plain(handler, host, faults.status, b"", **faults.headers)
            return
        asked = handler.headers.get("Range", "")
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and not faults.ignores_range else 0
        if faults.flip is not None:
            changed = bytearray(content)
            changed[faults.flip] ^= 1
            content = bytes(changed)
        whole = faults.send if faults.send is not None else content
        body = whole[start : len(whole) - faults.shorter]
        status = 206 if start else 200
        self._note(handler, host, status)
        handler.send_response(status)
        for key, value in {"Content-Type": "application/octet-stream", **faults.headers}.items():
            handler.send_header(key.replace("_", "-"), value)
        if start:
            handler.send_header("Content-Range", f"bytes {start}-{len(whole) - 1}/{len(whole)}")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        self._send(handler, body, faults)

    def _send(self, handler: BaseHTTPRequestHandler, body: bytes, faults: Faults) -> None:
        ends = [n for n in (faults.close_after, faults.reset_after, faults.stall_after) if n is not None]
        end = min([len(body), *ends])
        for begin in range(0, end, 65536):
            block = body[begin : min(begin + 65536, end)]
            handler.wfile.write(block)
            with self._lock:
                self.sent += len(block)
            if faults.rate is not None and self._over.wait(len(block) / faults.rate):
                return
        if end == len(body):
            return
        handler.close_connection = True
        handler.wfile.flush()
        if faults.reset_after is not None:
            time.sleep(0.05)  # so that what was sent arrives before the end does
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif faults.stall_after is not None:
            self._over.wait(30)


def metadata(repository: str, files: dict[str, bytes]) -> dict[str, object]:
    """What the API says of a repository when it is asked for its blobs, too."""
    siblings = []
    for path, content in files.items():
        blob = hashlib.sha1(f"blob {len(content)}\0".encode() + content).hexdigest()
        entry: dict[str, object] = {"rfilename": path, "size": len(content), "blobId": blob}
        if len(content) >= LARGE:
            entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "pointerSize": 134}
        siblings.append(entry)
    return {"id": repository, "sha": REVISION, "siblings": siblings}
