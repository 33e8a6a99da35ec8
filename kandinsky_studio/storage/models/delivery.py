"""Bringing what some tasks of a model need: from several repositories, as one delivery that can be gone on with."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from kandinsky_studio.errors import NetworkOff, StudioError
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models.catalogue import Offer, Part, Repository, by_repository, size_of, wanted_of
from kandinsky_studio.storage.models.hub import Hub, Interrupted
from kandinsky_studio.storage.models.manifest import Manifest
from kandinsky_studio.storage.models.patience import Patience
from kandinsky_studio.storage.models.transfer import Delivery, OnDelivery, fetch, left_to_fetch

_TRIES = 4  # of asking what a repository consists of
_PAUSE, _LONGEST = 1.0, 60.0  # seconds; twice as many after the first, and at most


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
    """What ``tasks`` of a model need in the folder ``place``, as far as that is known without asking anybody.

    Parts that somebody put there by hand are not among it.
    """
    wanted = [part for part in offer.parts(tasks) if not is_by_hand(part, place)]
    return [
        Need(repository, tuple(parts), place / repository.folder, _known(repository, parts, place))
        for repository, parts in by_repository(wanted).items()
    ]


def is_by_hand(part: Part, place: Path) -> bool:
    """Whether a part is in ``place`` without anybody having said how it must be: copied there, or imported."""
    folder = place / part.repository.folder
    there = {name for names in part.files for name in names if (folder / name).is_file()}
    try:
        chosen = part.chosen(there)
        manifest = manifests.read(folder)
    except StudioError:  # a file is missing, or nobody can tell any more what was delivered
        return False
    return manifest is None or not {file.path for file in manifest.files} & set(chosen)


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
            manifest = asked(hub, need.repository, _revision_in(need), check_wanted, sleep)
            found[number] = dataclasses.replace(need, manifest=wanted_of(manifest, need.parts, hub.host))
    on_needs(found)
    fetch_all(
        found,
        hub,
        lambda need: not need.left and _known(need.repository, list(need.parts), place) == need.manifest,
        on_progress=on_progress,
        check_wanted=check_wanted,
        sleep=sleep,
    )


def fetch_all(
    found: Sequence[Need],
    hub: Hub | None,
    is_settled: Callable[[Need], bool],
    *,
    on_progress: OnDelivery = lambda _: None,
    check_wanted: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch what is missing of needs whose manifests are known, but those that are settled; raises as :func:`deliver`."""
    total = sum(need.size for need in found)
    before = 0
    for need in found:
        assert need.manifest is not None
        if not is_settled(need):
            if hub is None:
                raise NetworkOff

            def tell(delivery: Delivery, before: int = before) -> None:
                left = (total - before - delivery.done) / delivery.speed if delivery.speed > 0 else None
                on_progress(dataclasses.replace(delivery, done=before + delivery.done, total=total, seconds_left=left))

            fetch(need.manifest, need.folder, hub, on_progress=tell, check_wanted=check_wanted, sleep=sleep)
        before += need.size


@dataclass(frozen=True)
class Stand:
    """How much of a part is here. ``size`` and ``left`` are bytes; unless ``known``, the size is what the catalogue says."""

    size: int
    left: int
    known: bool

    @property
    def here(self) -> bool:
        """Whether it was delivered."""
        return self.known and not self.left


def stands(parts: Iterable[Part], place: Path) -> dict[Part, Stand]:
    """How much of each part is in the folder ``place``. Reads manifests and looks for files."""
    found = {}
    for part in parts:
        if is_by_hand(part, place):
            found[part] = Stand(part.size, 0, known=True)
            continue
        manifest = _known(part.repository, [part], place)
        need = Need(part.repository, (part,), place / part.repository.folder, manifest)
        found[part] = Stand(need.size, need.left, manifest is not None)
    return found


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


def asked(
    hub: Hub,
    repository: Repository,
    revision: str,
    check_wanted: Callable[[], None],
    sleep: Callable[[float], None] = time.sleep,
) -> Manifest:
    """What ``repository`` consists of at ``revision``; asked again where that may help. Raises a ``DeliveryError``."""
    patience = Patience(_TRIES, _PAUSE, _LONGEST, _LONGEST, check_wanted=check_wanted, sleep=sleep)
    while True:
        check_wanted()
        try:
            return hub.manifest(repository.repository, revision)
        except Interrupted as reason:
            patience.wait(reason)
