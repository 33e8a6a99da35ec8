"""What was painted, written down while it is painted, so that a program that dies loses nothing.

A journal is a folder with one file of records that only ever grows. The first record says what the document was (or
that it is in ``base``, a second name or a copy of the file it was opened from); each later one says what a step
changed, or that a step was taken back. A record that was not written to its end is ignored, with all that follow.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
import shutil
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakKeyDictionary, WeakValueDictionary

import numpy as np

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.document.geometry import TILE, Rect
from kandinsky_studio.document.history import Step
from kandinsky_studio.document.layers import Kind, Label, Layer, State
from kandinsky_studio.document.surface import Depth, Surface, Tile, readable, to_image
from kandinsky_studio.errors import DamagedPicture, StudioError
from kandinsky_studio.storage.documents import read_document
from kandinsky_studio.storage.durable import cause_of, make_folder

VERSION = 1
RECORDS = "records"
BASE = "base"
LARGEST = 4 * 2**30  # bytes of records after which a new journal is begun from what the document is by then

_MAGIC = b"KSJ1"
_DAMAGED = ".damaged"
_PACKED_UP_TO = 64  # tiles of one step that are packed; more are written as they are, which is faster
_Head = tuple[dict[str, Any], list[tuple[int, Tile]]]  # what a record says, and the tiles that come with it


class Journal:
    """Follows ``document`` from now on, in a folder of its own below ``folder``.

    Records are written by a thread of its own, in order, at once. If that fails, ``failed`` is called in that thread,
    once, with a ``StudioError``, and nothing more is written. ``file`` is what the document was read from, unchanged
    since; without it the whole document is written down first.
    """

    def __init__(
        self,
        folder: Path,
        document: Document,
        file: Path | None = None,
        failed: Callable[[StudioError], None] = lambda error: None,
        largest: int = LARGEST,
    ) -> None:
        self.folder = folder / f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
        self._document = document
        self._failed = failed
        self._largest = largest
        self._surfaces: WeakKeyDictionary[Surface, int] = WeakKeyDictionary()
        self._tiles: WeakKeyDictionary[Tile, int] = WeakKeyDictionary()
        self._next_surface = self._next_tile = 0
        self._written = 0
        self._active = document.active_id
        self._waiting: queue.SimpleQueue[_Head | threading.Event | None] = queue.SimpleQueue()
        self._broken = False
        self._begin(file)
        self._unwatch = document.watch(self._changed)
        self._thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        self._thread.start()

    @property
    def broken(self) -> bool:
        """Whether nothing is written any more."""
        return self._broken

    def saved(self, path: Path) -> None:
        """The document is in the file ``path`` as it is now."""
        self._waiting.put(({"saved": str(path)}, []))

    def flush(self) -> None:
        """Wait until everything so far is written."""
        done = threading.Event()
        self._waiting.put(done)
        done.wait()

    def close(self, keep: bool = False) -> None:
        """End it; without ``keep`` the document was saved or given up, and what was written goes."""
        self._unwatch()
        self._waiting.put(None)
        self._thread.join()
        if not keep:
            discard(self.folder)

    # ------------------------------------------------------------------ what is said, in the document's thread

    def _begin(self, file: Path | None) -> None:
        state = self._document.state
        head: dict[str, Any] = {
            "version": VERSION,
            "path": str(self._document.path or ""),
            "source": str(self._document.source or ""),
            "base": file is not None,
            "state": self._describe(state),
            "active": self._document.active_id,
        }
        try:
            make_folder(self.folder)
            if file is not None:
                _second_name(file, self.folder / BASE)
        except OSError as error:
            self._broken = True
            self._failed(cause_of(error, self.folder))
            return
        tiles: list[tuple[int, Tile]] = []
        if file is None:
            head["surfaces"] = [self._whole(surface, tiles) for surface in _each_once(state)]
        self._waiting.put((head, tiles))

    def _changed(self, change: Change) -> None:
        if self._broken:
            return
        active = self._document.active_id
        if not change.action or change.step is None:
            if active != self._active and not self._document.editing:
                self._waiting.put(({"active": active}, []))
                self._active = active
            return
        self._active = active
        if change.action != "done":
            self._waiting.put(({change.action: True, "active": active}, []))
            return
        step = change.step
        joined = self._document.history.done[-1] is not step
        known = set(self._surfaces)
        head: dict[str, Any] = {"step": step.name, "joined": joined, "active": active}
        tiles: list[tuple[int, Tile]] = []
        if step.after is not step.before:
            head["state"] = self._describe(step.after)
        head["surfaces"] = [self._whole(surface, tiles) for surface in _each_once(step.after) if surface not in known]
        head["tiles"] = [
            [self._surfaces[surface], [[*key, self._tile(after, tiles)] for key, (_, after) in change.items()]]
            for surface, change in step.tiles.items()
            if surface in known
        ]
        self._waiting.put((head, tiles))
        if self._written > self._largest:
            self._begin_anew()

    def _begin_anew(self) -> None:
        """What was written is much more than what there is now. Steps before this one can't be taken back later."""
        self._written = 0
        self._surfaces.clear()
        self._tiles.clear()
        self._next_tile = self._next_surface = 0
        tiles: list[tuple[int, Tile]] = []
        state = self._document.state
        head = {
            "version": VERSION,
            "path": str(self._document.path or ""),
            "source": str(self._document.source or ""),
            "base": False,
            "state": self._describe(state),
            "active": self._document.active_id,
            "surfaces": [self._whole(surface, tiles) for surface in _each_once(state)],
        }
        self._waiting.put((head, tiles))

    def _describe(self, state: State) -> dict[str, Any]:
        return {
            "canvas": list(state.canvas),
            "layers": [self._layer(layer) for layer in state.layers],
            "selection": self._surface(state.selection),
            "resolution": state.resolution,
            "extras": state.extras,
        }

    def _layer(self, layer: Layer) -> dict[str, Any]:
        return {
            "id": layer.id,
            "kind": layer.kind.value,
            "name": layer.name,
            "pixels": self._surface(layer.pixels),
            "mask": self._surface(layer.mask),
            "children": [self._layer(child) for child in layer.children],
            "visible": layer.visible,
            "opacity": layer.opacity,
            "mode": layer.mode.value,
            "isolated": layer.isolated,
            "locked": layer.locked,
            "alpha_locked": layer.alpha_locked,
            "label": layer.label.value,
            "mask_enabled": layer.mask_enabled,
            "grow": layer.grow,
            "feather": layer.feather,
            "inverted": layer.inverted,
            "origin": layer.origin,
        }

    def _surface(self, surface: Surface | None) -> int | None:
        if surface is None:
            return None
        if surface not in self._surfaces:
            self._surfaces[surface] = self._next_surface
            self._next_surface += 1
        return self._surfaces[surface]

    def _whole(self, surface: Surface, tiles: list[tuple[int, Tile]]) -> list[Any]:
        listed = [[*key, self._tile(tile, tiles)] for key, tile in surface.tiles.items()]
        return [self._surface(surface), surface.depth.value, surface.default, listed]

    def _tile(self, tile: Tile | None, new: list[tuple[int, Tile]]) -> int | None:
        if tile is None:
            return None
        if tile not in self._tiles:
            self._tiles[tile] = self._next_tile
            self._next_tile += 1
            new.append((self._tiles[tile], tile))
        return self._tiles[tile]

    # ------------------------------------------------------------------ what is written, in the journal's thread

    def _write_all(self) -> None:
        file: BinaryIO | None = None
        try:
            while (said := self._waiting.get()) is not None:
                if isinstance(said, threading.Event):
                    said.set()
                elif not self._broken:
                    try:
                        file = self._write_next(file, *said)
                    except (OSError, MemoryError, StudioError) as error:
                        self._broken = True
                        os_error = error if isinstance(error, OSError) else OSError()
                        self._failed(error if isinstance(error, StudioError) else cause_of(os_error, self.folder))
        finally:
            if file is not None:
                file.close()

    def _write_next(self, file: BinaryIO | None, head: dict[str, Any], tiles: list[tuple[int, Tile]]) -> BinaryIO:
        records = self.folder / RECORDS
        if "version" not in head:
            assert file is not None
            self._written += _write(file, head, tiles)
            return file
        # A first record. Its file takes the name once it is whole; an open one can't be renamed on Windows.
        if file is not None:
            file.close()
        new = records.with_suffix(".new")
        with new.open("wb", buffering=0) as fresh:
            _write(fresh, head, tiles)
        os.replace(new, records)
        return records.open("ab", buffering=0)


