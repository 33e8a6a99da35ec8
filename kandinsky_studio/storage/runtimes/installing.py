"""Installing runtime packs and removing them, so that whatever happens there are only whole ones."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kandinsky_studio import paths
from kandinsky_studio.errors import (
    DiskFull,
    NoRoomForPack,
    PackBelongsToProgram,
    PackDamaged,
    PackInUse,
    RuntimeOfEnvironment,
    StudioError,
)
from kandinsky_studio.runtime import attaching
from kandinsky_studio.runtime.pack import LISTING, Pack, check_fits, is_name, read
from kandinsky_studio.storage import alone as locks
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.models.transfer import MARGIN, in_units
from kandinsky_studio.storage.runtimes.archive import Archive, opened
from kandinsky_studio.storage.runtimes.path_lengths import check_lengths

LOCK = ".kandinsky-studio.lock"
_PARTIAL = durable.PARTIAL_SUFFIX  # on its way in, or on its way out
_BEFORE = ".before"  # what a pack was, while another of its name takes its place


@dataclass(frozen=True)
class Installed:
    """A pack that is on this computer. ``pack`` is None if its listing can't be read; ``flaw`` says why it can't be
    used; ``size`` is in bytes."""

    name: str
    folder: Path
    shipped: bool
    pack: Pack | None
    flaw: StudioError | None

    @property
    def size(self) -> int:
        return self.pack.size if self.pack is not None else 0


def installed() -> list[Installed]:
    """The packs there are, those that came with the program first. Reads listings, names and sizes."""
    found: dict[str, Installed] = {}
    for place in attaching.places():
        for folder in sorted(place.iterdir()) if place.is_dir() else ():
            if folder.is_dir() and is_name(folder.name):
                found.setdefault(folder.name, _looked_at(folder))
    return list(found.values())


def _looked_at(folder: Path) -> Installed:
    shipped = attaching.is_shipped(folder)
    pack = None
    try:
        pack = read(folder)
        attaching.usable(folder)
    except StudioError as error:
        return Installed(folder.name, folder, shipped, pack, error)
    return Installed(folder.name, folder, shipped, pack, None)


def install(
    file: Path,
    *,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
    check_wanted: Callable[[], None] = lambda: None,
) -> Pack:
    """Install the pack in ``file``, in place of an older one of its name; returns it. It is neither tried nor chosen.

    Every file is compared with its digest before any of it can be used. ``on_progress`` hears bytes done and in all;
    ``check_wanted`` is called often and may raise ``Cancelled``. Whatever this raises, a ``StudioError`` or
    ``Cancelled``, the packs are as they were; if it is killed, the next call clears away what it left.
    """
    with opened(file) as archive:
        pack = archive.pack
        check_fits(pack)
        check_replaceable(pack.name)
        place = paths.runtimes()
        partial = place / f"{pack.name}{_PARTIAL}"
        check_lengths(partial, pack)
        with alone(place, check_wanted):
            _check_disk(place, pack.size)
            try:
                _unpack(archive, partial, on_progress, check_wanted)
                check_wanted()
                _put(partial, place / pack.name)
            except (OSError, DiskFull) as error:
                raise _cause_of(error, place, pack.size) from error
            finally:
                shutil.rmtree(partial, ignore_errors=True)
    return pack


def choose(name: str) -> None:
    """Use the pack called ``name`` from the next start on. Raises ``PackError``, ``DiskFull`` or ``FolderNotWritable``."""
    attaching.usable(attaching.folder_of(name))
    try:
        attaching.choose(name)
    except OSError as error:
        raise durable.cause_of(error, paths.config()) from error


def remove(name: str) -> int:
    """Delete an installed pack; returns the bytes given back.

    If it was chosen for the next start, the one that came with the program is. Raises ``PackNotFound``,
    ``PackBelongsToProgram`` or ``PackInUse``.
    """
    folder = attaching.folder_of(name)
    check_replaceable(name)
    place = folder.parent
    with alone(place):
        size = _looked_at(folder).size
        partial = place / f"{name}{_PARTIAL}"
        try:
            folder.rename(partial)  # from here on it is no pack any more, whatever happens
            if attaching.chosen() == name:
                attaching.choose(attaching.SHIPPED)
        except PermissionError as error:  # Windows holds what a program has loaded
            raise PackInUse(name=name) from error
        except OSError as error:
            raise durable.cause_of(error, place) from error
        shutil.rmtree(partial, ignore_errors=True)
    return size


def sweep() -> None:
    """Clear away what an installation that was killed left, unless one is under way."""
    place = paths.runtimes()
    if place.is_dir():
        with locks.if_alone(place / LOCK) as held:
            if held:
                with contextlib.suppress(OSError):
                    _sweep(place)


def check_source() -> None:
    """Raise ``RuntimeOfEnvironment`` if the program runs from its source, where no pack is used."""
    if paths.program() is None:
        raise RuntimeOfEnvironment


@contextmanager
def alone(place: Path, check_wanted: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Be the only program that changes the packs in ``place``, without what earlier ones left."""
    try:
        durable.make_folder(place)
    except OSError as error:
        raise durable.cause_of(error, place) from error
    with locks.alone(place / LOCK, check_wanted):
        _sweep(place)
        yield


