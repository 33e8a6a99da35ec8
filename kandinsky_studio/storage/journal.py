"""What was painted, written down while it is painted, so that a program that dies loses nothing.

A journal is a folder with one file of records that only ever grows. The first record says what the document was (or
that it is in ``base``, a copy of the file it was opened from); each later one says what a step changed, or that a step
was taken back. A record that was not written to its end is ignored, with all that follow. ``recovering`` reads it.
"""

from __future__ import annotations

import os
import queue
import secrets
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO
from weakref import WeakKeyDictionary

from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.document.geometry import TILE
from kandinsky_studio.document.giving_way import give_way
from kandinsky_studio.document.history import Step
from kandinsky_studio.document.surface import Surface, Tile
from kandinsky_studio.errors import StudioError
from kandinsky_studio.storage.durable import cause_of, make_folder
from kandinsky_studio.storage.records import (
    BASE,
    RECORDS,
    VERSION,
    Stamp,
    Tiles,
    described,
    stamp_of,
    surfaces_of,
    write_record,
)
from kandinsky_studio.storage.recovering import Recovered, discard

LARGEST = 2**30  # bytes of records after which a new journal is begun from what the document is by then
BACKLOG = 2**30  # bytes of pixels that may wait to be written
RETRY = 10.0  # seconds after which a journal that could not be written is tried again

_NEW = "records.new"
_Said = tuple[dict[str, Any], Tiles, int]  # what a record says, the tiles that come with it, and what they weigh


