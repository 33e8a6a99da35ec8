"""Documents out of the journals of a program that ended without being asked to."""

from __future__ import annotations

import re
import shutil
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakValueDictionary

import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Document
from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.history import Step
from kandinsky_studio.document.layers import Kind, Label, Layer, State
from kandinsky_studio.document.surface import Depth, Surface, Tile, to_image
from kandinsky_studio.errors import DamagedPicture
from kandinsky_studio.storage.documents import read_document
from kandinsky_studio.storage.records import (
    BASE,
    RECORDS,
    VERSION,
    Place,
    Stamp,
    read_first_head,
    read_records,
    stamp_of,
    surfaces_of,
)

ATTEMPTS = 3  # starts of the program that may end at a journal before it is read only when the user says so

_OURS = re.compile(r"\d{8}-\d{6}-[0-9a-f]{8}")  # as ``Journal`` names its folders
_DAMAGED = ".damaged"
_GONE = ".gone"
_TRIED = "tried"
_ABANDONED = 3600.0  # seconds after which a journal that was never begun is thrown away
_UNREADABLE = (OSError, ValueError, KeyError, TypeError, AttributeError, IndexError, StopIteration, zlib.error)


@dataclass(frozen=True)
class Orphan:
    """A journal that nobody closed. ``path`` is the file that the document had when it was begun, if any.

    A ``newer`` one is of a newer program, which can read it; nothing may be done to it.
    """

    folder: Path
    path: Path | None
    changed: float  # seconds since 1970
    newer: bool = False


@dataclass(frozen=True)
class Recovered:
    """``document`` has all its steps; ``complete`` is False if the journal ends with a torn record.

    It counts as saved only if its file is still the one that it was saved to. The rest is for ``Journal`` to go on.
    """

    document: Document
    complete: bool
    folder: Path
    stamp: Stamp
    length: int  # bytes of whole records
    surfaces: dict[int, Surface]
    tiles: dict[int, Tile]
    next_surface: int
    next_tile: int
    next_mark: int
    unfinished: frozenset[Path] = frozenset()  # files that were perhaps being saved when the program ended


def orphans(folder: Path) -> list[Orphan]:
    """Journals below ``folder``, the newest first. What is not one of ours, or was never begun, is left out."""
    found = []
    with suppress(OSError):
        for place in folder.iterdir():
            if not _OURS.fullmatch(place.name):
                continue
            path, newer = None, False
            with suppress(OSError):
                with (place / RECORDS).open("rb") as file, suppress(*_UNREADABLE):  # damaged, which is to be told
                    head = read_first_head(file)
                    newer = head["version"] > VERSION
                    path = Path(head["path"] or ".")
                changed = (place / RECORDS).stat().st_mtime
                found.append(Orphan(place, path if path != Path() else None, changed, newer))
    return sorted(found, key=lambda orphan: -orphan.changed)


def sweep(folder: Path) -> None:
    """Delete what is left of journals that were thrown away, or never begun, when the program ended."""
    with suppress(OSError):
        for place in folder.iterdir():
            never_begun = _OURS.fullmatch(place.name) is not None and not (place / RECORDS).exists()
            if place.name.endswith(_GONE) or (never_begun and time.time() - place.stat().st_mtime > _ABANDONED):
                shutil.rmtree(place, ignore_errors=True)


def tried(folder: Path) -> int:
    """Note that a journal is about to be read; returns how often it was begun and not followed by :func:`survived`."""
    with (folder / _TRIED).open("ab") as file:
        file.write(b".")
        return file.tell()


def survived(folder: Path) -> None:
    """The program lives although it has read this journal and shown what is in it."""
    with suppress(OSError):
        (folder / _TRIED).unlink(missing_ok=True)


def give_up(folder: Path) -> Path:
    """Put a journal that can't be read out of the way; nothing of it is deleted. Returns where it is now."""
    with suppress(OSError):
        return folder.rename(folder.with_name(f"{folder.name}{_DAMAGED}"))
    return folder


def discard(folder: Path) -> None:
    """Throw a journal away: at once, even if the program ends in the middle of deleting its files."""
    with suppress(OSError):
        folder = folder.rename(folder.with_name(f"{folder.name}{_GONE}"))
    shutil.rmtree(folder, ignore_errors=True)


def recover(folder: Path) -> Recovered:
    """The document as it was after the last step that is written down, with the steps that led there.

    Raises ``DamagedPicture``, or what reading the base raises.
    """
    try:
        with (folder / RECORDS).open("rb") as file:
            return _Replay(folder, file).run()
    except _UNREADABLE as error:
        raise DamagedPicture(file=folder.name) from error


