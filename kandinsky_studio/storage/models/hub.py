"""The Hub over HTTP: what a repository consists of, and the bytes of its files from any place on.

The Hub's own client loses everything when it is killed, checks sizes only and can't be stopped promptly, so files are
fetched here; loading is left to it, from plain folders.
"""

from __future__ import annotations

import contextlib
import json
import re
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from kandinsky_studio.errors import (
    AccessDenied,
    Cancelled,
    ConnectionLost,
    HubFailed,
    LoginPage,
    NoConnection,
    NotAHub,
    NotThere,
    ProxyRefused,
    StudioError,
    TokenRefused,
    TooManyRequests,
    WrongFile,
)
from kandinsky_studio.storage.models import manifest
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile

if TYPE_CHECKING:
    import httpx2  # who asks nobody, such as the window that comes up, does not wait for it

ENDPOINT = "https://huggingface.co"
MAX_METADATA = 32 * 2**20  # bytes of an answer of the API

_CONNECT = 10.0  # seconds
_SILENCE = 20.0  # seconds without a byte
_REDIRECTS = 5
_GONE = {404, 410, 451}
_LONGEST_WAIT = 3600


class Interrupted(Exception):
    """The connection broke off; what came until then is right, and more can be asked for."""

    def __init__(self, error: StudioError, wait: float | None = None) -> None:
        super().__init__(str(error))
        self.error = error
        self.wait = wait  # seconds the other side asked to be left alone for


@dataclass(frozen=True, eq=False)
class Answer:
    """Bytes of a file from ``start`` on, to its end or until the connection breaks off (``Interrupted``)."""

    start: int
    blocks: Iterator[bytes]