class Journal:
    """Follows ``document`` from now on, in a folder of its own below ``folder``.

    Records are written by a thread of its own, in order, at once. If that fails, ``failed`` is called in that thread
    with a ``StudioError``, once, and writing is tried again when the document is saved, or with a step some seconds
    later; until then the folder has what the document was before.

    ``file`` is what the document was read from, unchanged since, with ``stamp`` as ``stamp_of`` gave it before it was
    read; without a file the whole document is written down first. ``recovered`` is the document's own journal, found
    at the start of the program, which goes on with all its steps.
    """

    def __init__(
        self,
        folder: Path,
        document: Document,
        file: Path | None = None,
        failed: Callable[[StudioError], None] = lambda error: None,
        *,
        stamp: Stamp = None,
        recovered: Recovered | None = None,
        largest: int = LARGEST,
        backlog: int = BACKLOG,
    ) -> None:
        self.folder = recovered.folder if recovered else folder / _new_name()
        self._document = document
        self._failed = failed
        self._largest = largest
        self._backlog = backlog
        self._surfaces: WeakKeyDictionary[Surface, int] = WeakKeyDictionary()
        self._tiles: WeakKeyDictionary[Tile, int] = WeakKeyDictionary()
        self._next_surface = self._next_tile = 0
        self._steps = {"undone": 0, "redone": 0}  # how many the records can take back, or do again
        self._active = document.active_id
        self._saved_as: tuple[Path | None, Stamp] = (document.path, stamp or stamp_of(document.path))
        self._next_mark = 1
        self._first_mark = 1  # marks below are in no record any more
        self._written = self._written_before = 0  # bytes of records after the first; when the last journal began
        self._waiting: queue.SimpleQueue[_Said | threading.Event | None] = queue.SimpleQueue()
        self._put_bytes = self._taken_bytes = 0  # of tiles; each is counted by one thread only, so without a lock
        self._anew_wanted = False
        self._failures = self._failures_seen = 0
        self._retry_at = 0.0
        self._broken = False
        self._told = False
        self._unwatch = document.watch(self._changed)
        self._thread = threading.Thread(target=self._write_all, name="journal", daemon=True)
        if recovered is not None:
            self._go_on(recovered)
        else:
            self._begin(file, stamp or stamp_of(file))
        self._thread.start()

    @property
    def broken(self) -> bool:
        """Whether something is missing in what is written, because it could not be written."""
        return self._broken

    def mark(self, path: Path | None = None) -> int:
        """Where the document is now, for :meth:`saved` once the file ``path`` has it."""
        number = self._next_mark
        self._next_mark += 1
        self._put({"mark": number, "to": str(path or "")})
        return number

    def saved(self, path: Path, mark: int, stamp: Stamp = None) -> None:
        """The file ``path`` has what the document was when :meth:`mark` returned ``mark``; now ``stamp_of`` it."""
        self._saved_as = path, stamp or stamp_of(path)
        known = mark if mark >= self._first_mark else None
        self._put({"saved": str(path), "mark": known, "stamp": self._saved_as[1]})
        if self._failures != self._failures_seen:
            self._begin_anew()

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

    def _put(self, head: dict[str, Any], tiles: Tiles | None = None, weight: int | None = None) -> None:
        """``weight`` is what of the tiles counts as waiting: 0 if the document itself holds them."""
        tiles = tiles or []
        if weight is None:
            weight = sum(TILE * TILE * tile.depth.bytes for _, tile in tiles)
        self._put_bytes += weight
        self._waiting.put((head, tiles, weight))

    def _go_on(self, recovered: Recovered) -> None:
        for number, surface in recovered.surfaces.items():
            self._surfaces[surface] = number
        for number, tile in recovered.tiles.items():
            self._tiles[tile] = number
        self._next_surface, self._next_tile = recovered.next_surface, recovered.next_tile
        self._next_mark = self._first_mark = recovered.next_mark
        self._saved_as = recovered.document.path, recovered.stamp
        history = recovered.document.history
        self._steps = {"undone": len(history.done), "redone": len(history.undone)}
        self._put({"resume": recovered.length})

    def _begin(self, file: Path | None, stamp: Stamp) -> None:
        if file is None:
            self._put(*self._first(), weight=0)
            return
        # The whole of it goes along, for the case that the file is another one by the time it is copied. Its tiles
        # get numbers of their own: those of a copy have none.
        state = self._document.state
        for surface in surfaces_of(state):
            self._number(surface)
        numbers: dict[Tile, int] = {}
        whole = []
        for surface in surfaces_of(state):
            listed = [[*key, numbers.setdefault(tile, -1 - len(numbers))] for key, tile in surface.tiles.items()]
            whole.append([self._surfaces[surface], surface.depth.value, surface.default, listed])
        head = {**self._first_head(), "base": [str(file), stamp], "surfaces": whole}
        self._put(head, [(number, tile) for tile, number in numbers.items()], weight=0)

    def _changed(self, change: Change) -> None:
        active = self._document.active_id
        if not change.action or change.step is None:
            if active != self._active and not self._document.editing:
                self._put({"active": active})
                self._active = active
            return
        self._active = active
        failing = self._failures != self._failures_seen
        too_much = self._put_bytes - self._taken_bytes > self._backlog or (
            self._written - self._written_before > self._largest
        )
        if self._anew_wanted or (time.monotonic() >= self._retry_at if failing else too_much):
            self._begin_anew()
        elif failing:
            pass  # it comes with all the rest when there is room again
        elif change.action == "done":
            self._put(*self._done(change.step))
        elif self._steps[change.action]:
            self._steps[change.action] -= 1
            self._steps["redone" if change.action == "undone" else "undone"] += 1
            self._put({change.action: True, "active": active})
        else:
            self._begin_anew()  # that step is in no record

    def _done(self, step: Step) -> tuple[dict[str, Any], Tiles]:
        known = set(self._surfaces)
        tiles: Tiles = []
        joined = self._document.history.done[-1] is not step
        head: dict[str, Any] = {"step": step.name, "joined": joined, "active": self._active}
        self._steps["redone"] = 0
        if not joined:  # to one that is in no record, it can't be taken back without that
            self._steps["undone"] += 1
        if step.after is not step.before:
            for surface in surfaces_of(step.after):
                self._number(surface)
            head["state"] = described(step.after, self._surfaces)
        new = [surface for surface in surfaces_of(step.after) if surface not in known]
        head["surfaces"] = [self._whole(surface, tiles) for surface in new]
        head["tiles"] = [
            [self._surfaces[surface], [[*key, self._tile(after, tiles)] for key, (_, after) in change.items()]]
            for surface, change in step.tiles.items()
            if surface in known
        ]
        return head, tiles

    def _begin_anew(self) -> None:
        """Write down all that there is now. Steps before this one can't be taken back after a crash.

        Either much was written since the last time, or more waits than memory may hold, or something is missing.
        """
        self._anew_wanted = self._document.editing  # what is being painted is no step yet
        if self._anew_wanted:
            return
        waiting: list[threading.Event] = []
        with suppress(queue.Empty):
            while True:
                said = self._waiting.get_nowait()
                if isinstance(said, threading.Event):
                    waiting.append(said)
                elif said is not None:
                    self._put_bytes -= said[2]
        self._failures_seen = self._failures
        self._retry_at = time.monotonic() + RETRY
        self._first_mark = self._next_mark
        self._steps = {"undone": 0, "redone": 0}
        self._written_before = self._written
        self._surfaces.clear()
        self._tiles.clear()
        self._next_surface = self._next_tile = 0
        self._put(*self._first(), weight=0)
        for event in waiting:
            self._waiting.put(event)

    def _first(self) -> tuple[dict[str, Any], Tiles]:
        tiles: Tiles = []
        surfaces = surfaces_of(self._document.state)
        for surface in surfaces:
            self._number(surface)
        head = {**self._first_head(), "surfaces": [self._whole(surface, tiles) for surface in surfaces]}
        return head, tiles

    def _first_head(self) -> dict[str, Any]:
        document = self._document
        return {
            "version": VERSION,
            "path": str(document.path or ""),
            "source": str(document.source or ""),
            "title": document.title,
            "base": None,
            "state": described(document.state, self._surfaces),
            "active": document.active_id,
            "saved": document.history.saved,
            "stamp": self._saved_as[1],
        }

    def _number(self, surface: Surface) -> int:
        if surface not in self._surfaces:
            self._surfaces[surface] = self._next_surface
            self._next_surface += 1
        return self._surfaces[surface]

    def _whole(self, surface: Surface, tiles: Tiles) -> list[Any]:
        listed = [[*key, self._tile(tile, tiles)] for key, tile in surface.tiles.items()]
        return [self._number(surface), surface.depth.value, surface.default, listed]

    def _tile(self, tile: Tile | None, new: Tiles) -> int | None:
        if tile is None:
            return None
        if tile not in self._tiles:
            self._tiles[tile] = self._next_tile
            self._next_tile += 1
            new.append((self._tiles[tile], tile))
        return self._tiles[tile]

    # ------------------------------------------------------------------ what is written, in the journal's thread

    def _write_all(self) -> None:
        give_way()
        file: BinaryIO | None = None
        try:
            while (said := self._waiting.get()) is not None:
                if isinstance(said, threading.Event):
                    said.set()
                    continue
                head, tiles, weight = said
                self._taken_bytes += weight
                if self._broken and "version" not in head:
                    continue  # only a first record says what is missing
                try:
                    file = self._write_next(file, head, tiles)
                except Exception as error:  # noqa: BLE001  whatever it is, painting goes on
                    if file is not None:
                        file.close()
                    file = None
                    self._fail(error)
        finally:
            if file is not None:
                file.close()

    def _fail(self, error: Exception) -> None:
        self._broken = True
        self._failures += 1
        (self.folder / _NEW).unlink(missing_ok=True)  # give back the room that it took
        if not self._told:
            self._told = True
            os_error = error if isinstance(error, OSError) else OSError()
            self._failed(error if isinstance(error, StudioError) else cause_of(os_error, self.folder))

    def _write_next(self, file: BinaryIO | None, head: dict[str, Any], tiles: Tiles) -> BinaryIO:
        records = self.folder / RECORDS
        if "resume" in head:
            os.truncate(records, head["resume"])
            return records.open("ab", buffering=0)
        if "version" not in head:
            assert file is not None
            self._written += write_record(file, head, tiles, hurry=not self._waiting.empty())
            if self._waiting.empty():
                os.fsync(file.fileno())  # against a power cut; a kill loses nothing that was written, flushed or not
            return file
        # A first record. Its file takes the name once it is whole; an open one can't be renamed on Windows.
        if file is not None:
            file.close()
        make_folder(self.folder)
        if head["base"]:
            original, stamp = head["base"]
            if self._copy_base(Path(original), stamp):
                head, tiles = {**head, "base": True, "surfaces": []}, []
            else:
                head = {**head, "base": None}
        new = self.folder / _NEW
        with new.open("wb", buffering=0) as fresh:
            write_record(fresh, head, tiles)
            os.fsync(fresh.fileno())
        os.replace(new, records)
        if not head["base"]:
            (self.folder / BASE).unlink(missing_ok=True)
        self._broken = self._told = False
        return records.open("ab", buffering=0)

    def _copy_base(self, original: Path, stamp: Stamp) -> bool:
        """Keep what the file is, whatever becomes of it. A second name would not do: some programs write into it."""
        try:
            shutil.copyfile(original, self.folder / BASE)
        except OSError:
            return False
        return stamp is not None and tuple(stamp) == stamp_of(original)


def _new_name() -> str:
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(4)}"
