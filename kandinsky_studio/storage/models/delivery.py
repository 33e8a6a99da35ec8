"""Bringing what some tasks of a model need: from several repositories, as one delivery that can be gone on with."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kandinsky_studio.errors import NetworkOff, StudioError
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models.catalogue import Offer, Part, Repository, by_repository, size_of, wanted_of
from kandinsky_studio.storage.models.hub import Hub, Interrupted
from kandinsky_studio.storage.models.manifest import Manifest
from kandinsky_studio.storage.models.transfer import Delivery, OnDelivery, fetch, left_to_fetch

_TRIES = 4  # of asking what a repository consists of
_PAUSE = 2.0  # seconds between the first two; each is twice the one before


@dataclass(frozen=True)
class Need:
    """What is wanted of one repository, and where it goes. ``manifest`` is None until the Hub was asked."""

    repository: Repository
    parts: tuple[Part, ...]
    folder: Path
    manifest: Manifest | None

    @property
    def size(self) -> int:
        """Bytes in all: exactly, or about as many as the catalogue says."""
        return size_of(self.parts) if self.manifest is None else self.manifest.size

    @property
    def left(self) -> int:
        """Bytes that are still to be fetched."""
        return self.size if self.manifest is None else left_to_fetch(self.manifest, self.folder)


def needs(offer: Offer, tasks: Iterable[str], place: Path) -> list[Need]:
    """What ``tasks`` of a model need in the folder ``place``, as far as that is known without asking anybody."""
    return [
        Need(repository, tuple(parts), place / repository.folder, _known(repository, parts, place))
        for repository, parts in by_repository(offer.parts(tasks)).items()
    ]


def is_here(offer: Offer, tasks: Iterable[str], place: Path) -> bool:
    """Whether all of it was delivered."""
    return all(need.manifest is not None and not need.left for need in needs(offer, tasks, place))


def deliver(
    offer: Offer,
    tasks: Iterable[str],
    place: Path,
    hub: Hub | None,
    *,
    on_progress: OnDelivery = lambda _: None,
    on_needs: Callable[[list[Need]], None] = lambda _: None,
    check_wanted: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch what is missing; ``on_needs`` hears first what that is, to the byte.

    Nobody is asked about what is here. Raises what :func:`~kandinsky_studio.storage.models.transfer.fetch` does, and
    ``NetworkOff`` if something is missing and there is no ``hub``.
    """
    found = needs(offer, tasks, place)
    for number, need in enumerate(found):
        if need.manifest is None:
            if hub is None:
                raise NetworkOff
            manifest = _asked(hub, need.repository, _revision_in(need), check_wanted, sleep)
            found[number] = dataclasses.replace(need, manifest=wanted_of(manifest, need.parts, hub.host))
    on_needs(found)
    total = sum(need.size for need in found)
    before = 0
    for need in found:
        assert need.manifest is not None
        if need.left or _known(need.repository, list(need.parts), place) != need.manifest:
            if hub is None:
                raise NetworkOff

            def tell(delivery: Delivery, before: int = before) -> None:
                left = (total - before - delivery.done) / delivery.speed if delivery.speed > 0 else None
                on_progress(dataclasses.replace(delivery, done=before + delivery.done, total=total, seconds_left=left))

            fetch(need.manifest, need.folder, hub, on_progress=tell, check_wanted=check_wanted, sleep=sleep)
        before += need.size


def _known(repository: Repository, parts: list[Part], place: Path) -> Manifest | None:
    """The manifest of the parts, from the folder or the catalogue; None if neither has all of them."""
    for manifest in (manifests.find(place / repository.folder), repository.pinned()):
        if manifest is not None:
            try:
                return wanted_of(manifest, parts)
            except StudioError:
                continue
    return None


def _revision_in(need: Need) -> str:
    """Which revision to ask for: what is there already goes on, and is not mixed with another one."""
    there = manifests.find(need.folder)
    return there.revision if there is not None else need.repository.revision or "main"


def _asked(
    hub: Hub,
    repository: Repository,
    revision: str,
    check_wanted: Callable[[], None],
    sleep: Callable[[float], None],
) -> Manifest:
    for tried in range(_TRIES):
        check_wanted()
        try:
            return hub.manifest(repository.repository, revision)
        except Interrupted as reason:
            if tried == _TRIES - 1 or (reason.wait or 0) > 60:
                raise reason.error from reason
            left = reason.wait or _PAUSE * 2**tried
            while left > 0:
                check_wanted()
                sleep(min(left, 0.25))
                left -= 0.25
    raise AssertionError("not reached")
