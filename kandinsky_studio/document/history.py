"""The undo list: what each step changed, within a bounded memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path

from kandinsky_studio.document.geometry import Key, Rect
from kandinsky_studio.document.layers import State
from kandinsky_studio.document.scratch import Scratch
from kandinsky_studio.document.surface import Surface, Tile, bytes_of
from kandinsky_studio.errors import DiskFull

MEMORY = 384 * 2**20  # bytes of pixels that steps may hold in memory beside the document
STEPS = 500

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

    def changed_tiles(self) -> Iterator[Tile]:
        for change in self.tiles.values():
            for pair in change.values():
                yield from (tile for tile in pair if tile is not None)

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

    @property
    def names(self) -> list[str]:
        """Of all steps, the oldest first, those that were undone after those that are done."""
        return [step.name for step in (*self.done, *reversed(self.undone))]

    @property
    def saved(self) -> bool:
        return not self._saved_lost and self._saved is (self.done[-1] if self.done else None)

    def mark_saved(self) -> None:
        self._saved_lost = False
        self._saved = self.done[-1] if self.done else None

    def mark_unsaved(self) -> None:
        """No step leads back to what a file has: a document that was recovered, or never was in a file."""
        self._saved_lost = True

    def add(self, step: Step, live: State) -> None:
        """``live`` is the document's state; its tiles are needed and never leave memory."""
        if self._saved is not None and self._saved in self.undone:
            self._saved_lost = True
        self.undone.clear()
        last = self.done[-1] if self.done else None
        if last is not None and step.merge and last.merge == step.merge and last is not self._saved:
            _join(last, step)
        else:
            self.done.append(step)
        if len(self.done) > self.steps:
            if self._saved is None and not self._saved_lost:
                self._saved_lost = True
            if self.done.pop(0) is self._saved:
                self._saved_lost = True
        self._held += bytes_of(before for change in step.tiles.values() for before, _ in change.values() if before)
        self._held += sum(surface.size for surface in step.before.surfaces() if not _has(step.after, surface))
        if self._held > self.memory:
            self.trim(live)

    def trim(self, live: State) -> None:
        """Put the oldest pixels on disk until the rest fits the memory. A full disk ends it: memory has to do."""
        needed = {id(tile) for surface in live.surfaces() for tile in surface.tiles.values()}
        held: dict[int, Tile] = {}
        seen: set[Surface] = set(live.surfaces())
        for step in (*self.undone, *reversed(self.done)):  # the newest first
            new = [surface for surface in step.surfaces() if surface not in seen]
            seen.update(new)
            for tile in chain(step.changed_tiles(), *(surface.tiles.values() for surface in new)):
                if tile.in_memory and id(tile) not in needed:
                    held.setdefault(id(tile), tile)
        self._held = bytes_of(held.values())
        for tile in reversed(held.values()):
            if self._held <= self.memory * 3 // 4:
                break
            size = tile.size
            try:
                tile.put_away(self._scratch)
            except DiskFull:
                break
            self._held -= size

    def clear(self) -> None:
        """Forget every step."""
        was_saved = self.saved
        self.done.clear()
        self.undone.clear()
        self._saved, self._saved_lost, self._held = None, not was_saved, 0

    def close(self) -> None:
        self.done.clear()
        self.undone.clear()
        self._scratch.close()


def _has(state: State, surface: Surface) -> bool:
    return any(other is surface for other in state.surfaces())


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
