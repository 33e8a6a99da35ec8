"""Being the only program that changes a folder. The lock ends with the program that has it, however it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from kandinsky_studio.storage import durable

_PATIENCE = 0.25  # seconds that one try takes


@contextlib.contextmanager
def alone(file: Path, check_wanted: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold the lock ``file`` in this block, and wait for it as long as another program has it.

    ``check_wanted`` is called before each try, and raises if nobody wants it any more. Raises ``DiskFull`` or
    ``FolderNotWritable``.
    """
    import filelock  # which a start of the program has no use for

    lock = filelock.FileLock(file)
    while True:
        check_wanted()
        try:
            lock.acquire(timeout=_PATIENCE)
        except filelock.Timeout:
            continue
        except OSError as error:
            raise durable.cause_of(error, file.parent) from error
        break
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def if_alone(file: Path) -> Iterator[bool]:
    """Hold the lock ``file`` in this block unless another program has it, or it can't be had; says whether it is held."""
    import filelock

    lock = filelock.FileLock(file)
    held = False
    with contextlib.suppress(filelock.Timeout, OSError):
        lock.acquire(timeout=0)
        held = True
    try:
        yield held
    finally:
        if held:
            lock.release()
