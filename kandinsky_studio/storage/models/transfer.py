"""Fetching the files of a manifest: kept to the byte whatever happens, checked while they come, stopped at once."""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import os
import shutil
import time
from collections import deque
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from kandinsky_studio.errors import DiskTooSimple, NotEnoughRoom, StudioError, WrongFile
from kandinsky_studio.storage import durable
from kandinsky_studio.storage.alone import alone
from kandinsky_studio.storage.models import manifest as manifests
from kandinsky_studio.storage.models.hub import Answer, Interrupted
from kandinsky_studio.storage.models.manifest import BLOCK, Hasher, Manifest, PublishedFile, length
from kandinsky_studio.storage.models.patience import Patience

PART = ".part"
"""Ends the names of files that are on their way; the next run goes on with them."""

LOCK = ".kandinsky-studio.lock"
MARGIN = 64 * 2**20  # bytes of the disk that are left alone

_TRIES = 6  # in a row that bring no byte
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0  # seconds before the next try
_LONGEST_ASKED = 300.0  # seconds; who asks for more patience is told to the user
_SPEED_OVER = 5.0  # seconds
_TELL_EVERY = 0.1  # seconds
_FAT_LIMIT = 2**32 - 1  # bytes of a file on FAT32
_FAT = {"vfat", "msdos", "fat", "fat32"}


class Source(Protocol):
    """Where bytes come from: a :class:`~kandinsky_studio.storage.models.hub.Hub`, or a folder. ``host`` is its name."""

    @property
    def host(self) -> str: ...

    def opened(self, source: Manifest, file: PublishedFile, start: int = 0) -> AbstractContextManager[Answer]:
        """The bytes of ``file`` from ``start`` on, or from an earlier place."""


@dataclass(frozen=True)
class Delivery:
    """How far the files are. Counts are bytes, of all files and of the one at hand; what was there before counts.

    ``speed`` is in bytes per second over the last few, ``seconds_left`` None while nobody can tell. ``waiting`` is
    above 0 while nothing comes: the seconds until the next try; ``checking`` says that bytes on the disk are read,
    ``again`` that the file came damaged and comes once more. ``folder`` is the repository's.
    """

    done: int
    total: int
    file: str
    file_done: int
    file_size: int
    speed: float = 0.0
    seconds_left: float | None = None
    waiting: float = 0.0
    checking: bool = False
    again: bool = False
    folder: str = ""


OnDelivery = Callable[[Delivery], None]


