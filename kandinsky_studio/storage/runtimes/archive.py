"""The file that a runtime pack is handed on as: a zip, in several parts where it is large. Nothing in it is trusted."""

from __future__ import annotations

import io
import re
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kandinsky_studio.errors import FileMissing, FileNotReadable, NotAPack, PackCutShort, PackDamaged
from kandinsky_studio.runtime.pack import LISTING, MAX_LISTING, Pack, PackedFile, is_name, parse

BLOCK = 2**20  # bytes
_MOST_PARTS = 100
_MOST_FILES = 100_000
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError)


@dataclass(frozen=True)
class Archive:
    """A pack in a file: its listing, its bytes (``content``), and the entries it is read from."""

    pack: Pack
    content: bytes
    _zip: zipfile.ZipFile
    _entries: dict[str, zipfile.ZipInfo]

    def blocks(self, file: PackedFile) -> Iterator[bytes]:
        """The bytes of ``file``, at most one block more than it should have. Raises ``PackDamaged``."""
        left = file.size
        try:
            with self._zip.open(self._entries[file.path]) as stream:
                while left >= 0 and (block := stream.read(BLOCK)):
                    left -= len(block)
                    yield block
        except (*_UNREADABLE, OSError) as error:
            raise PackDamaged(file=file.path) from error

    def runs(self, file: PackedFile) -> bool:
        """Whether ``file`` is a program."""
        return bool(self._entries[file.path].external_attr >> 16 & stat.S_IXUSR)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Read what the file, or the parts beside it, hold. ``path`` may be any of the parts.

    Raises ``FileMissing``, ``FileNotReadable``, ``NotAPack``, ``PackCutShort`` or ``PackDamaged``.
    """
    parts = parts_of(path)
    try:
        with _Joined(parts) as joined:
            if joined.read(4) != b"PK\x03\x04":
                raise NotAPack(file=path.name)
            try:
                archive = zipfile.ZipFile(joined)
            except _UNREADABLE as error:  # the list of contents is at the end, so that it is what is missing first
                raise PackCutShort(file=path.name) from error
            with archive:
                yield _archive(path.name, archive)
    except FileNotFoundError as error:
        raise FileMissing(file=path) from error
    except OSError as error:
        raise FileNotReadable(file=path) from error


def parts_of(path: Path) -> list[Path]:
    """All files that the one at ``path`` belongs to, in order. Raises ``PackCutShort`` if one between others is missing."""
    numbered = re.fullmatch(r"(.+\.zip)\.\d{3}", path.name, re.IGNORECASE)
    if numbered is None:
        return [path]
    there = {number for number in range(1, _MOST_PARTS) if _part(path, numbered[1], number).is_file()}
    if not there:
        raise FileMissing(file=path)
    missing = set(range(1, max(there) + 1)) - there
    if missing:
        raise PackCutShort(file=_part(path, numbered[1], min(missing)).name)
    return [_part(path, numbered[1], number) for number in sorted(there)]


def _part(path: Path, name: str, number: int) -> Path:
    return path.with_name(f"{name}.{number:03}")


def _archive(name: str, archive: zipfile.ZipFile) -> Archive:
    entries = [entry for entry in archive.infolist() if not entry.is_dir()]
    top = {entry.filename.partition("/")[0] for entry in entries}
    if len(entries) > _MOST_FILES or len(top) != 1 or not is_name(folder := top.pop()):
        raise NotAPack(file=name)
    by_path = {entry.filename.removeprefix(f"{folder}/"): entry for entry in entries}
    if LISTING not in by_path or len(by_path) != len(entries):
        raise NotAPack(file=name)
    for path, entry in by_path.items():
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in (0, stat.S_IFREG) or entry.flag_bits & 1 or entry.compress_type not in _METHODS:
            raise PackDamaged(file=path)  # a link, a device, something locked or packed in another way
    try:
        with archive.open(by_path[LISTING]) as stream:
            content = stream.read(MAX_LISTING + 1)
        pack = parse(content)
    except (*_UNREADABLE, OSError) as error:
        raise NotAPack(file=name) from error
    if pack.name != folder:
        raise NotAPack(file=name)
    listed = {file.path for file in pack.files}
    for path in (listed | {LISTING}) ^ by_path.keys():
        raise PackDamaged(file=path)  # it is listed and not there, or there and not listed
    for file in pack.files:
        if by_path[file.path].file_size != file.size:
            raise PackDamaged(file=file.path)
    return Archive(pack, content, archive, by_path)


class _Joined(io.RawIOBase):
    """Several files as one that is read."""

    def __init__(self, paths: list[Path]) -> None:
        self._streams: list[Any] = []
        self._ends: list[int] = []
        self._place = 0
        try:
            for path in paths:
                self._streams.append(path.open("rb"))
                self._ends.append(self._streams[-1].seek(0, io.SEEK_END) + (self._ends[-1] if self._ends else 0))
        except OSError:
            self.close()
            raise

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._ends[-1]}[whence]
        if start + offset < 0:
            raise ValueError("before the beginning")
        self._place = start + offset
        return self._place

    def read(self, size: int | None = -1) -> bytes:
        wanted = max(self._ends[-1] - self._place, 0) if size is None or size < 0 else size
        blocks = []
        begin = 0
        for stream, end in zip(self._streams, self._ends, strict=True):
            if wanted > 0 and self._place < end:
                stream.seek(self._place - begin)
                block = stream.read(min(wanted, end - self._place))
                blocks.append(block)
                self._place += len(block)
                wanted -= len(block)
            begin = end
        return b"".join(blocks)

    def close(self) -> None:
        for stream in self._streams:
            stream.close()
        super().close()