class Hub:
    """One place that models are fetched from; ``endpoint`` is its address, of the real one or of a mirror.

    ``proxy`` is the address of one (``http://name:password@host:port``, also ``socks5://``), None takes what the system
    says. ``token`` goes to the endpoint only, never to where it redirects to. To be used from one thread, but
    :meth:`abort`, and closed in the end.
    """

    def __init__(self, endpoint: str = ENDPOINT, *, proxy: str | None = None, token: str | None = None) -> None:
        import httpx2

        self._endpoint = endpoint.rstrip("/")
        if urlsplit(self._endpoint).scheme not in ("http", "https") or not urlsplit(self._endpoint).hostname:
            raise NotAHub(host=endpoint)
        self._host = urlsplit(self._endpoint).netloc.rpartition("@")[2]
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._aborted = threading.Event()
        self._stream: Any = None
        try:
            self._client = httpx2.Client(
                proxy=proxy or None,
                headers={"Accept-Encoding": "identity", "User-Agent": "kandinsky-studio"},
                timeout=httpx2.Timeout(_SILENCE, connect=_CONNECT),
                follow_redirects=True,
                max_redirects=_REDIRECTS,
            )
        except (ValueError, ImportError, httpx2.InvalidURL, OSError) as error:
            raise NoConnection(host=proxy or self._host) from error

    @property
    def host(self) -> str:
        """What to call this place."""
        return self._host

    def close(self) -> None:
        """Let go of the connections."""
        self._client.close()

    def abort(self) -> None:
        """Make what is waited for end at once, with ``Cancelled``. May be called from any thread."""
        self._aborted.set()
        stream = self._stream
        end = stream.get_extra_info("socket") if stream is not None else None
        if isinstance(end, socket.socket):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
                if sys.platform == "win32":  # where who waits for the socket sleeps on until it is closed
                    end.close()

    def manifest(self, repository: str, revision: str = "main") -> Manifest:
        """Everything that ``repository`` has at ``revision`` (a name or 40 hexadecimal digits), pinned.

        Raises a ``DeliveryError``; ``Interrupted`` for what may pass.
        """
        url = f"{self._endpoint}/api/models/{repository}/revision/{quote(revision, safe='')}?blobs=true"
        with self._asked(url, repository, repository) as response:
            content = self._whole(response, MAX_METADATA)
        try:
            found = manifest.of_metadata(json.loads(content))
        except (ValueError, RecursionError) as error:
            raise NotAHub(host=self._host) from error
        if re.fullmatch("[0-9a-f]{40}", revision) and found.revision != revision:
            raise NotAHub(host=self._host)
        # A repository that was renamed answers under its new name; the one that was asked for goes on leading there.
        return Manifest(repository, found.revision, found.files)

    def read(self, path: str, limit: int) -> bytes:
        """The whole of a small file at ``path`` below the endpoint, with a slash before it.

        Raises a ``DeliveryError``, ``NotAHub`` above ``limit`` bytes; ``Interrupted`` for what may pass.
        """
        with self._asked(f"{self._endpoint}{path}", "", path) as response:
            if "text/html" in response.headers.get("Content-Type", ""):
                raise LoginPage(host=self._host)
            return self._whole(response, limit)

    @contextmanager
    def opened(self, source: Manifest, file: PublishedFile, start: int = 0) -> Iterator[Answer]:
        """The bytes of ``file`` from ``start`` on, or from an earlier place if the other side can't do that.

        Raises a ``DeliveryError``; ``Interrupted`` for what may pass, also while the bytes are read.
        """
        headers = {"Range": f"bytes={start}-"} if start else {}
        with self._asked(self.address(source, file), source.repository, file.path, headers) as response:
            if "text/html" in response.headers.get("Content-Type", "") and not file.path.endswith(".html"):
                raise LoginPage(host=self._host)
            begin = self._begin(response, file, start)
            yield Answer(begin, self._blocks(response))

    def address(self, source: Manifest, file: PublishedFile) -> str:
        """Where a file is."""
        return f"{self._endpoint}/{source.repository}/resolve/{source.revision}/{quote(file.path)}"

    # ------------------------------------------------------------------ one question

    @contextmanager
    def _asked(
        self, url: str, repository: str, name: str, headers: dict[str, str] | None = None
    ) -> Iterator[httpx2.Response]:
        import httpx2

        self._check_wanted()
        response: httpx2.Response | None = None
        try:
            try:
                told = {**self._headers, **(headers or {})}
                request = self._client.build_request("GET", url, headers=told, extensions={"trace": self._connected})
                response = self._client.send(request, stream=True)
            except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError) as error:
                raise self._meaning(error) from error
            self._stream = response.extensions.get("network_stream")
            self._check_wanted()
            self._check_status(response, repository, name)
            yield response  # what goes wrong with whoever reads it, such as a full disk, is none of our errors
        finally:
            self._stream = None
            if response is not None:
                with contextlib.suppress(httpx2.HTTPError, OSError):
                    response.close()

    def _connected(self, event: str, about: dict[str, Any]) -> None:
        """Know the connection before the other side has said a word: :meth:`abort` must not wait for it."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._stream = about["return_value"]
            self._check_wanted()

    def _blocks(self, response: httpx2.Response) -> Iterator[bytes]:
        import httpx2

        coded = response.headers.get("Content-Encoding", "identity") != "identity"
        try:
            # As they come: bytes that waited for a block to be full would be lost when the connection breaks off.
            for block in response.iter_bytes() if coded else response.iter_raw():
                self._check_wanted()
                yield block
        except (httpx2.HTTPError, OSError) as error:
            raise self._meaning(error) from error
        self._check_wanted()

    def _whole(self, response: httpx2.Response, limit: int) -> bytes:
        content = b""
        for block in self._blocks(response):
            content += block
            if len(content) > limit:
                raise NotAHub(host=self._host)
        return content

    def _begin(self, response: httpx2.Response, file: PublishedFile, start: int) -> int:
        """Where the bytes of ``response`` begin. Raises ``WrongFile`` if they can't be those of ``file``."""
        wrong = WrongFile(file=file.path, host=self._host)
        if response.status_code == 206:
            found = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", ""))
            if found is None or int(found[1]) > start or found[3] not in ("*", str(file.size)):
                raise wrong
            return int(found[1])
        length = response.headers.get("Content-Length", "")
        plain = response.headers.get("Content-Encoding", "identity") == "identity"
        if plain and length.isdigit() and int(length) != file.size:
            raise wrong
        return 0

    def _check_status(self, response: httpx2.Response, repository: str, name: str) -> None:
        status = response.status_code
        if status in (200, 206):
            return
        wait = response.headers.get("Retry-After", "")
        seconds = float(min(int(wait), _LONGEST_WAIT)) if wait.isdigit() else None
        if status == 429:
            raise Interrupted(TooManyRequests(host=self._host, seconds=round(seconds or 60)), seconds)
        if status >= 500 or status == 408:
            raise Interrupted(HubFailed(host=self._host, status=status), seconds)
        if status == 407:
            raise ProxyRefused(host=self._host)
        if status == 403 and not self._from_endpoint(response):
            raise Interrupted(HubFailed(host=self._host, status=status))  # an address that has expired meanwhile
        if status == 403 or response.headers.get("X-Error-Code") == "GatedRepo":
            raise AccessDenied(repository=repository)
        if status == 401:
            raise TokenRefused(host=self._host)
        if status in _GONE:
            raise NotThere(file=name, host=self._host)
        if status == 416:
            raise WrongFile(file=name, host=self._host)
        raise HubFailed(host=self._host, status=status)

    def _from_endpoint(self, response: httpx2.Response) -> bool:
        return str(response.url).startswith(self._endpoint)

    def _check_wanted(self) -> None:
        if self._aborted.is_set():
            raise Cancelled

    def _meaning(self, error: Exception) -> Exception:
        """What a failed connection is to the one who asked."""
        import httpx2

        if self._aborted.is_set():
            return Cancelled()
        if isinstance(error, httpx2.ProxyError) and "407" in str(error):
            return ProxyRefused(host=self._host)
        if isinstance(error, httpx2.TooManyRedirects | httpx2.UnsupportedProtocol | httpx2.InvalidURL):
            return NotAHub(host=self._host)
        if isinstance(error, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.ProxyError):
            return Interrupted(NoConnection(host=self._host))
        return Interrupted(ConnectionLost(host=self._host))
