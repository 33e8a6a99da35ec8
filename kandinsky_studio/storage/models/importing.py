"""Weights from somewhere else than the Hub: a folder, a memory stick, a browser's downloads, another program's cache.

Files are told by where they lie in a repository's folder, by the list that lies beside them, or, loose ones with whatever
name, by what is in them: how many numbers a network has, what a configuration says. Those that 2.1 was first published
in become what the program reads while they are copied.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kandinsky_studio.errors import NotEnoughRoom, StudioError, WrongFile
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models import originals
from kandinsky_studio.storage.models.catalogue import OPTIONAL, Catalogue, Part, Repository
from kandinsky_studio.storage.models.manifest import BLOCK, Manifest, PublishedFile, length
from kandinsky_studio.storage.models.originals import Original
from kandinsky_studio.storage.models.transfer import MARGIN, in_units

_DEEP = 8  # folders below the one that was shown
_MANY = 50_000  # files that are looked at
_MAX_HEADER = 100_000_000  # bytes, the limit of the format
_MAX_JSON = 2**20
_REVISION = re.compile("[0-9a-f]{40}")


@dataclass(frozen=True)
class Found:
    """A file that belongs to ``repository`` as ``path``. ``known`` is how it must be, if something told.

    One of the first release becomes several, which ``original`` knows; ``path`` is the first of them.
    """

    source: Path
    repository: Repository
    path: str
    size: int
    known: PublishedFile | None = None
    original: Original | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """What it becomes in the repository's folder."""
        return (self.path,) if self.original is None else self.original.files

    def is_in(self, place: Path) -> bool:
        """Whether that is there already, in full length."""
        folder = place / self.repository.folder
        if self.original is not None:
            return self.original.is_in(folder)
        return length(folder / self.path) == self.size


@dataclass(frozen=True)
class Findings:
    """What was found in a folder, and for each repository the revision it is of, if that is certain.

    ``wanting`` are files without which others that are there, of the first release of 2.1, are of no use.
    """

    files: tuple[Found, ...]
    revisions: dict[str, str]
    wanting: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return sum(file.size for file in self.files)

    @property
    def repositories(self) -> tuple[Repository, ...]:
        return tuple(dict.fromkeys(file.repository for file in self.files))

    def lacks(self, part: Part, place: Path) -> list[str]:
        """Files of a part that are neither among these nor in ``place``; empty if it would be whole."""
        there = {path for file in self.files if file.repository == part.repository for path in file.paths}
        folder = place / part.repository.folder
        there |= {name for names in part.files for name in names if (folder / name).is_file()}
        return [names[0] for names in part.files if not there & set(names) and OPTIONAL not in names]

    def lacking(self, catalogue: Catalogue, place: Path) -> dict[str, list[str]]:
        """By the key of a model the files it still lacks in ``place`` with these, if it is one that came with them.

        What no picture can be made without, and parts for other tasks that are there but not whole.
        """
        found: dict[str, list[str]] = {}
        for offer in catalogue.offers.values():
            first = set(offer.parts(list(offer.tasks)[:1]))
            names = list(self.wanting) if offer.model == originals.MODEL else []
            for part in offer.parts(offer.tasks):
                missing = self.lacks(part, place) if part.repository in self.repositories else []
                if part in first or len(missing) < len(part.files):
                    names += [f"{part.repository.folder}/{name}" for name in missing]
            if names:
                found[offer.model] = sorted(set(names))
        return found


def look(folder: Path, catalogue: Catalogue, check_wanted: Callable[[], None] = lambda: None) -> Findings:
    """What of the catalogue is in ``folder`` and below it. Reads names, lists and headers, not whole files.

    Links are followed to files, not to folders. ``check_wanted`` may raise ``Cancelled``.
    """
    found: dict[tuple[str, str], Found] = {}
    revisions: dict[str, str] = {}
    taken: set[Path] = set()
    folders = {repository.folder.lower(): repository for repository in catalogue.repositories}
    names = {repository.repository.replace("/", "--").lower(): repository for repository in catalogue.repositories}
    for below in _folders(folder):
        check_wanted()
        manifest = manifests.find(below)
        cached = names.get(below.name.lower().removeprefix("models--"))
        if manifest is not None:
            own = next((r for r in catalogue.repositories if r.repository == manifest.repository), None)
            if own is not None:
                revisions[own.folder] = manifest.revision
                _add(found, taken, own, below, _parts_of(catalogue, own), {file.path: file for file in manifest.files})
        elif cached is not None and (snapshot := _snapshot(below)) is not None:
            revisions[cached.folder] = snapshot.name
            _add(found, taken, cached, snapshot, _parts_of(catalogue, cached), _digests(snapshot))
        elif (plain := folders.get(below.name.lower())) is not None:
            _add(found, taken, plain, below, _parts_of(catalogue, plain), {})
    kinds: dict[Path, str] = {}
    for path in _files(folder):
        check_wanted()
        if path.resolve() not in taken:
            for loose in _loose(path, catalogue):
                found.setdefault((loose.repository.folder, loose.path), loose)
            if kind := originals.look(path):
                kinds[path] = kind
    wanting = _originals(kinds, catalogue, found)
    return Findings(tuple(found.values()), revisions, wanting)


