"""Whether a file lies on a disk that stays where it is while the program runs. No torch."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

_LASTING = frozenset({"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "jfs", "apfs", "hfs"})
"""File systems of built-in disks. Everything else, above all what comes over a network, counts as fleeting."""

_BLOCK_DEVICES = Path("/sys/dev/block")
_PULLED_OUT = ("1", "removable")  # what a block device, and what USB and Thunderbolt say of themselves


class Mounted(Protocol):
    """What psutil says of a file system: where it begins, what it is, and the device it is on."""

    mountpoint: str
    fstype: str
    device: str
    opts: str


def stays(path: Path) -> bool:
    """Whether ``path`` is on a disk that nobody can pull out, as far as the system tells; else False.

    Who maps a file into memory and loses the disk below it is ended by the system at the next look at a page; who
    reads is told of an error. On Windows nothing counts as lasting: there an open mapping also keeps the file and its
    folder from being replaced, renamed and removed.
    """
    system: str = sys.platform
    if system == "win32":
        return False
    import psutil

    try:
        real = Path(os.path.realpath(path))
        volume = _volume(real, psutil.disk_partitions(all=True))
        if volume is None or volume.fstype.lower() not in _LASTING:
            return False
        if system == "linux":
            return _is_built_in(real, volume.device)
        return "local" in volume.opts.split(",") and not real.is_relative_to("/Volumes")
    except (OSError, RuntimeError):
        return False


def _volume(path: Path, mounted: Iterable[Mounted]) -> Mounted | None:
    """The file system that ``path`` is in: of those mounted above it the nearest, of several in one place the last."""
    above = [volume for volume in mounted if path.is_relative_to(volume.mountpoint)]
    return max(reversed(above), key=lambda volume: len(Path(volume.mountpoint).parts), default=None)


def _is_built_in(path: Path, device: str) -> bool:
    """Whether neither the disk that ``path`` is on, nor what it is plugged into, nor a disk below it, can be pulled out.

    ``device`` is what is mounted there.
    """
    place = _BLOCK_DEVICES / _number(path.stat().st_dev)
    if not place.exists():  # btrfs numbers its volumes itself
        place = _BLOCK_DEVICES / _number(os.stat(device).st_rdev)
    return _stays_plugged(place.resolve(strict=True))


def _number(device: int) -> str:
    return f"{os.major(device)}:{os.minor(device)}"


def _stays_plugged(device: Path) -> bool:
    """The same for a disk's folder in the kernel's tree of devices, where it lies below what it is plugged into."""
    if "loop" in device.name:  # a file that may be anywhere
        return False
    for folder in (device, *device.parents):
        if folder.name.startswith("usb") or folder.name == "mmc_host":
            return False
        told = folder / "removable"
        if told.is_file() and told.read_text(encoding="ascii", errors="replace").strip() in _PULLED_OUT:
            return False
    below = device / "slaves"  # the disks that an encrypted or a joined one is made of
    return all(_stays_plugged(disk.resolve()) for disk in (below.iterdir() if below.is_dir() else ()))
