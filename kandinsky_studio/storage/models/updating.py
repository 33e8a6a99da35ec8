"""A newer edition of weights that are here: fetched beside the old one, which stays until the new one is whole."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import shutil
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from kandinsky_studio.errors import FolderNotWritable, NotThere
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models.catalogue import Catalogue, Offer, Part, Repository, wanted_of
from kandinsky_studio.storage.models.delivery import Need, asked, fetch_all
from kandinsky_studio.storage.models.hub import Hub
from kandinsky_studio.storage.models.manifest import Manifest, PublishedFile, length
from kandinsky_studio.storage.models.transfer import LOCK, OnDelivery

_STAGE = ".newer"  # the folder in which editions wait until they are whole
_BEFORE = ".before"  # ends the names of folders that were replaced a moment ago

Editions = Mapping[str, Manifest]
"""By the folder of a repository, everything it has in another edition than the one that is here."""


def listed(catalogue: Catalogue, place: Path) -> dict[str, Manifest]:
    """The editions that the catalogue names and that differ from those in ``place``. Asks nobody.

    Who asked the Hub for the newest edition has one that may be newer than the catalogue's.
    """
    found = {}
    for repository in catalogue.repositories:
        there, pinned = manifests.find(place / repository.folder), repository.pinned()
        if there is not None and pinned is not None and not there.newest and there.revision != pinned.revision:
            found[repository.folder] = pinned
    return found


def newest(
    repositories: Iterable[Repository], place: Path, hub: Hub, check_wanted: Callable[[], None] = lambda: None
) -> dict[str, Manifest]:
    """The editions that the Hub has now and that differ from those in ``place``. Raises a ``DeliveryError``."""
    found = {}
    for repository in repositories:
        there = manifests.find(place / repository.folder)
        if there is not None:
            manifest = asked(hub, repository, "main", check_wanted)
            if manifest.revision != there.revision:
                found[repository.folder] = dataclasses.replace(manifest, newest=True)
    return found


def needs(offer: Offer, place: Path, editions: Editions) -> list[Need]:
    """What is to be in ``place`` of the ``editions`` of a model: the same parts of it that are there now.

    Raises ``NotThere`` if an edition lacks one of them. What is the same in both is not fetched.
    """
    found = []
    for repository in offer.repositories:
        edition, there = editions.get(repository.folder), manifests.find(place / repository.folder)
        if edition is not None and there is not None:
            parts = _parts(offer, repository, there)
            stage = place / _STAGE / repository.folder
            found.append(Need(repository, parts, stage, wanted_of(edition, parts)))
    return found


def to_fetch(needed: Sequence[Need], place: Path) -> int:
    """Bytes of these that are neither in the old edition nor left by an earlier run."""
    left = 0
    for need in needed:
        there = manifests.find(place / need.repository.folder)
        assert need.manifest is not None
        same = _same(there, need.manifest) if there is not None else set()
        changed = need.manifest.only(file.path for file in need.manifest.files if file.path not in same)
        left += dataclasses.replace(need, manifest=changed).left
    return left


def update(
    needed: Sequence[Need],
    place: Path,
    hub: Hub,
    *,
    on_progress: OnDelivery = lambda _: None,
    check_wanted: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Fetch what has changed, and put the new editions in place of the old ones once all of them are whole.

    Raises what :func:`~kandinsky_studio.storage.models.transfer.fetch` does; the old editions stay then, and what was
    fetched waits for the next call.
    """
    mend(place)
    for need in needed:
        begun = manifests.find(need.folder)
        if begun is not None and need.manifest is not None and begun.revision != need.manifest.revision:
            shutil.rmtree(need.folder, ignore_errors=True)  # what came of yet another edition is of no use
        _reuse(place / need.repository.folder, need, check_wanted)
    fetch_all(needed, hub, lambda _: False, on_progress=on_progress, check_wanted=check_wanted, sleep=sleep)
    for need in needed:
        _exchange(place / need.repository.folder, need.folder)
    with contextlib.suppress(OSError):
        (place / _STAGE).rmdir()


def mend(place: Path) -> None:
    """Undo what a program that died in the middle of an exchange left behind."""
    with contextlib.suppress(OSError):
        for before in (place / _STAGE).glob("*" + _BEFORE):
            folder = place / before.name.removesuffix(_BEFORE)
            if folder.exists():
                shutil.rmtree(before, ignore_errors=True)
            else:
                before.rename(folder)


def sweep(place: Path, folders: Iterable[str]) -> None:
    """Throw away what came of newer editions of some repositories."""
    mend(place)
    for folder in folders:
        shutil.rmtree(place / _STAGE / folder, ignore_errors=True)
    with contextlib.suppress(OSError):
        (place / _STAGE).rmdir()


def _parts(offer: Offer, repository: Repository, there: Manifest) -> tuple[Part, ...]:
    """The parts of a repository that an edition has."""
    names = [file.path for file in there.files]
    found = []
    for part in offer.parts(offer.tasks):
        if part.repository == repository:
            with contextlib.suppress(NotThere):
                part.chosen(names)
                found.append(part)
    return tuple(found)


def _same(there: Manifest, wanted: Manifest) -> set[str]:
    """Files that are the same in both."""
    return {file.path for file in set(there.files) & set(wanted.files)}


def _reuse(folder: Path, need: Need, check_wanted: Callable[[], None]) -> None:
    """Put files that have not changed beside those that will come: linked, or copied where a disk can't do that."""
    there = manifests.find(folder)
    if there is None or need.manifest is None:
        return
    same = _same(there, need.manifest)
    try:
        for file in need.manifest.files:
            if file.path in same and _is_whole(folder, file) and not _is_whole(need.folder, file):
                check_wanted()
                target = need.folder / file.path
                durable.make_folder(target.parent)
                target.unlink(missing_ok=True)
                try:
                    os.link(folder / file.path, target)
                except OSError:
                    partial = target.with_name(target.name + durable.PARTIAL_SUFFIX)
                    shutil.copyfile(folder / file.path, partial)
                    partial.replace(target)
    except OSError as error:
        raise durable.cause_of(error, folder.parent) from error


def _is_whole(folder: Path, file: PublishedFile) -> bool:
    return length(folder / file.path) == file.size


def _exchange(folder: Path, stage: Path) -> None:
    """Put ``stage`` in the place of ``folder``; whatever happens in between, one of the two is there or comes back."""
    before = stage.with_name(folder.name + _BEFORE)
    try:
        (stage / LOCK).unlink(missing_ok=True)
        shutil.rmtree(before, ignore_errors=True)
        folder.rename(before)
        try:
            stage.rename(folder)
        except OSError:
            before.rename(folder)
            raise
    except OSError as error:
        raise FolderNotWritable(folder=folder) from error
    shutil.rmtree(before, ignore_errors=True)
