"""The folder that holds the weights: what lies in it, how large it is, moved to another disk, removed."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from kandinsky_studio.errors import DiskFull, FolderNotWritable
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models.catalogue import Part
from kandinsky_studio.storage.models.manifest import BLOCK, Manifest, PublishedFile
from kandinsky_studio.storage.models.transfer import LOCK, MARGIN, PART

_MOVING = ".moving"  # ends the names of folders that are being copied


@dataclass(frozen=True)
class Held:
    """A folder with weights. ``manifest`` is what belongs into it, None if nobody said: it was put there by hand.

    ``missing`` are files that are not there, or not yet, in full length; ``size`` and ``partial`` are bytes of what is
    there and of what is on its way.
    """

    folder: Path
    manifest: Manifest | None
    missing: tuple[PublishedFile, ...]
    size: int
    partial: int

    @property
    def whole(self) -> bool:
        return not self.missing


def held(place: Path) -> list[Held]:
    """All folders with weights in ``place``, by name. What can't be read is passed over."""
    try:
        folders = sorted(path for path in place.iterdir() if path.is_dir() and not path.name.endswith(_MOVING))
    except OSError:
        return []
    return [look(folder) for folder in folders if not folder.name.startswith(".")]  # what is on its way or out


def free(place: Path) -> int:
    """Bytes free on the disk that ``place`` is on, or will be; 0 if nobody can tell."""
    try:
        return shutil.disk_usage(next(above for above in (place, *place.parents) if above.exists())).free
    except (OSError, StopIteration):
        return 0


def look(folder: Path) -> Held:
    """What lies in one folder."""
    manifest = manifests.find(folder)
    size = partial = 0
    for path in _files(folder):
        with contextlib.suppress(OSError):
            if path.name.endswith(PART):
                partial += path.stat().st_size
            else:
                size += path.stat().st_size
    return Held(folder, manifest, manifest.missing(folder) if manifest else (), size, partial)


def remove(folder: Path) -> int:
    """Delete a folder with weights; how many bytes that gave back. Raises ``FolderNotWritable``.

    It is renamed first, so that nothing finds half of it. A link is removed, and not what it leads to.
    """
    size = look(folder).size
    try:
        if folder.is_symlink():
            folder.unlink()
            return 0
        gone = folder.with_name(f".{folder.name}.removed")
        shutil.rmtree(gone, ignore_errors=True)
        folder.rename(gone)
        shutil.rmtree(gone)
    except OSError as error:
        raise FolderNotWritable(folder=folder) from error
    return size


def remove_parts(folder: Path, parts: Iterable[Part]) -> None:
    """Delete the files of some ``parts`` from a folder that has others, too. Raises ``FolderNotWritable``.

    The manifest says so first: what it does not name, nobody misses.
    """
    names = {name for part in parts for file in part.files for name in file}
    manifest = manifests.read(folder)
    if manifest is not None:
        manifests.write(folder, manifest.only(file.path for file in manifest.files if file.path not in names))
    try:
        for name in names:
            for path in (folder / name, folder / (name + PART)):
                path.unlink(missing_ok=True)
        for below in sorted((p for p in folder.rglob("*") if p.is_dir()), reverse=True):
            with contextlib.suppress(OSError):
                below.rmdir()  # only what is empty goes
    except OSError as error:
        raise FolderNotWritable(folder=folder) from error


def sweep(folders: Iterable[Path]) -> None:
    """Delete what came of files that are not whole, and folders that nothing whole is in.

    Raises ``FolderNotWritable``.
    """
    for folder in folders:
        try:
            for path in folder.rglob("*" + PART):
                path.unlink(missing_ok=True)
            if folder.is_dir() and not any(path.name not in (LOCK, manifests.NAME) for path in _files(folder)):
                remove(folder)
        except OSError as error:
            raise FolderNotWritable(folder=folder) from error


def put_aside(folder: Path, file: PublishedFile) -> None:
    """Take a damaged file out of use, so that the next delivery fetches it again. Raises ``FolderNotWritable``."""
    try:
        if (folder / file.path).exists():
            durable.set_aside(folder / file.path)
    except OSError as error:
        raise FolderNotWritable(folder=folder) from error


def move(
    place: Path, target: Path, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Path, ...]:
    """Move all folders with weights from ``place`` into ``target``; where they are then.

    ``on_progress`` hears bytes done and in all, and may raise ``Cancelled``: folders are moved one by one, each is
    whole at one of the two places whenever it ends. Copies are checked against their manifest before the original
    goes. Raises ``DiskFull`` or ``FolderNotWritable``.
    """
    folders = held(place)
    try:
        durable.make_folder(target)
    except OSError as error:
        raise durable.cause_of(error, target) from error
    if target.resolve() == place.resolve():
        return tuple(one.folder for one in folders)
    total, done = sum(one.size + one.partial for one in folders), 0
    moved = []
    for one in folders:
        goal = target / one.folder.name
        if goal.exists():
            raise FolderNotWritable(folder=goal)
        try:
            one.folder.rename(goal)  # on the same disk: at once
            done += one.size + one.partial
        except OSError:
            done = _move_to_other_disk(one, goal, done, total, on_progress)
        on_progress(done, total)
        moved.append(goal)
    return tuple(moved)


def _move_to_other_disk(one: Held, goal: Path, done: int, total: int, on_progress: Callable[[int, int], None]) -> int:
    if one.size + one.partial + MARGIN > shutil.disk_usage(goal.parent).free:
        raise DiskFull(folder=goal.parent)
    copy = goal.with_name(goal.name + _MOVING)
    shutil.rmtree(copy, ignore_errors=True)
    try:
        for path in _files(one.folder):
            to = copy / path.relative_to(one.folder)
            to.parent.mkdir(parents=True, exist_ok=True)
            with path.open("rb") as source, to.open("xb") as file:
                while block := source.read(BLOCK):
                    file.write(block)
                    done += len(block)
                    on_progress(done, total)
                file.flush()
                os.fsync(file.fileno())
        copy.rename(goal)
    except BaseException as error:
        shutil.rmtree(copy, ignore_errors=True)
        if isinstance(error, OSError):
            raise durable.cause_of(error, goal.parent) from error
        raise
    if one.manifest is not None and (set(manifests.damaged(goal, one.manifest)) - set(one.missing)):
        shutil.rmtree(goal, ignore_errors=True)
        raise FolderNotWritable(folder=goal)
    remove(one.folder)
    return done


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.name != LOCK and p.is_file())