def _originals(kinds: dict[Path, str], catalogue: Catalogue, found: dict[tuple[str, str], Found]) -> tuple[str, ...]:
    """Add the files of the first release to what was ``found``, unless it is there in the present layout."""
    repositories = {repository.folder: repository for repository in catalogue.repositories}
    chosen, wanting = originals.paired(kinds)
    for original in chosen:
        repository = repositories.get(original.folder)
        if repository is None or any((original.folder, name) in found for name in original.weights):
            continue
        path = original.files[0]
        size = length(original.source)
        found[original.folder, path] = Found(original.source, repository, path, size, original=original)
        for beside, name in original.copies:
            copy = Found(beside, repository, name, length(beside))
            found.setdefault((original.folder, name), copy)
    return tuple(wanting)


def bring(
    findings: Findings, place: Path, on_progress: Callable[[int, int], None] = lambda done, total: None
) -> tuple[Path, ...]:
    """Copy what was found into ``place``; the folders that took something.

    Every file is compared with what is known of it while it is copied, and gets its name when it is whole. What is
    there in full length stays. ``on_progress`` hears bytes done and in all, and may raise ``Cancelled``; what was
    copied until then is kept. Raises ``WrongFile`` for a file that is not what its list says, ``BrokenModel`` for one of
    the first release that is damaged or hostile, ``NotEnoughRoom``, ``DiskFull`` or ``FolderNotWritable``.
    """
    todo = [file for file in findings.files if not file.is_in(place)]
    total, done = sum(file.size for file in todo), 0
    try:
        durable.make_folder(place)
        free = shutil.disk_usage(place).free
        if todo and total + MARGIN > free:
            raise NotEnoughRoom(folder=place, needed=in_units(total + MARGIN - free), free=in_units(free))
        for file in todo:
            folder = place / file.repository.folder
            if file.original is not None:
                originals.write(file.original, folder, partial(_tell, file.size, done, total, on_progress))
                done += file.size
                continue
            target = folder / file.path
            target.parent.mkdir(parents=True, exist_ok=True)
            done = _copy(file, target, done, total, on_progress)
    except OSError as error:
        raise durable.cause_of(error, place) from error
    folders = tuple(place / repository.folder for repository in findings.repositories)
    for repository in findings.repositories:
        _list(findings, repository, place / repository.folder)
    return folders


def _tell(size: int, done: int, total: int, on_progress: Callable[[int, int], None], share: float) -> None:
    on_progress(done + round(share * size), total)


def _copy(file: Found, target: Path, done: int, total: int, on_progress: Callable[[int, int], None]) -> int:
    hasher = file.known.hasher() if file.known is not None else None
    with file.source.open("rb") as source, durable.replacing(target) as copy:
        while block := source.read(BLOCK):
            copy.write(block)
            if hasher is not None:
                hasher.update(block)
            done += len(block)
            on_progress(done, total)
        if hasher is not None and not hasher.right:
            raise WrongFile(file=file.source.name, host=str(file.source.parent))
    return done


def _list(findings: Findings, repository: Repository, folder: Path) -> None:
    """Say in ``folder`` what belongs there, as far as that is certain: a revision is never made up."""
    revision = findings.revisions.get(repository.folder)
    known = tuple(f.known for f in findings.files if f.repository == repository and f.known is not None)
    if revision is None or not known:
        return
    manifest = Manifest(repository.repository, revision, known)
    try:
        there = manifests.read(folder)
        if there is not None:
            manifest = there.joined(manifest)
    except (StudioError, ValueError):
        pass
    manifests.write(folder, manifest)


# ---------------------------------------------------------------------- what lies where


def _folders(folder: Path) -> Iterator[Path]:
    """``folder`` and those below it, not too deep."""
    depth = len(folder.parts)
    for name, below, _ in os.walk(folder):
        below.sort()
        yield Path(name)
        if len(Path(name).parts) - depth >= _DEEP:
            below.clear()