@dataclass(frozen=True)
class Orphan:
    """A journal that nobody closed. ``path`` is the file of the document, if it had one."""

    folder: Path
    path: Path | None
    changed: float  # seconds since 1970


@dataclass(frozen=True)
class Recovered:
    """``document`` has all its steps; ``complete`` is False if the journal ends with a torn record."""

    document: Document
    complete: bool


def orphans(folder: Path) -> list[Orphan]:
    """Journals below ``folder``, the newest first. What is not one of ours, or was never begun, is left out."""
    found = []
    with suppress(OSError):
        for place in folder.iterdir():
            if place.name.endswith(_DAMAGED):
                continue
            with suppress(OSError, ValueError, KeyError, TypeError, StopIteration):
                with (place / RECORDS).open("rb") as file:
                    head, _ = next(_read(file))
                path = Path(head["path"]) if head["path"] else None
                found.append(Orphan(place, path, (place / RECORDS).stat().st_mtime))
    return sorted(found, key=lambda orphan: -orphan.changed)


def give_up(folder: Path) -> None:
    """Put a journal that can't be read out of the way; nothing of it is deleted."""
    with suppress(OSError):
        folder.rename(folder.with_name(f"{folder.name}{_DAMAGED}"))


def discard(folder: Path) -> None:
    """Throw a journal away."""
    shutil.rmtree(folder, ignore_errors=True)


