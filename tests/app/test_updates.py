"""Looking for a new version: only when asked, against a server of the tests' own, with everything that can go wrong."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from kandinsky_studio import __version__, paths
from kandinsky_studio.errors import NetworkOff, NewerFile, NewsNotReached, NoNews, NoNewsAddress
from kandinsky_studio.storage import news

DIGEST = "0123456789abcdef" * 4
NEWS = {
    "format": 1,
    "program": "kandinsky-studio",
    "version": "9.0.1",
    "date": "2027-02-03",
    "page": "https://example.org/kandinsky-studio/9.0.1?from=news",
    "notes": {"en": "Brushes are faster.\nNothing else.", "ru": "Кисти быстрее."},
    "packages": [{"name": "kandinsky-studio_9.0.1_amd64.deb", "sha256": DIGEST}],
}


class Server:
    """Answers every question with ``content``; ``asked`` are the paths that were asked for."""

    def __init__(self):
        self.content, self.kind, self.status = json.dumps(NEWS).encode(), "application/json", 200
        self.headers, self.silent = {}, threading.Event()
        self.silent.set()
        self.asked = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                outer.silent.wait(30)
                self.send_response(outer.status)
                for name, value in {"Content-Type": outer.kind, **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(outer.content)

            def log_message(self, *_):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        threading.Thread(target=self.http.serve_forever, args=(0.02,), name="Dummy news", daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.http.server_address[1]}/releases/news.json?x=1"


@pytest.fixture
def server():
    server = Server()
    yield server
    server.silent.set()
    server.http.shutdown()
    server.http.server_close()


@pytest.fixture
def updates(qtbot, make_studio, server):
    studio = make_studio()
    studio.updates.use_address(server.address)
    return studio.updates


def look(updates):
    updates.look()
    assert updates.looking
    updates.flush()
    assert not updates.looking
    return updates


def test_a_newer_version_is_told_with_all_that_is_known_of_it(updates, server):
    found = look(updates).news
    assert updates.error is None
    assert not updates.is_newest
    assert (found.version, found.day.isoformat(), found.page) == ("9.0.1", "2027-02-03", NEWS["page"])
    assert found.notes_in("ru") == "Кисти быстрее."
    assert found.notes_in("fr") == "Brushes are faster.\nNothing else."
    assert [(package.name, package.sha256) for package in found.packages] == [
        ("kandinsky-studio_9.0.1_amd64.deb", DIGEST)
    ]
    ((path, headers),) = server.asked
    assert path == "/releases/news.json?x=1"
    assert __version__ not in str(headers), "nothing is told of who asks"
    assert "Authorization" not in headers


def test_the_hub_token_goes_nowhere_else(make_studio, server):
    studio = make_studio()
    studio.deliveries.token.value = "hf_secret"
    studio.updates.use_address(server.address)
    look(studio.updates)
    assert "hf_secret" not in str(server.asked)


@pytest.mark.parametrize(
    ("theirs", "ours", "newer"),
    [
        ("0.1.1", "0.1.0", True),
        ("0.10.0", "0.9.9", True),
        ("1.0", "0.99.99", True),
        ("0.1.0", "0.1.0", False),
        ("0.1", "0.1.0", False),
        ("0.1.0.0", "0.1.0", False),
        ("0.0.9", "0.1.0", False),
    ],
)
def test_versions_are_compared_by_their_numbers(updates, server, monkeypatch, theirs, ours, newer):
    monkeypatch.setattr("kandinsky_studio.app.updates.__version__", ours)
    server.content = json.dumps({**NEWS, "version": theirs}).encode()
    assert look(updates).is_newest is not newer


@pytest.mark.parametrize(
    "change",
    [
        {"version": "9.0.1; rm"},
        {"version": "nine"},
        {"version": "9"},
        {"version": 9.1},
        {"version": None},
        {"program": "another"},
        {"format": "1"},
        {"format": True},
        {"date": "tomorrow"},
        {"date": 5},
        {"page": "file:///etc/passwd"},
        {"page": "javascript:alert(1)"},
        {"page": "https://"},
        {"page": "https://name:password@example.org/"},
        {"page": "https://example.org/\u202egpj.exe"},
        {"page": "https://example.org/" + "a" * 600},
        {"page": 5},
        {"notes": "words"},
        {"packages": {"name": "a"}},
        {"packages": [{"name": "../../evil.deb", "sha256": DIGEST}]},
        {"packages": [{"name": "a.deb", "sha256": "0" * 63}]},
        {"packages": [{"name": "a.deb", "sha256": DIGEST}] * 51},
        {"packages": [5]},
    ],
)
def test_news_that_make_no_sense_are_refused(updates, server, change):
    server.content = json.dumps({**NEWS, **change}).encode()
    assert type(look(updates).error) is NoNews
    assert updates.news is None


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b"5", b"\xff\xfe", b"[" * 200_000, b" " * (news.MOST_BYTES + 1)]
)
def test_rubbish_is_refused(updates, server, content):
    server.content = content
    assert type(look(updates).error) is NoNews


def test_a_login_page_of_the_network_is_no_news(updates, server):
    server.content, server.kind = b"<html>Welcome to the hotel</html>", "text/html; charset=utf-8"
    assert type(look(updates).error) is NoNews


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429, 500, 503])
def test_a_server_that_refuses(updates, server, status):
    server.status = status
    assert type(look(updates).error) is NewsNotReached


def test_a_redirect_is_followed_and_a_circle_is_not(updates, server):
    server.status, server.headers = 302, {"Location": server.address}
    assert type(look(updates).error) in (NewsNotReached, NoNews)
    assert len(server.asked) < 10


def test_nobody_there(updates):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    updates.use_address(f"http://127.0.0.1:{port}/news.json")
    error = look(updates).error
    assert type(error) is NewsNotReached
    assert f"127.0.0.1:{port}" in str(error)


@pytest.mark.parametrize("address", ["ftp://example.org/news.json", "news.json", "http://", "http://[broken", "//a/b"])
def test_an_address_that_is_none(updates, address):
    updates.use_address(address)
    assert type(look(updates).error) is NoNews


def test_news_in_a_later_language_say_so(updates, server):
    server.content = json.dumps({**NEWS, "format": 2, "packages": "elsewhere"}).encode()
    assert type(look(updates).error) is NewerFile


def test_notes_are_plain_and_end_somewhere(updates, server):
    notes = {"en": "a\x1b[31m\u202eb\r\n" + "x" * 20_000, "ru": 5}
    server.content = json.dumps({**NEWS, "notes": notes}).encode()
    text = look(updates).news.notes_in("en")
    assert text.startswith("a[31mb\nxxx")
    assert len(text) == 8000


def test_without_an_address_that_is_said_and_nobody_is_asked(make_studio, server):
    updates = make_studio().updates
    assert updates.address == news.shipped_address() == ""
    assert type(look(updates).error) is NoNewsAddress


def test_the_program_may_name_a_place(make_studio, server, tmp_path, monkeypatch):
    (tmp_path / "news.json").write_text(json.dumps({"version": 1, "address": server.address}))
    updates = make_studio().updates
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    assert updates.address == server.address
    assert look(updates).news.version == "9.0.1"


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"address": 5}', b"\xff"])
def test_a_damaged_file_names_no_place(tmp_path, monkeypatch, content):
    (tmp_path / "news.json").write_bytes(content)
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    assert news.shipped_address() == ""


def test_with_the_network_switched_off_nobody_is_asked(make_studio, server):
    studio = make_studio()
    studio.remembering.set(network=False)
    studio.updates.use_address(server.address)
    studio.updates.look()
    assert type(studio.updates.error) is NetworkOff
    assert server.asked == []


def test_nobody_is_asked_before_the_user_asks(studio, server):
    studio.updates.use_address(server.address)
    studio.editor.new(10, 10)
    for service in (studio.gallery, studio.editor, studio.queue, studio.updates):
        service.flush()
    assert server.asked == []


def test_it_can_be_stopped_at_once(qtbot, updates, server):
    server.silent.clear()
    updates.look()
    qtbot.waitUntil(lambda: bool(server.asked), timeout=5000)
    begun = time.monotonic()
    updates.stop()
    assert not updates.looking
    updates.flush()
    assert time.monotonic() - begun < 2
    assert (updates.news, updates.error) == (None, None)
    server.silent.set()
    assert look(updates).news is not None, "and asked again"


def test_a_look_while_one_goes_on_asks_once(qtbot, updates, server):
    updates.look()
    updates.look()
    updates.flush()
    assert len(server.asked) == 1


def test_the_address_is_remembered(make_studio, server):
    studio = make_studio()
    studio.updates.use_address(f"  {server.address} ")
    studio.close()
    assert make_studio().updates.address == server.address
