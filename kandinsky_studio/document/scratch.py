"""Tiles that the undo list remembers and memory has no room for."""

from __future__ import annotations

import tempfile
import threading
import zlib
from pathlib import Path
from typing import IO

from kandinsky_studio.errors import DiskFull


class Scratch:
    """A file without a name in ``folder`` (the system's if not given), gone when the program is, however it ends."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file: IO[bytes] | None = None
        self._end = 0
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return self._end

    def write(self, data: bytes) -> int:
        """Keep ``data``; returns the place that :meth:`read` wants. Raises ``DiskFull``."""
        packed = zlib.compress(data, 1)
        with self._lock:
            try:
                if self._file is None:
                    self._file = tempfile.TemporaryFile(dir=self._folder, prefix="kandinsky-studio-")  # noqa: SIM115
                place = self._end
                self._file.seek(place)
                self._file.write(len(packed).to_bytes(8, "little"))
                self._file.write(packed)
                self._file.flush()
            except OSError as error:
                raise DiskFull(folder=self._folder or Path(tempfile.gettempdir())) from error
            self._end = place + 8 + len(packed)
            return place

    def read(self, place: int) -> bytes:
        with self._lock:
            assert self._file is not None
            self._file.seek(place)
            length = int.from_bytes(self._file.read(8), "little")
            return zlib.decompress(self._file.read(length))

    def close(self) -> None:
        """Give the disk back. What was put away is gone."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None
                self._end = 0