def _files(folder: Path) -> Iterator[Path]:
    count = 0
    for below in _folders(folder):
        try:
            files = sorted(path for path in below.iterdir() if path.is_file())
        except OSError:
            continue
        for path in files:
            count += 1
            if count > _MANY:
                return
            yield path


def _snapshot(folder: Path) -> Path | None:
    """The revision that counts in a folder of the Hub's cache."""
    try:
        chosen = (folder / "refs" / "main").read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        chosen = ""
    snapshots = folder / "snapshots"
    if _REVISION.fullmatch(chosen) and (snapshots / chosen).is_dir():
        return snapshots / chosen
    found = [p for p in snapshots.iterdir() if _REVISION.fullmatch(p.name)] if snapshots.is_dir() else []
    return max(found, key=lambda path: path.stat().st_mtime, default=None)


def _digests(snapshot: Path) -> dict[str, PublishedFile]:
    """What the cache says of its files: the name of a blob is its digest."""
    known = {}
    for path in snapshot.rglob("*"):
        name = path.resolve().name
        algorithm = {64: "sha256", 40: "git-sha1"}.get(len(name)) if re.fullmatch("[0-9a-f]+", name) else None
        if path.is_file() and algorithm is not None:
            inside = path.relative_to(snapshot).as_posix()
            known[inside] = PublishedFile(inside, path.stat().st_size, algorithm, name)
    return known


def _parts_of(catalogue: Catalogue, repository: Repository) -> list[Part]:
    parts = (part for offer in catalogue.offers.values() for part in offer.parts(offer.tasks))
    return [part for part in dict.fromkeys(parts) if part.repository == repository]


def _add(
    found: dict[tuple[str, str], Found],
    taken: set[Path],
    repository: Repository,
    folder: Path,
    parts: Iterable[Part],
    known: dict[str, PublishedFile],
) -> None:
    """Of each file that ``parts`` name the best one that is in ``folder``."""
    for part in parts:
        for names in part.files:
            name = next((name for name in names if (folder / name).is_file()), None)
            if name is not None:
                size = (folder / name).stat().st_size
                found[repository.folder, name] = Found(folder / name, repository, name, size, known.get(name))
                taken.add((folder / name).resolve())


# ---------------------------------------------------------------------- loose files


def _loose(path: Path, catalogue: Catalogue) -> Iterator[Found]:
    """What a file is that lies anywhere under any name; it may belong to several repositories."""
    size = path.stat().st_size
    for repository in catalogue.repositories:
        for file in repository.files:  # those whose digest is known
            if file.size == size and file.path.rpartition("/")[2] == path.name:
                yield Found(path, repository, file.path, size, file)
    parts = [part for offer in catalogue.offers.values() for part in offer.parts(offer.tasks)]
    if path.suffix == ".safetensors":
        numbers, half = _numbers_in(path)
        for part in dict.fromkeys(parts):
            if numbers is not None and part.numbers == numbers:
                ends = ".fp16.safetensors" if half else ".safetensors"
                names = [name for names in part.files for name in names if name.endswith(ends)]
                if names:
                    yield Found(path, part.repository, names[-1], size)
    elif path.suffix == ".json" and size <= _MAX_JSON:
        told = _json(path)
        for part in dict.fromkeys(parts):
            if told and part.marks and all(told.get(name) == value for name, value in part.marks.items()):
                yield Found(path, part.repository, part.files[0][0], size)
    elif path.suffix in (".pt", ".ckpt"):
        for part in dict.fromkeys(parts):
            names = [name for names in part.files for name in names if name == path.name]
            if names and abs(size - part.size) <= part.size * 0.05:
                yield Found(path, part.repository, names[0], size)


def _numbers_in(path: Path) -> tuple[int | None, bool]:
    """How many numbers a safetensors file has, and whether they are of 16 bits; None if it is none, or not whole."""
    try:
        with path.open("rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(_MAX_HEADER, path.stat().st_size - 8):
                return None, False
            header = json.loads(file.read(length))
        tensors = [entry for name, entry in header.items() if name != "__metadata__"]
        end = max(entry["data_offsets"][1] for entry in tensors)
        if 8 + length + end != path.stat().st_size:
            return None, False
        half = sum(math.prod(entry["shape"]) for entry in tensors if entry["dtype"] in ("F16", "BF16"))
        numbers = sum(math.prod(entry["shape"]) for entry in tensors)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError, RecursionError):
        return None, False
    return numbers, half > numbers / 2


def _json(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) else {}