def fetch(
    wanted: Manifest,
    folder: Path,
    source: Source,
    *,
    on_progress: OnDelivery = lambda _: None,
    check_wanted: Callable[[], None] = lambda: None,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Bring all files of ``wanted`` into ``folder`` and the manifest with them, unless they are there.

    A file gets its name when its digest was found right; one that was found wrong is deleted and fetched once more.
    Two programs may ask for the same: the second waits for the first and finds what it left. ``check_wanted`` is called
    often and may raise ``Cancelled``. Whatever this raises, ``StudioError`` or ``Cancelled``, what came is kept, and
    the next call goes on there.
    """
    try:
        durable.make_folder(folder)
    except OSError as error:
        raise durable.cause_of(error, folder) from error
    with alone(folder / LOCK, check_wanted):
        manifests.write(folder, _joined(folder, wanted))
        missing = wanted.missing(folder)
        _check_disk(folder, missing)
        run = _Run(wanted, missing, folder, source, on_progress, check_wanted, sleep)
        for file in missing:
            run.bring(file)
        run.tell_end()


def left_to_fetch(wanted: Manifest, folder: Path) -> int:
    """Bytes that :func:`fetch` would have to bring into ``folder``, less what an earlier run left there."""
    return _left(wanted.missing(folder), folder)


class _Run:
    """One call of :func:`fetch`."""

    def __init__(
        self,
        wanted: Manifest,
        missing: tuple[PublishedFile, ...],
        folder: Path,
        source: Source,
        on_progress: OnDelivery,
        check_wanted: Callable[[], None],
        sleep: Callable[[float], None],
    ) -> None:
        self._manifest, self._folder, self._source = wanted, folder, source
        self._on_progress, self._check_wanted, self._sleep = on_progress, check_wanted, sleep
        self._total = wanted.size
        self._before = self._total - sum(file.size for file in missing)  # bytes of files that are finished
        self._came: deque[tuple[float, int]] = deque()  # when, and how many bytes
        self._told = 0.0
        self._again = False  # whether the file at hand came damaged

    def bring(self, file: PublishedFile) -> None:
        """One file, whole and right."""
        path = self._folder / file.path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            for last in (False, True):
                self._again = last
                if self._bring_bytes(file, _part(path)):
                    break
                if last:
                    _part(path).unlink(missing_ok=True)
                    raise WrongFile(file=file.path, host=self._source.host)
                _part(path).unlink()  # whatever it is, it is not what was asked for
            os.replace(_part(path), path)
        except OSError as error:
            if error.errno == errno.EFBIG:
                raise DiskTooSimple(folder=self._folder, file=file.path) from error
            raise durable.cause_of(error, self._folder) from error
        self._before += file.size

    def tell_end(self) -> None:
        """Everything is there."""
        last = self._manifest.files[-1] if self._manifest.files else None
        name, size = (last.path, last.size) if last else ("", 0)
        folder = self._folder.name
        self._on_progress(Delivery(self._total, self._total, name, size, size, seconds_left=0.0, folder=folder))

    def _bring_bytes(self, file: PublishedFile, part: Path) -> bool:
        """Fill ``part``; whether it became what it should be."""
        hasher = file.hasher()
        with part.open("r+b" if part.exists() else "x+b") as stream:
            if length(part) > file.size:
                stream.truncate(0)
            while block := stream.read(BLOCK):  # what an earlier run left
                hasher.update(block)
                self._tell(file, hasher.count, checking=True)
            try:
                self._fill(file, stream, hasher)
            finally:
                stream.flush()
                os.fsync(stream.fileno())
        return hasher.right

    def _fill(self, file: PublishedFile, stream: BinaryIO, hasher: Hasher) -> None:
        patience = Patience(
            _TRIES,
            _FIRST_WAIT,
            _LONGEST_WAIT,
            _LONGEST_ASKED,
            check_wanted=self._check_wanted,
            sleep=self._sleep,
            tell=lambda left: self._tell(file, hasher.count, waiting=left, now=True),
        )
        while hasher.count < file.size:
            before = hasher.count
            try:
                with self._source.opened(self._manifest, file, hasher.count) as answer:
                    self._take(file, answer, stream, hasher)
                if hasher.count < file.size and hasher.count == before:
                    raise Interrupted(WrongFile(file=file.path, host=self._source.host))
            except Interrupted as reason:
                patience.wait(reason, hasher.count > before)

    def _take(self, file: PublishedFile, answer: Answer, stream: BinaryIO, hasher: Hasher) -> None:
        known = hasher.count - answer.start  # bytes that come once more, from a side that can't begin later
        for block in answer.blocks:
            new = block[known:] if known > 0 else block
            known -= len(block)
            stream.write(new)
            hasher.update(new)
            if hasher.count > file.size:  # more than there is of it: its digest can't be right any more
                return
            self._came.append((time.monotonic(), len(new)))
            self._tell(file, hasher.count)

    def _tell(
        self, file: PublishedFile, count: int, *, checking: bool = False, waiting: float = 0.0, now: bool = False
    ) -> None:
        self._check_wanted()
        clock = time.monotonic()
        if not now and clock - self._told < _TELL_EVERY:
            return
        self._told = clock
        while self._came and clock - self._came[0][0] > _SPEED_OVER:
            self._came.popleft()
        came = sum(count for _, count in self._came)
        speed = came / max(clock - self._came[0][0], 0.5) if self._came else 0.0
        done = self._before + count
        left = (self._total - done) / speed if speed > 0 else None
        delivery = Delivery(done, self._total, file.path, count, file.size, speed, left, waiting, checking)
        self._on_progress(dataclasses.replace(delivery, again=self._again, folder=self._folder.name))


def came(file: PublishedFile, folder: Path) -> int:
    """Bytes of ``file`` that are in ``folder``, whole or left by an earlier run."""
    if length(folder / file.path) == file.size:
        return file.size
    return min(max(length(_part(folder / file.path)), 0), file.size)


def _left(missing: tuple[PublishedFile, ...], folder: Path) -> int:
    """Bytes of ``missing`` files that no earlier run left in ``folder``."""
    return sum(file.size - came(file, folder) for file in missing)


def _part(path: Path) -> Path:
    return path.with_name(path.name + PART)


def _joined(folder: Path, wanted: Manifest) -> Manifest:
    """What is to be in ``folder`` then: files that came earlier, of the same revision, and those that are ``wanted``."""
    with contextlib.suppress(StudioError, ValueError):
        there = manifests.read(folder)
        if there is not None:
            return there.joined(wanted)
    return wanted


def _check_disk(folder: Path, missing: tuple[PublishedFile, ...]) -> None:
    needed = _left(missing, folder)
    free = shutil.disk_usage(folder).free
    if needed and needed + MARGIN > free:
        raise NotEnoughRoom(folder=folder, needed=in_units(needed + MARGIN - free), free=in_units(free))
    largest = max(missing, key=lambda file: file.size, default=None)
    if largest is not None and largest.size > _FAT_LIMIT and _file_system(folder) in _FAT:
        raise DiskTooSimple(folder=folder, file=largest.path)


def _file_system(folder: Path) -> str:
    """What the disk of ``folder`` is formatted as, in lower case; empty if nobody can tell."""
    import psutil

    with contextlib.suppress(OSError):
        place = folder.resolve()
        disks = {Path(disk.mountpoint): disk.fstype.lower() for disk in psutil.disk_partitions(all=True)}
        for above in (place, *place.parents):
            if above in disks:
                return str(disks[above])
    return ""


def in_units(count: int) -> str:
    """Bytes to read: ``"4.1 GB"``."""
    size = float(count)
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
