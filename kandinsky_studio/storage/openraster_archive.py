"""The archive of an OpenRaster file. Nothing of it is ever unpacked to the disk: its files are read by their names,
into memory, after their sizes are known.
"""

from __future__ import annotations

import os
import zipfile
from typing import IO

from kandinsky_studio.errors import DamagedPicture, PictureCutShort, UnknownFileKind, UnreadableVariant
from kandinsky_studio.storage import openraster as names

_MAX_FILES = 10_000
_MAX_DIRECTORY = 4 * 2**20  # bytes of the list of files; a kilobyte of memory becomes of each of its entries
_MAX_TEXT = 8 * 2**20  # bytes of stack.xml, and of what we add
_END, _END_64, _LOCATOR = b"PK\5\6", b"PK\6\6", b"PK\6\7"
_END_LENGTH, _END_64_LENGTH, _LOCATOR_LENGTH = 22, 56, 20
_BITS_OF_ENCRYPTION = 0x41


class Archive:
    """The files in ``file``. Raises ``UnknownFileKind`` if it is no OpenRaster file, ``PictureCutShort``,
    ``DamagedPicture``, ``zipfile.BadZipFile`` or ``OSError``; ``name`` is what messages call it."""

    def __init__(self, file: IO[bytes], name: str) -> None:
        self.name = name
        if file.read(4) != b"PK\3\4":
            raise UnknownFileKind(file=name, known="OpenRaster")
        length = _directory_length(file)
        if length < 0:
            raise PictureCutShort(file=name)
        if length > _MAX_DIRECTORY:
            raise DamagedPicture(file=name)
        file.seek(0)
        self._zip = zipfile.ZipFile(file)
        if len(self._zip.infolist()) > _MAX_FILES:
            raise DamagedPicture(file=name)
        if names.STACK not in self:
            raise UnknownFileKind(file=name, known="OpenRaster")

    def __contains__(self, name: str) -> bool:
        return _key(name) in self._zip.NameToInfo

    def inside(self, folder: str) -> list[str]:
        """The names that begin with ``folder``, which ends with a slash."""
        return [name for name in self._zip.NameToInfo if name.startswith(folder)]

    def size(self, name: str) -> int:
        """Bytes. Raises ``KeyError``."""
        return self._zip.getinfo(_key(name)).file_size

    def head(self, name: str, length: int) -> bytes:
        """The first bytes. Raises ``KeyError``."""
        with self._open(name) as file:
            return file.read(length)

    def read(self, name: str) -> bytes:
        """All bytes; whoever asks has looked at :meth:`size`. Raises ``KeyError``."""
        with self._open(name) as file:
            return file.read()

    def text(self, name: str) -> str:
        """Of a file that is small in all honest archives. Raises ``KeyError``, ``ValueError`` or ``DamagedPicture``."""
        with self._open(name) as file:
            data = file.read(_MAX_TEXT + 1)
        if len(data) > _MAX_TEXT:
            raise DamagedPicture(file=self.name)
        return data.decode("utf-8-sig")

    def _open(self, name: str) -> IO[bytes]:
        info = self._zip.getinfo(_key(name))
        packed_as_all_do = info.compress_type in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        if info.flag_bits & _BITS_OF_ENCRYPTION or not packed_as_all_do:
            raise UnreadableVariant(file=self.name, format="OpenRaster")
        return self._zip.open(info)


def _key(name: str) -> str:
    """What :mod:`zipfile` keeps a name under, which reads the separators of this system as slashes."""
    return name if os.sep == "/" else name.replace(os.sep, "/")


def _directory_length(file: IO[bytes]) -> int:
    """How long the list of files is, as :mod:`zipfile` will see it, which reads all of it at once; -1 for none."""
    length = file.seek(0, os.SEEK_END)
    start = max(length - _END_LENGTH - 0xFFFF, 0)
    file.seek(start)
    tail = file.read()
    end = len(tail) - _END_LENGTH
    if not (tail[end : end + 4] == _END and tail.endswith(b"\0\0")):
        end = tail.rfind(_END)
    if end < 0 or end + _END_LENGTH > len(tail):
        return -1  # the list is what such a file ends with
    large = start + end - _LOCATOR_LENGTH - _END_64_LENGTH
    if large >= 0:
        file.seek(large)
        record = file.read(_END_64_LENGTH + 4)
        if record[:4] == _END_64 and record[_END_64_LENGTH:] == _LOCATOR:
            return int.from_bytes(record[40:48], "little")
    return int.from_bytes(tail[end + 12 : end + 16], "little")
