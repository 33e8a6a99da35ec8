"""News of the newest version: one small JSON file that whoever publishes the program puts at an address.

::

    {
      "format": 1,
      "program": "kandinsky-studio",
      "version": "0.2.0",
      "date": "2026-12-01",
      "page": "https://…",                             where to fetch it, in a browser
      "notes": {"en": "…", "ru": "…"},                 plain text, by language
      "packages": [{"name": "kandinsky-studio_0.2.0_amd64.deb", "sha256": "…"}]
    }

Nothing of it is believed that does not look so: it comes from elsewhere.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kandinsky_studio import paths
from kandinsky_studio.errors import DeliveryError, NewerFile, NewsNotReached, NoNews, NoNewsAddress, ProxyRefused

if TYPE_CHECKING:
    from kandinsky_studio.storage.models.hub import Hub

FORMAT = 1
PROGRAM = "kandinsky-studio"
MOST_BYTES = 256 * 1024

_FILE = "news.json"
_NUMBERS = re.compile(r"\d{1,5}(\.\d{1,5}){1,3}")
_PACKAGE = re.compile(r"[0-9A-Za-z][0-9A-Za-z._+-]{0,119}")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_UNSEEN = re.compile(r"[^\S\n ]|[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST_NOTES = 8000  # characters
_LONGEST_PAGE = 500
_MOST_PACKAGES = 50


@dataclass(frozen=True)
class Package:
    """A file that can be fetched from the page, and the SHA-256 of its bytes, 64 hexadecimal digits."""

    name: str
    sha256: str


@dataclass(frozen=True)
class News:
    """What is told of the newest version. ``page`` is an address for a browser, ``notes`` plain text by language."""

    version: str
    day: date
    page: str
    notes: Mapping[str, str]
    packages: tuple[Package, ...] = ()

    def newer_than(self, version: str) -> bool:
        """Whether this is a later version than ``version``, such as “0.1.0”."""
        return _numbers(self.version) > _numbers(version)

    def notes_in(self, language: str) -> str:
        """The notes in ``language``, or in whichever there are; empty without any."""
        return self.notes.get(language) or self.notes.get("en") or next(iter(self.notes.values()), "")


def shipped_address() -> str:
    """Where this copy of the program says that its news are; empty if it names no place."""
    try:
        address = json.loads((paths.resources() / _FILE).read_text(encoding="utf-8"))["address"]
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return address.strip() if isinstance(address, str) else ""


def hub_of(address: str, proxy: str = "") -> tuple[Hub, str]:
    """Whom to ask for the file at ``address``, and for which path there. Asks nobody yet.

    Raises ``NoNewsAddress`` if ``address`` is empty, ``NoNews`` if it is none, ``NoConnection`` for such a ``proxy``.
    """
    from kandinsky_studio.errors import NotAHub
    from kandinsky_studio.storage.models.hub import Hub

    if not address:
        raise NoNewsAddress
    try:
        parts = urlsplit(address)
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        return Hub(f"{parts.scheme}://{parts.netloc}", proxy=proxy or None), path
    except (NotAHub, ValueError) as error:
        raise NoNews(host=address) from error


def fetch(hub: Hub, path: str) -> News:
    """The news at ``path`` of ``hub``.

    Raises ``NewsNotReached``, ``NoNews``, ``ProxyRefused``, ``NewerFile`` or, if the hub was told to, ``Cancelled``.
    """
    from kandinsky_studio.errors import LoginPage, NotAHub
    from kandinsky_studio.storage.models.hub import Interrupted

    try:
        content = hub.read(path, MOST_BYTES)
    except (LoginPage, NotAHub) as error:
        raise NoNews(host=hub.host) from error
    except ProxyRefused:
        raise
    except (Interrupted, DeliveryError) as error:
        raise NewsNotReached(host=hub.host) from error
    try:
        return _read(json.loads(content), hub.host)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise NoNews(host=hub.host) from error


def _read(values: Any, host: str) -> News:
    if values["program"] != PROGRAM or type(values["format"]) is not int:
        raise ValueError("news of something else")
    if values["format"] > FORMAT:
        raise NewerFile(file=host)
    version, page, packages = values["version"], values["page"], values.get("packages", [])
    _numbers(version)
    address = urlsplit(page)
    if address.scheme not in ("http", "https") or not address.hostname or address.username is not None:
        raise ValueError("no address of a page")
    if len(page) > _LONGEST_PAGE or not page.isprintable() or " " in page:
        raise ValueError("no address of a page")
    notes = {str(code): _plain(text) for code, text in values.get("notes", {}).items() if isinstance(text, str)}
    if len(packages) > _MOST_PACKAGES:
        raise ValueError("too many packages")
    return News(version, date.fromisoformat(values["date"]), page, notes, tuple(map(_package, packages)))


def _package(values: Any) -> Package:
    if not _PACKAGE.fullmatch(values["name"]) or not _DIGEST.fullmatch(values["sha256"]):
        raise ValueError("no package")
    return Package(values["name"], values["sha256"])


def _plain(text: str) -> str:
    """``text`` without what can't be seen, such as what turns the direction of the words after it."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n")).strip()[:_LONGEST_NOTES]


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, to be compared; 1.2 is 1.2.0. Raises ``ValueError``, ``TypeError``."""
    if not _NUMBERS.fullmatch(version):
        raise ValueError("not a version")
    numbers = [int(number) for number in version.split(".")]
    return (*numbers, *[0] * (4 - len(numbers)))
