"""Which runtime packs can be downloaded, and fetching them.

All of it is data, in ``resources/models/runtimes.json``, which is made with a release. Addresses and digests are never
invented: a build that was published nowhere lists nothing.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from kandinsky_studio import paths
from kandinsky_studio.errors import (
    BrokenCatalogue,
    NetworkOff,
    NoRoomForPack,
    NotAPack,
    PackCutShort,
    PackDamaged,
    PackNotFound,
    StudioError,
)
from kandinsky_studio.runtime.pack import Pack, check_fits
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.models.hub import Hub
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile
from kandinsky_studio.storage.models.transfer import MARGIN, OnDelivery, fetch, in_units, left_to_fetch
from kandinsky_studio.storage.runtimes.installing import check_replaceable, install

VERSION = 1
_FOLDER = ".delivery"  # among the packs, on the disk that they go to


@dataclass(frozen=True)
class Offer:
    """A pack that can be fetched from ``address``: what its listing says without its files, its ``size`` in bytes, and
    the parts of its file."""

    pack: Pack
    size: int
    address: str
    parts: tuple[PublishedFile, ...] = field(repr=False)

    @property
    def download_size(self) -> int:
        """Bytes of all parts."""
        return sum(part.size for part in self.parts)

    @property
    def manifest(self) -> Manifest:
        """The parts, as something that can be fetched. What stands for a revision is made of their digests."""
        digests = "\n".join(part.digest for part in self.parts)
        revision = hashlib.sha1(digests.encode(), usedforsecurity=False).hexdigest()
        return Manifest(f"runtime/{self.pack.name}", revision, self.parts)

    @property
    def folder(self) -> Path:
        """Where its parts are while they come."""
        return paths.runtimes() / _FOLDER / f"{self.pack.name}-{self.manifest.revision[:12]}"

    @property
    def left(self) -> int:
        """Bytes that are still to be fetched."""
        return left_to_fetch(self.manifest, self.folder)


class Release(Hub):
    """Where the files of a release are, all in one folder."""

    def address(self, source: Manifest, file: PublishedFile) -> str:
        return f"{self._endpoint}/{quote(file.path)}"


def read(path: Path | None = None) -> tuple[Offer, ...]:
    """The packs of the list that comes with the program, or of another, that go with this program.

    Raises ``BrokenCatalogue``.
    """
    path = path or paths.resources() / "models" / "runtimes.json"
    try:
        offers = _offers(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BrokenCatalogue(file=path, reason=str(error) or type(error).__name__) from error
    return tuple(offer for offer in offers if _fits(offer.pack))


def find(name: str, offers: tuple[Offer, ...]) -> Offer:
    """The offer of that name. Raises ``PackNotFound``."""
    for offer in offers:
        if offer.pack.name == name:
            return offer
    raise PackNotFound(name=name)


def download(
    offer: Offer,
    release: Release | None,
    *,
    on_delivery: OnDelivery = lambda _: None,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    check_wanted: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> Pack:
    """Fetch the parts of ``offer`` and install what they are; the parts are deleted then.

    Interrupted however, the next call goes on to the byte. Raises what fetching and
    :func:`~kandinsky_studio.storage.runtimes.installing.install` do, and ``NetworkOff`` without a ``release``.
    """
    check_replaceable(offer.pack.name)  # before gigabytes are fetched in vain
    folder = offer.folder
    if offer.left:
        if release is None:
            raise NetworkOff
        _check_disk(offer)
        forget(offer.pack.name, but=folder)
        fetch(offer.manifest, folder, release, on_progress=on_delivery, check_wanted=check_wanted, sleep=sleep)
    try:
        pack = install(folder / offer.parts[0].path, on_progress=on_progress, check_wanted=check_wanted)
    except (NotAPack, PackCutShort, PackDamaged):  # it was published so; anything else may be over the next time
        shutil.rmtree(folder, ignore_errors=True)
        raise
    forget(offer.pack.name)
    return pack


def forget(name: str, but: Path | None = None) -> None:
    """Throw away what came of a pack, ``but`` what is in that folder."""
    place = paths.runtimes() / _FOLDER
    for folder in place.glob(f"{name}-*"):
        if folder != but:
            shutil.rmtree(folder, ignore_errors=True)


def _check_disk(offer: Offer) -> None:
    # Both lie there for a while: what was fetched, and what is unpacked from it.
    place = paths.runtimes()
    try:
        durable.make_folder(place)
        free = shutil.disk_usage(place).free
    except OSError as error:
        raise durable.cause_of(error, place) from error
    needed = offer.left + offer.size + MARGIN
    if needed > free:
        raise NoRoomForPack(folder=place, needed=in_units(needed), free=in_units(free))


def _fits(pack: Pack) -> bool:
    try:
        check_fits(pack)
    except StudioError:
        return False
    return True


def _offers(values: Mapping[str, Any]) -> tuple[Offer, ...]:
    if values["version"] != VERSION:
        raise ValueError(f"version {values['version']!r}")
    if not values["packs"]:
        return ()
    address = str(values["address"])
    if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).hostname:
        raise ValueError(f"{address!r} is no address")
    offers = []
    for told in values["packs"]:
        parts = tuple(PublishedFile(part["name"], part["size"], "sha256", part["sha256"]) for part in told["parts"])
        if not parts or not all(re.fullmatch(r"[\w.+-]+\.zip(\.\d{3})?", part.path) for part in parts):
            raise ValueError("parts that are none")
        offers.append(Offer(Pack.from_json({**told, "files": []}), int(told["size"]), address, parts))
    return tuple(offers)
