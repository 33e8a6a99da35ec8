"""Saved styles: directions that are added to ideas, each in a file, and beside it a small picture of what it is of.

A style lies on the disk as a pigment does and is kept in order in the same way; but it is no idea, so that its file says
that it is something else, and neither is read as the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np

from kandinsky_studio.engine.embeddings import DIRECTION, SavedEmbedding
from kandinsky_studio.engine.request import Pixels
from kandinsky_studio.errors import BrokenPigment, BrokenStyle, StudioError
from kandinsky_studio.storage import pigments
from kandinsky_studio.storage.pigments import Pigment
from kandinsky_studio.storage.pigments import rename as rename

Style = Pigment
"""Kept as a pigment is; its ``embedding`` is the direction."""

_TILE = 64  # pixels of a side of what the small picture shows of each of four


def read_all(folder: Path) -> tuple[list[Style], list[StudioError]]:
    """The styles in ``folder``, in the order of their names, and what is said of files that can't be read."""
    found, broken = pigments.read_all(folder, DIRECTION)
    return found, [BrokenStyle(**error.values) if isinstance(error, BrokenPigment) else error for error in broken]


def read(path: Path) -> Style:
    """The style at ``path``. Raises ``BrokenStyle`` or ``NewerFile``."""
    try:
        return pigments.read(path, DIRECTION)
    except BrokenPigment as error:
        raise BrokenStyle(file=path.name) from error


def save(folder: Path, name: str, direction: SavedEmbedding, pictures: Sequence[Pixels]) -> Style:
    """Keep ``direction`` as ``name``, or as ``name 2`` if there is one; ``pictures``, uint8 (height, width, 3), are what
    it was made of. Raises ``DiskFull`` or ``FolderNotWritable``."""
    return pigments.save(folder, name, direction, sheet_of(pictures), DIRECTION)


def sheet_of(pictures: Sequence[Pixels]) -> Pixels:
    """The middle of the first four of ``pictures``, two by two: uint8 (128, 128, 3)."""
    tiles = [_tile(picture) for picture in pictures[:4]]
    tiles = [tiles[n % len(tiles)] for n in (0, 1, 2, 3)] if len(tiles) != 2 else [*tiles, *reversed(tiles)]
    return np.concatenate([np.concatenate(tiles[:2], axis=1), np.concatenate(tiles[2:], axis=1)])


def _tile(picture: Pixels) -> Pixels:
    side = min(picture.shape[:2])
    top, left = (picture.shape[0] - side) // 2, (picture.shape[1] - side) // 2
    middle = picture[top : top + side, left : left + side]
    return np.asarray(cv2.resize(middle, (_TILE, _TILE), interpolation=cv2.INTER_AREA), np.uint8)