class _Replay:
    def __init__(self, folder: Path, file: BinaryIO) -> None:
        self._folder = folder
        self._file = file
        self._surfaces: dict[int, Surface] = {}
        self._places: dict[int, Place] = {}
        self._tiles: WeakValueDictionary[int, Tile] = WeakValueDictionary()
        self._marks: dict[int, Step | None] = {}
        self._unfinished: dict[int, Path] = {}
        self._stamp: Stamp = None

    def run(self) -> Recovered:
        records = read_records(self._file)
        head, tiles = next(records)
        self._places.update(tiles)
        document = self._first(head)
        for head, tiles in records:
            self._places.update(tiles)
            self._next(document, head)
        length = self._file.tell()
        complete = self._file.read(1) == b""
        if document.path is not None and stamp_of(document.path) != self._stamp:
            document.history.mark_unsaved()
        return Recovered(
            document,
            complete,
            self._folder,
            self._stamp,
            length,
            self._surfaces,
            dict(self._tiles),
            max(self._surfaces, default=-1) + 1,
            max(self._places, default=-1) + 1,
            max(self._marks, default=0) + 1,
            frozenset(self._unfinished.values()),
        )

    def _first(self, head: dict[str, Any]) -> Document:
        if head["version"] != VERSION:
            raise ValueError
        if head["base"]:
            base = read_document(self._folder / BASE).state
            # The same file read again: the same layers in the same order. Only their numbers may differ.
            numbers = _numbers(head["state"])
            surfaces = surfaces_of(base)
            if len(numbers) != len(surfaces):
                raise ValueError
            self._surfaces.update(zip(numbers, surfaces, strict=True))
        else:
            self._add_surfaces(head["surfaces"])
        document = Document(self._state(head["state"]), path=Path(head["path"]) if head["path"] else None)
        document.source = Path(head["source"]) if head["source"] else None
        document.title = str(head.get("title", ""))  # of an earlier program, which wrote none
        document.activate(head["active"])
        self._keep_stamp(head)
        if not head["saved"]:
            document.history.mark_unsaved()
        return document

    def _keep_stamp(self, head: dict[str, Any]) -> None:
        stamp = head["stamp"]
        self._stamp = (int(stamp[0]), int(stamp[1])) if stamp else None

    def _next(self, document: Document, head: dict[str, Any]) -> None:
        if "mark" in head and "saved" not in head:
            self._marks[head["mark"]] = document.history.mark()
            if head["to"]:
                self._unfinished[head["mark"]] = Path(head["to"])
        elif "saved" in head:
            self._unfinished.pop(head["mark"], None)
            document.path = Path(head["saved"])
            self._keep_stamp(head)
            if head["mark"] in self._marks:
                document.history.mark_saved(self._marks[head["mark"]])
            else:
                document.history.mark_unsaved()
        elif "undone" in head:
            document.undo()
        elif "redone" in head:
            document.redo()
        elif "step" in head:
            self._step(document, head)
        if "active" in head:
            document.activate(head["active"])

    def _step(self, document: Document, head: dict[str, Any]) -> None:
        self._add_surfaces(head["surfaces"])
        before = document.state
        after = self._state(head["state"]) if "state" in head else before
        step = Step(head["step"], before, after)
        for number, changes in head["tiles"]:
            surface = self._surfaces[number]
            step.tiles[surface] = {
                (column, row): (surface.tiles.get((column, row)), self._tile(tile)) for column, row, tile in changes
            }
        step.apply(back=False)
        document.state = after
        if head["joined"] and document.history.done:
            document.history.done[-1].merge = step.merge = "joined"
        document.history.add(step, after)
        step.merge = ""
        document.reserve_ids()

    def _add_surfaces(self, surfaces: list[Any]) -> None:
        for number, depth, default, tiles in surfaces:
            surface = self._surfaces[number] = Surface(Depth(depth), default)
            for column, row, tile in tiles:
                found = self._tile(tile)
                if found is not None:
                    surface.tiles[column, row] = found

    def _tile(self, number: int | None) -> Tile | None:
        if number is None:
            return None
        tile = self._tiles.get(number)
        if tile is None:
            place = self._places[number]
            here = self._file.tell()
            self._file.seek(place.offset)
            data = self._file.read(place.length)
            self._file.seek(here)
            if place.packed:
                data = zlib.decompress(data)
            shape = (TILE, TILE) if place.depth == 1 else (TILE, TILE, 4)
            tile = self._tiles[number] = Tile(to_image(np.frombuffer(data, np.uint8).reshape(shape)))
        return tile

    def _state(self, said: dict[str, Any]) -> State:
        selection = said["selection"]
        return State(
            Rect(*said["canvas"]),
            tuple(self._layer(layer) for layer in said["layers"]),
            None if selection is None else self._surfaces[selection],
            said["resolution"],
            said["extras"],
        )

    def _layer(self, said: dict[str, Any]) -> Layer:
        layer = Layer(said["id"], Kind(said["kind"]), said["name"])
        known = {
            "pixels": None if said["pixels"] is None else self._surfaces[said["pixels"]],
            "mask": None if said["mask"] is None else self._surfaces[said["mask"]],
            "children": tuple(self._layer(child) for child in said["children"]),
            "mode": BlendMode(said["mode"]),
            "label": Label(said["label"]),
            "kind": layer.kind,
        }
        return replace(layer, **{**said, **known})


def _numbers(state: dict[str, Any]) -> list[int]:
    """The surfaces of a described state, each once, in the order of ``State.surfaces``."""
    found: list[int] = []

    def walk(layer: dict[str, Any]) -> None:
        for child in layer["children"]:
            walk(child)
        found.extend(number for number in (layer["pixels"], layer["mask"]) if number is not None)

    for layer in state["layers"]:
        walk(layer)
    if state["selection"] is not None:
        found.append(state["selection"])
    return list(dict.fromkeys(found))