def check_replaceable(name: str) -> None:
    """Raise ``PackBelongsToProgram`` or ``PackInUse`` if the pack called ``name`` has to stay as it is."""
    shipped = paths.shipped_runtimes()
    if name == attaching.SHIPPED or (shipped is not None and (shipped / name).exists()):
        raise PackBelongsToProgram(name=name)
    if attaching.is_held(paths.runtimes() / name):
        raise PackInUse(name=name)


def _check_disk(place: Path, size: int) -> None:
    free = shutil.disk_usage(place).free
    if size + MARGIN > free:
        raise NoRoomForPack(folder=place, needed=in_units(size + MARGIN), free=in_units(free))


def _cause_of(error: OSError | DiskFull, place: Path, size: int) -> StudioError:
    cause = durable.cause_of(error, place) if isinstance(error, OSError) else error
    if isinstance(cause, DiskFull):  # its advice is about pictures
        return NoRoomForPack(folder=place, needed=in_units(size + MARGIN), free=in_units(shutil.disk_usage(place).free))
    return cause


def _unpack(
    archive: Archive, folder: Path, on_progress: Callable[[int, int], None], check_wanted: Callable[[], None]
) -> None:
    done, total = 0, archive.pack.size
    for file in archive.pack.files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        hasher, count = hashlib.sha256(), 0
        with path.open("xb") as stream:
            for block in archive.blocks(file):
                check_wanted()
                stream.write(block)
                hasher.update(block)
                count += len(block)
                on_progress(done + count, total)
            stream.flush()
            os.fsync(stream.fileno())
        if count != file.size or hasher.hexdigest() != file.sha256:
            raise PackDamaged(file=file.path)
        if archive.runs(file):
            path.chmod(0o755)
        done += file.size
    durable.write_file(folder / LISTING, archive.content)


def _put(partial: Path, folder: Path) -> None:
    """Make ``partial`` what ``folder`` is."""
    before = folder.with_name(f"{folder.name}{_BEFORE}")
    if folder.exists():
        try:
            folder.rename(before)
        except PermissionError as error:
            raise PackInUse(name=folder.name) from error
    partial.rename(folder)
    durable.flush_folder(folder.parent)
    shutil.rmtree(before, ignore_errors=True)


def _sweep(place: Path) -> None:
    for folder in place.iterdir():
        name = folder.name
        if name.endswith(_BEFORE) and not (place / name.removesuffix(_BEFORE)).exists():
            with contextlib.suppress(OSError):  # Windows, while something of it is open
                folder.rename(place / name.removesuffix(_BEFORE))  # its successor never took its place
        elif name.endswith((_BEFORE, _PARTIAL)) and folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)
