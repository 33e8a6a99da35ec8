"""The files of a delivery one by one: how much of each is here, and what is done with it."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kandinsky_studio.storage.models.delivery import Need
from kandinsky_studio.storage.models.transfer import Delivery, came


class Standing(enum.Enum):
    """What is done with a file."""

    waiting = "waiting"  # for its turn
    fetching = "fetching"
    checking = "checking"  # what an earlier run left of it is read
    again = "again"  # it came damaged, and is fetched once more
    done = "done"  # whole, and its digest was right


@dataclass(frozen=True)
class FileStand:
    """One file: the ``folder`` of its repository, its path there, its size and how many bytes of it are here."""

    folder: str
    path: str
    size: int
    done: int
    standing: Standing


def listed(needs: Iterable[Need]) -> tuple[FileStand, ...]:
    """All files of ``needs`` whose names are known, in the order they are fetched in. Looks at the disk."""
    found = []
    for need in needs:
        for file in need.manifest.files if need.manifest is not None else ():
            done = came(file, need.folder)
            whole = need.manifest is not None and done == file.size and (need.folder / file.path).exists()
            standing = Standing.done if whole else Standing.waiting
            found.append(FileStand(need.folder.name, file.path, file.size, done, standing))
    return tuple(found)


def followed(files: Sequence[FileStand], delivery: Delivery) -> tuple[FileStand, ...]:
    """``files`` as they are when a delivery tells how far it is: those before the one at hand have come."""
    at = next((n for n, one in enumerate(files) if (one.folder, one.path) == (delivery.folder, delivery.file)), None)
    if at is None:
        return tuple(files)
    before = tuple(_done(one) for one in files[:at])
    own = dataclasses.replace(files[at], done=delivery.file_done, standing=_standing(delivery))
    return (*before, own, *files[at + 1 :])


def _done(one: FileStand) -> FileStand:
    return one if one.standing is Standing.done else dataclasses.replace(one, done=one.size, standing=Standing.done)


def _standing(delivery: Delivery) -> Standing:
    if delivery.again:
        return Standing.again
    if delivery.checking:
        return Standing.checking
    return Standing.done if delivery.done == delivery.total else Standing.fetching
