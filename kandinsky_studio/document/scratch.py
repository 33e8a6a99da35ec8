"""Tiles that the undo list remembers and memory has no room for."""

from __future__ import annotations

import tempfile
import threading
import zlib
from collections import deque
from pathlib import Path
from typing import IO

from kandinsky_studio.errors import DiskFull

_UNIT = 4096  # bytes; every block begins and ends on a multiple of it, so that freed ones can be used again
_SAMPLE = 8192  # bytes that tell whether a tile packs well


class Block:
    """Bytes on disk. Their room is given back when nobody refers to the block any more."""

    __slots__ = ("_freed", "_length", "_packed", "_place", "_scratch")

    def __init__(self, scratch: Scratch, place: int, length: int, packed: bool, freed: deque[tuple[int, int]]) -> None:
        self._scratch = scratch
        self._place = place
        self._length = length
        self._packed = packed
        self._freed = freed

    def read(self) -> bytes:
        data = self._scratch._read(self._place, self._length)
        return zlib.decompress(data) if self._packed else data

    def __del__(self) -> None:
        self._freed.append((_units(self._length), self._place))  # takes no lock: this may run at any moment


class Scratch:
    """A file without a name in ``folder`` (the system's if not given), gone when the program is, however it ends."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end = 0
        self._lock = threading.Lock()
        self._freed: deque[tuple[int, int]] = deque()
        self._free: dict[int, list[int]] = {}  # by units: the places where so many are free

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._end

    def write(self, data: bytes) -> Block:
        """Keep ``data`` as long as the block is kept. Raises ``DiskFull``."""
        packs = packs_well(data)
        packed = zlib.compress(data, 1) if packs else data
        with self._lock:
            place = self._room(_units(len(packed)))
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile(dir=self._folder, prefix="kandinsky-studio-")  # noqa: SIM115
                self._file.seek(place)
                self._file.write(packed)
                self._file.flush()
            except OSError as error:
                self._freed.append((_units(len(packed)), place))
                raise DiskFull(folder=self._folder or Path(tempfile.gettempdir())) from error
            self._end = max(self._end, place + _units(len(packed)) * _UNIT)
            return Block(self, place, len(packed), packs, self._freed)

    def close(self) -> None:
        """Give the disk back. What was put away is gone."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
            self._end = 0
            self._free.clear()
            self._freed = deque()

    def _room(self, units: int) -> int:
        """Where so many units are free: in a gap that is not much larger, or at the end."""
        while self._freed:
            count, place = self._freed.popleft()
            self._free.setdefault(count, []).append(place)
        for count in range(units, units * 2):
            places = self._free.get(count)
            if places:
                place = places.pop()
                if count > units:
                    self._free.setdefault(count - units, []).append(place + units * _UNIT)
                return place
        return self._end

    def _read(self, place: int, length: int) -> bytes:
        with self._lock:
            assert self._file is not None
            self._file.seek(place)
            return self._file.read(length)


def packs_well(data: bytes) -> bool:
    """Whether packing is worth the time, by what becomes of some rows in the middle. Noise takes five times as long."""
    some = data[len(data) // 2 :][:_SAMPLE]
    return len(zlib.compress(some, 1)) < len(some) * 3 // 4


def _units(length: int) -> int:
    return -(-length // _UNIT)
