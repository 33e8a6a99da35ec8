"""The undo list: what each step changed, within a bounded memory."""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import chain, zip_longest
from pathlib import Path

from kandinsky_studio.document.geometry import Key, Rect
from kandinsky_studio.document.giving_way import give_way
from kandinsky_studio.document.layers import State
from kandinsky_studio.document.scratch import Scratch
from kandinsky_studio.document.surface import Surface, Tile, bytes_of
from kandinsky_studio.errors import DiskFull

MEMORY = 384 * 2**20  # bytes of pixels that steps may hold in memory beside the document
AT_HAND = 16 * 2**20  # and that they hold in the end, but for the nearest steps: the rest goes to the disk by and by
_WORTH = 4 * 2**20  # bytes that a thread is begun for
STEPS = 500

_IDLE = 2.0  # seconds after the last tiles were put away

Tiles = dict[Surface, dict[Key, tuple[Tile | None, Tile | None]]]  # what was there, and what came


@dataclass(eq=False)
class Step:
    """One entry of the undo list: ``name`` is an English source text that the window translates.

    ``merge`` is set while the same thing is still being changed (an opacity that is dragged): such steps become one.
    """

    name: str
    before: State
    after: State
    tiles: Tiles = field(default_factory=dict)
    damage: Rect | None = None  # None: everything may look different
    merge: str = ""

    def surfaces(self) -> Iterator[Surface]:
        """All that this step keeps from vanishing; the tiles that it changed come beside them."""
        yield from self.before.surfaces()
        yield from self.after.surfaces()

    def changed_tiles(self, after: bool) -> Iterator[Tile]:
        """The tiles that came, or those that were there before."""
        for change in self.tiles.values():
            for pair in change.values():
                tile = pair[after]
                if tile is not None:
                    yield tile

    def left(self, back: bool) -> int:
        """Bytes in memory that the document has not any more after this step, or before it (``back``)."""
        size = bytes_of(self.changed_tiles(after=back))
        if self.before is not self.after:
            gone, come = (self.after, self.before) if back else (self.before, self.after)
            kept = set(come.surfaces())
            size += sum(surface.size for surface in gone.surfaces() if surface not in kept)
        return size

    def apply(self, back: bool) -> None:
        """Put the tiles of one side into their surfaces."""
        for surface, change in self.tiles.items():
            for key, (before, after) in change.items():
                tile = before if back else after
                if tile is None:
                    surface.tiles.pop(key, None)
                else:
                    surface.tiles[key] = tile


