"""Ways through others: HTTP and SOCKS proxies, with and without a password, dead ones, and none where there is no need."""

from __future__ import annotations

import select
import socket
import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from kandinsky_studio.errors import NoConnection, ProxyRefused
from kandinsky_studio.storage.models.hub import Hub, Interrupted
from kandinsky_studio.storage.models.transfer import fetch
from tests.storage.models.conftest import REPOSITORY


@contextmanager
def serving(handle) -> Iterator[tuple[int, list[str]]]:
    """A server on 127.0.0.1 whose connections ``handle(socket, log)`` takes; its port and what it logged."""
    log: list[str] = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with suppress(OSError):
                handle(self.request, log)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), name="Dummy proxy", daemon=True).start()
        yield server.server_address[1], log
        server.shutdown()


def relay(one: socket.socket, other: socket.socket) -> None:
    while True:
        for end in select.select([one, other], [], [], 10)[0]:
            data = end.recv(65536)
            if not data:
                return
            (other if end is one else one).sendall(data)


def http_proxy(client: socket.socket, log: list[str], password: bool = False) -> None:
    """Forwards requests with a whole address in their first line; what belongs to one connection goes to one server."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(65536)
    first, _, rest = head.partition(b"\r\n")
    method, address, version = first.split(b" ")
    log.append(address.decode())
    if password and b"proxy-authorization: basic " not in rest.lower():
        client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        return
    host, _, path = address.removeprefix(b"http://").partition(b"/")
    name, _, port = host.partition(b":")
    with socket.create_connection((name.decode(), int(port))) as server:
        server.sendall(b" ".join([method, b"/" + path, version]) + b"\r\n" + rest.replace(b"keep-alive", b"close"))
        relay(client, server)


def socks_proxy(client: socket.socket, log: list[str]) -> None:
    """SOCKS 5 without a password (RFC 1928), connections only."""
    _, count = client.recv(2)
    client.recv(count)
    client.sendall(b"\x05\x00")
    _, _, _, kind = client.recv(4)
    name = socket.inet_ntoa(client.recv(4)) if kind == 1 else client.recv(client.recv(1)[0]).decode()
    [port] = struct.unpack(">H", client.recv(2))
    log.append(f"{name}:{port}")
    with socket.create_connection((name, port)) as server:
        client.sendall(b"\x05\x00\x00\x01" + bytes(6))
        relay(client, server)


def fetched(fake_hub, folder, proxy):
    hub = Hub(fake_hub.endpoint, proxy=proxy)
    try:
        fetch(hub.manifest(REPOSITORY), folder, hub, sleep=lambda _: None)
    finally:
        hub.close()
    return (folder / "prior" / "weights.safetensors").read_bytes()


def test_through_an_http_proxy(tmp_path, fake_hub, content):
    with serving(http_proxy) as (port, log):
        assert fetched(fake_hub, tmp_path / "prior", f"http://127.0.0.1:{port}") == content["prior/weights.safetensors"]
    assert any(address.startswith(fake_hub.endpoint) for address in log)
    assert any(address.startswith(fake_hub.store) for address in log), "where the hub leads to goes the same way"


def test_a_password_of_the_proxy_stands_in_its_address(tmp_path, fake_hub, content):
    with serving(lambda client, log: http_proxy(client, log, password=True)) as (port, _):
        with pytest.raises(ProxyRefused):
            fetched(fake_hub, tmp_path / "prior", f"http://127.0.0.1:{port}")
        got = fetched(fake_hub, tmp_path / "prior", f"http://name:word@127.0.0.1:{port}")
    assert got == content["prior/weights.safetensors"]


def test_through_socks(tmp_path, fake_hub, content):
    with serving(socks_proxy) as (port, log):
        got = fetched(fake_hub, tmp_path / "prior", f"socks5://127.0.0.1:{port}")
    assert got == content["prior/weights.safetensors"]
    assert set(log) == {fake_hub.endpoint.removeprefix("http://"), fake_hub.store.removeprefix("http://")}


def test_a_dead_proxy_and_no_proxy_at_all(fake_hub):
    hub = Hub(fake_hub.endpoint, proxy="http://127.0.0.1:9")
    with pytest.raises(Interrupted) as raised:
        hub.manifest(REPOSITORY)
    hub.close()
    assert isinstance(raised.value.error, NoConnection)
    with pytest.raises(NoConnection):
        Hub(fake_hub.endpoint, proxy="not an address")
