"""Weights that stay in their file: mapped into memory, so that they need not be copied before they are used.

The mapping is private: what is written to such a tensor goes to a page of its own and never to the file. Its other
pages are the file's, and the system may drop them when it needs the room, and read them again.
"""

from __future__ import annotations

import contextlib
import errno
import math
import mmap
import os
import sys
import weakref
from collections.abc import Sequence
from pathlib import Path

import torch

from kandinsky_studio.engine import volumes

SMALLEST = 64 * 2**20  # bytes; a smaller file is read as quickly, and then is nobody's business any more

_POPULATE_READ = 22  # of madvise, Linux 5.14: look at all pages now, and return an error instead of ending the program

_POISONED = 133  # EHWPOISON, which Python has no name for: memory that has become unreadable

_lent: dict[int, int] = {}  # bytes in use of each mapping, by its id


def in_use() -> int:
    """Bytes of weights that are used where they lie in their files, by whole program.

    Systems count their pages as available, because they can be dropped; a program that works with them can't spare
    them.
    """
    return sum(list(_lent.values()))


class MappedFile:
    """A file whose tensors are used where they are. It stays mapped as long as one of those that were lent is there."""

    def __init__(self, path: Path) -> None:
        """Map ``path``; raises ``OSError`` or ``ValueError`` if the system does not do that."""
        self.path = path
        with path.open("rb") as file:
            # What is only copied has a mapping of its own, whose pages this program does not have for longer than that.
            self._lasting, self._passing = (mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY) for _ in range(2))
        _lent[id(self._lasting)] = 0
        weakref.finalize(self._lasting, _lent.pop, id(self._lasting), None)
        if hasattr(mmap, "MADV_WILLNEED"):
            with contextlib.suppress(OSError):
                self._lasting.madvise(mmap.MADV_WILLNEED)  # the disk begins to read all that is not in memory yet

    def lent(self, begin: int, shape: Sequence[int], kind: torch.dtype) -> torch.Tensor:
        """The tensor whose bytes begin at ``begin``, to be used for as long as one likes; raises as :meth:`seen`."""
        tensor = self._tensor(self._lasting, begin, shape, kind)
        _lent[id(self._lasting)] += tensor.nbytes
        return tensor

    def seen(self, begin: int, shape: Sequence[int], kind: torch.dtype) -> torch.Tensor:
        """The tensor whose bytes begin at ``begin``, to be copied before the next one is asked for.

        Raises ``OSError`` if the disk can't read them, ``ValueError`` if the file is too short.
        """
        if hasattr(mmap, "MADV_DONTNEED"):
            with contextlib.suppress(OSError):
                self._passing.madvise(mmap.MADV_DONTNEED)  # the pages of what was seen before stay with the system
        return self._tensor(self._passing, begin, shape, kind)

    def _tensor(self, pages: mmap.mmap, begin: int, shape: Sequence[int], kind: torch.dtype) -> torch.Tensor:
        count = math.prod(shape)
        if not count:
            return torch.empty(tuple(shape), dtype=kind)
        end = begin + count * kind.itemsize
        if end > pages.size():  # of the file as it is now: beyond its end, the system ends a program that looks there
            raise ValueError(f"“{self.path.name}” is cut off")
        _look_at(pages, begin, end, self.path)
        return torch.frombuffer(pages, dtype=kind, count=count, offset=begin).view(tuple(shape))


def mapped(path: Path) -> MappedFile | None:
    """``path``, mapped; None if its tensors are better read, or the system does not map it."""
    if not should_be_mapped(path):
        return None
    try:
        return MappedFile(path)
    except (OSError, ValueError):  # such as a system that promises no more memory than it has
        return None


def should_be_mapped(path: Path) -> bool:
    """Whether ``path`` is a large file on a disk that stays."""
    return path.stat().st_size >= SMALLEST and volumes.stays(path)


def _look_at(pages: mmap.mmap, begin: int, end: int, path: Path) -> None:
    """Have a part of a mapped file in memory. Raises ``OSError`` if the disk can't read it, where the system tells."""
    if sys.platform != "linux":
        return
    first = begin // mmap.PAGESIZE * mmap.PAGESIZE
    try:
        pages.madvise(_POPULATE_READ, first, end - first)
    except OSError as error:
        if error.errno in (errno.EFAULT, _POISONED):
            raise OSError(errno.EIO, os.strerror(errno.EIO), str(path)) from error
        # an older kernel does not know what is asked for