def recover(folder: Path) -> Recovered:
    """The document as it was after the last step that is written down, with the steps that led there.

    Raises ``DamagedPicture``, or what reading the base raises.
    """
    try:
        with (folder / RECORDS).open("rb") as file:
            return _Replay(folder, file).run()
    except (OSError, ValueError, KeyError, TypeError, StopIteration, IndexError) as error:
        raise DamagedPicture(file=folder.name) from error


class _Replay:
    def __init__(self, folder: Path, file: BinaryIO) -> None:
        self._folder = folder
        self._file = file
        self._surfaces: dict[int, Surface] = {}
        self._places: dict[int, tuple[int, int, bool, int]] = {}  # of a tile: offset, length, packed, depth
        self._tiles: WeakValueDictionary[int, Tile] = WeakValueDictionary()

    def run(self) -> Recovered:
        records = _read(self._file)
        head, tiles = next(records)
        self._places.update(tiles)
        document = self._first(head)
        for head, tiles in records:
            self._places.update(tiles)
            self._next(document, head)
        complete = self._file.read(1) == b""
        return Recovered(document, complete)

    def _first(self, head: dict[str, Any]) -> Document:
        if head["version"] != VERSION:
            raise ValueError
        if head["base"]:
            base = read_document(self._folder / BASE).state
            # The same file read again: the same layers in the same order. Only their numbers may differ.
            numbers = _numbers(head["state"])
            surfaces = list(_each_once(base))
            if len(numbers) != len(surfaces):
                raise ValueError
            self._surfaces.update(zip(numbers, surfaces, strict=True))
        else:
            self._add_surfaces(head["surfaces"])
        document = Document(self._state(head["state"]), path=Path(head["path"]) if head["path"] else None)
        document.source = Path(head["source"]) if head["source"] else None
        document.activate(head["active"])
        if document.path is None:
            document.history.mark_unsaved()
        return document

    def _next(self, document: Document, head: dict[str, Any]) -> None:
        if "saved" in head:
            document.path = Path(head["saved"])
            document.history.mark_saved(document.history.mark())
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
            offset, length, packed, depth = self._places[number]
            here = self._file.tell()
            self._file.seek(offset)
            data = self._file.read(length)
            self._file.seek(here)
            if packed:
                data = zlib.decompress(data)
            shape = (TILE, TILE) if depth == 1 else (TILE, TILE, 4)
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


def _each_once(state: State) -> Iterator[Surface]:
    yield from dict.fromkeys(state.surfaces())


def _write(file: BinaryIO, head: dict[str, Any], tiles: list[tuple[int, Tile]]) -> int:
    """One record: what it says as JSON, then the tiles. Returns its length."""
    packs = len(tiles) <= _PACKED_UP_TO
    listed, parts = [], []
    for number, tile in tiles:
        data = readable(tile.image).tobytes()
        uniform = data.count(data[:4]) * 4 == len(data)
        if packs or uniform:
            data = zlib.compress(data, 1)
        listed.append([number, len(data), packs or uniform, tile.depth.bytes])
        parts.append(data)
    text = json.dumps({**head, "blobs": listed}, ensure_ascii=False).encode("utf-8", "surrogatepass")
    size = len(text) + sum(map(len, parts))
    checksum = zlib.crc32(text)
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    front = _MAGIC + len(text).to_bytes(8, "little") + size.to_bytes(8, "little") + checksum.to_bytes(4, "little")
    for piece in (front + text, *parts):
        view = memoryview(piece)
        while view:
            view = view[file.write(view) :]
    return len(front) + size


def _read(file: BinaryIO) -> Iterator[tuple[dict[str, Any], dict[int, tuple[int, int, bool, int]]]]:
    """The records that are whole, each with the places of its tiles."""
    while True:
        start = file.tell()
        front = file.read(24)
        if len(front) < 24 or front[:4] != _MAGIC:
            file.seek(start)
            return
        length, size = int.from_bytes(front[4:12], "little"), int.from_bytes(front[12:20], "little")
        text = file.read(min(length, size))
        checksum, left = zlib.crc32(text), size - length
        while left > 0 and (piece := file.read(min(left, 2**22))):
            checksum = zlib.crc32(piece, checksum)
            left -= len(piece)
        if left != 0 or len(text) != length or checksum != int.from_bytes(front[20:24], "little"):
            file.seek(start)
            return
        head = json.loads(text.decode("utf-8", "surrogatepass"))
        places, offset = {}, start + 24 + length
        for number, count, packed, depth in head.pop("blobs"):
            places[number] = (offset, count, packed, depth)
            offset += count
        end = file.tell()
        yield head, places
        file.seek(end)


def _second_name(file: Path, name: Path) -> None:
    """Keep what ``file`` is now, whatever becomes of it: programs that save well put a new file in its place."""
    try:
        os.link(file, name)
    except OSError:
        shutil.copyfile(file, name)