class History:
    """Steps done and undone. ``saved`` tells whether the document is as the file has it."""

    def __init__(self, memory: int = MEMORY, steps: int = STEPS, folder: Path | None = None) -> None:
        self.memory = memory
        self.steps = steps
        self.done: list[Step] = []
        self.undone: list[Step] = []
        self._scratch = Scratch(folder)
        self._saved: Step | None = None
        self._saved_lost = False
        self._held = 0  # estimate: bytes that steps hold; counted exactly when it passes ``memory``
        self._left = 0  # bytes that were found to be needed at hand
        self._beside: threading.Thread | None = None
        self._stop = threading.Event()
        self._rests = False  # whether that thread has put away everything and only waits

    @property
    def names(self) -> list[str]:
        """Of all steps, the oldest first, those that were undone after those that are done."""
        return [step.name for step in (*self.done, *reversed(self.undone))]

    @property
    def saved(self) -> bool:
        return not self._saved_lost and self._saved is (self.done[-1] if self.done else None)

    def mark(self) -> Step | None:
        """Where the document is now, for :meth:`mark_saved` once a file has it."""
        if self.done:
            self.done[-1].merge = ""  # what comes is not in the file
        return self.done[-1] if self.done else None

    def mark_saved(self, at: Step | None) -> None:
        """A file has what the document was when :meth:`mark` returned ``at``."""
        self._saved_lost = at is not None and at not in self.done and at not in self.undone
        self._saved = at

    def mark_unsaved(self) -> None:
        """No step leads back to what a file has: a document that was recovered, or never was in a file."""
        self._saved_lost = True

    def add(self, step: Step, live: State) -> None:
        """``live`` is the document's state; its tiles are needed and never leave memory."""
        if self._saved is not None and self._saved in self.undone:
            self._lose_saved()
        last = self.done[-1] if self.done and not self.undone else None
        self.undone.clear()
        if last is not None and step.merge and last.merge == step.merge and last is not self._saved:
            _join(last, step)
        else:
            self.done.append(step)
        if len(self.done) > self.steps and (self.done.pop(0) is self._saved or self._saved is None):
            self._lose_saved()
        self._held += step.left(back=False)
        self._trim_if_needed(live)

    def stepped(self, step: Step, back: bool, live: State) -> None:
        """``step`` was undone (``back``) or redone: it gave the document what it held, and holds the other side."""
        self._held = max(self._held + step.left(back) - step.left(not back), 0)
        self._trim_if_needed(live)

    def trim(self, live: State) -> None:
        """Put pixels on disk until the rest fits the memory, those first that most steps lie before.

        A full disk ends it: then memory has to do.
        """
        held = self._all_held(live)
        for tile in reversed(held):
            if self._held <= self.memory * 3 // 4:
                break
            size = tile.size
            try:
                tile.put_away(self._scratch)
            except DiskFull:
                break
            self._held -= size

    def _trim_if_needed(self, live: State) -> None:
        if self._held > self.memory:
            self.trim(live)
        if self._held > max(AT_HAND, self._left) + _WORTH:
            self._trim_beside(live)

    def _trim_beside(self, live: State) -> None:
        """Have a thread put on disk what few would miss: whoever paints does not wait for it, and is soon done."""
        if self._beside is not None and self._beside.is_alive() and not self._rests:
            return
        nearest = {id(tile) for step in (*self.done[-1:], *self.undone[-1:]) for tile in _changed(step)}
        kept, away = 0, []
        for tile in self._all_held(live):
            if id(tile) in nearest or kept + tile.size <= AT_HAND:
                kept += tile.size
            else:
                away.append(tile)
        self._left = kept
        if self._held - kept < _WORTH:
            return
        self._held = kept
        self._stop.clear()
        self._rests = False
        self._beside = threading.Thread(target=self._put_away, args=(away,), name="undo", daemon=True)
        self._beside.start()

    def _put_away(self, tiles: list[Tile]) -> None:
        give_way()
        with suppress(DiskFull):  # then memory has to do
            for tile in reversed(tiles):
                if self._stop.is_set():
                    return
                tile.put_away(self._scratch)
        self._rests = True
        # glibc would keep what is free now between what is not. To look for it holds up whoever wants memory meanwhile,
        # a stroke for up to 80 ms: that waits until there was nothing to put away for a while.
        idle = sys.platform == "linux" and not self._stop.wait(_IDLE)
        if idle and self._beside is threading.current_thread():
            with suppress(OSError, AttributeError):  # another C library has no such function
                ctypes.CDLL(None).malloc_trim(0)

    def _all_held(self, live: State) -> list[Tile]:
        """The tiles that only steps hold in memory, those of the nearest steps first; counts their bytes."""
        needed = {id(tile) for surface in live.surfaces() for tile in surface.tiles.values()}
        held: dict[int, Tile] = {}
        seen: set[Surface] = set(live.surfaces())
        pairs = zip_longest(reversed(self.done), reversed(self.undone))  # the nearest first
        for step in (step for pair in pairs for step in pair if step is not None):
            new = [surface for surface in dict.fromkeys(step.surfaces()) if surface not in seen]
            seen.update(new)
            tiles = (surface.tiles.values() for surface in new)
            for tile in chain(_changed(step), *tiles):
                if tile.in_memory and id(tile) not in needed:
                    held.setdefault(id(tile), tile)
        self._held = bytes_of(held.values())
        return list(held.values())

    def _lose_saved(self) -> None:
        self._saved, self._saved_lost = None, True

    def clear(self) -> None:
        """Forget every step."""
        was_saved = self.saved
        self.done.clear()
        self.undone.clear()
        self._saved, self._saved_lost, self._held = None, not was_saved, 0

    def close(self) -> None:
        self._stop.set()
        if self._beside is not None:
            self._beside.join()
        self.done.clear()
        self.undone.clear()
        self._scratch.close()


def _changed(step: Step) -> Iterator[Tile]:
    return chain(step.changed_tiles(after=False), step.changed_tiles(after=True))


def _join(first: Step, second: Step) -> None:
    """Make ``first`` lead where ``second`` leads."""
    first.after = second.after
    if first.damage is None or second.damage is None:
        first.damage = None
    else:
        first.damage = first.damage.united(second.damage)
    for surface, change in second.tiles.items():
        known = first.tiles.setdefault(surface, {})
        for key, (before, after) in change.items():
            known[key] = (known[key][0] if key in known else before, after)
