"""Saved ideas that are mixed like paints: each an embedding in a file, and beside it a small picture.

The name of the file is the name of the pigment, so that pigments can be copied, sent and put in order with any program
for files.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from kandinsky_studio.engine import embeddings
from kandinsky_studio.engine.embeddings import SavedEmbedding
from kandinsky_studio.engine.raster import UNREADABLE
from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.errors import BrokenPigment, NewerFile, StudioError
from kandinsky_studio.storage.durable import cause_of, make_folder, write_file

SUFFIX = ".safetensors"
SIDE = 128  # pixels of the longer side of the small picture

_LONGEST = 60  # characters of a name
_NOT_IN_NAMES = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f\ud800-\udfff]')
_DEVICES = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)  # no file on Windows may be called so


@dataclass(frozen=True, eq=False)
class Pigment:
    """``embedding`` is the idea, ``picture`` uint8 (height, width, 3), at most 128 pixels a side, None if it is lost."""

    path: Path
    embedding: SavedEmbedding
    picture: Pixels | None

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def files(self) -> list[Path]:
        """What is there of it on the disk, the small picture first."""
        return [path for path in (_picture(self.path), self.path) if path.exists()]


def read_all(folder: Path, kind: str = embeddings.FORMAT) -> tuple[list[Pigment], list[StudioError]]:
    """The pigments in ``folder``, in the order of their names, and what is said of files that can't be read."""
    found: list[Pigment] = []
    broken: list[StudioError] = []
    for path in sorted(folder.glob(f"*{SUFFIX}"), key=lambda path: path.stem.casefold()):
        try:
            found.append(read(path, kind))
        except (BrokenPigment, NewerFile) as error:
            broken.append(error)
    return found, broken


def read(path: Path, kind: str = embeddings.FORMAT) -> Pigment:
    """The pigment at ``path``; one of another ``kind`` is none. Raises ``BrokenPigment`` or ``NewerFile``."""
    try:
        return Pigment(path, embeddings.load(path, kind), _read_picture(path))
    except (OSError, ValueError, TypeError) as error:
        raise BrokenPigment(file=path.name) from error


def save(folder: Path, name: str, embedding: SavedEmbedding, picture: Pixels, kind: str = embeddings.FORMAT) -> Pigment:
    """Keep ``embedding`` as ``name``, or as ``name 2`` if there is one; ``picture`` is uint8 (height, width, 3).

    Raises ``DiskFull`` or ``FolderNotWritable``.
    """
    path = _free(folder, name)
    small = Image.fromarray(picture)
    small.thumbnail((SIDE, SIDE))
    content = io.BytesIO()
    small.save(content, "PNG")
    try:
        make_folder(folder)
        write_file(_picture(path), content.getvalue())  # first, so that a pigment is whole when it appears
        embeddings.save(path, embedding, kind)
    except OSError as error:
        with contextlib.suppress(OSError):
            _picture(path).unlink()
        raise cause_of(error, folder) from error
    return Pigment(path, embedding, np.asarray(small, np.uint8))


def rename(pigment: Pigment, name: str) -> Pigment:
    """Call ``pigment`` something else; as with :func:`save`, one that exists is never replaced. Raises as that."""
    if stem(name) == pigment.name:
        return pigment
    path = _free(pigment.path.parent, name, besides=pigment.path)
    try:
        os.rename(pigment.path, path)
        if _picture(pigment.path).exists():
            os.replace(_picture(pigment.path), _picture(path))
    except OSError as error:
        raise cause_of(error, path.parent) from error
    return Pigment(path, pigment.embedding, pigment.picture)


def stem(name: str) -> str:
    """``name`` as the name of a file that every system takes, at most 60 characters."""
    plain = " ".join(_NOT_IN_NAMES.sub(" ", name).split())[:_LONGEST].strip(" .")
    if not plain:
        return "Pigment"
    return f"{plain} 1" if _DEVICES.fullmatch(plain) else plain


def _free(folder: Path, name: str, besides: Path | None = None) -> Path:
    """Where a pigment called ``name`` can lie, with a number behind it if need be."""
    taken = {path.stem.casefold() for path in _in(folder) if path != besides}
    wanted = stem(name)
    number = 1
    while (free := wanted if number == 1 else f"{wanted} {number}").casefold() in taken:
        number += 1
    return folder / f"{free}{SUFFIX}"


def _in(folder: Path) -> Iterable[Path]:
    return folder.iterdir() if folder.is_dir() else ()


def _picture(path: Path) -> Path:
    return path.with_name(f"{path.stem}.png")


def _read_picture(path: Path) -> Pixels | None:
    """A pigment does not need its picture: one that is missing or damaged is only not shown."""
    try:
        with Image.open(_picture(path), formats=("PNG",)) as image:
            if max(image.size) > 4 * SIDE:
                return None
            return np.asarray(image.convert("RGB"), np.uint8)
    except UNREADABLE:
        if _picture(path).exists():
            logging.getLogger(__name__).warning("the small picture of a pigment can't be read")
        return None
