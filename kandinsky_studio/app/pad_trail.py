"""Where the puck of the mixing pad rested, and what came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtGui import QImage

from kandinsky_studio.app.gallery import Gallery, Item
from kandinsky_studio.app.pad_geometry import Place
from kandinsky_studio.engine.request import GenerationRequest

LONGEST = 24  # places that are remembered


@dataclasses.dataclass(eq=False)
class Visited:
    """A place: its picture, small, and once it is finished the item of the gallery."""

    place: Place
    seeds: tuple[int, int]  # of the idea and of the rendering
    image: QImage | None = None
    finished: bool = False
    request: GenerationRequest | None = None
    item: Item | None = None


class Trail(QObject):
    """The places in the order in which they were visited. What the gallery knows of their pictures is known here."""

    changed = Signal()

    def __init__(self, gallery: Gallery, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._visited: list[Visited] = []
        gallery.added.connect(self._saved)
        gallery.removed.connect(self._removed)

    @property
    def visited(self) -> Sequence[Visited]:
        return tuple(self._visited)

    def at(self, place: Place, seeds: tuple[int, int]) -> Visited | None:
        """The visit to ``place`` with these seeds."""
        return next((one for one in self._visited if (one.place, one.seeds) == (place, seeds)), None)

    def add(self, visited: Visited) -> None:
        """Put it at the end, in place of an earlier visit to the same place with the same seeds."""
        before = self.at(visited.place, visited.seeds)
        self._visited = [*(one for one in self._visited if one is not before), visited][-LONGEST:]
        self.changed.emit()

    def remove(self, visited: Visited) -> None:
        """Forget it, if it is remembered."""
        if visited in self._visited:
            self._visited.remove(visited)
            self.changed.emit()

    def clear(self) -> None:
        """Forget all."""
        self._visited.clear()
        self.changed.emit()

    @Slot(object)
    def _saved(self, item: Item) -> None:
        for one in self._visited:
            if one.request is not None and one.item is None and one.request == item.request:
                one.item = item

    @Slot(object)
    def _removed(self, item: Item) -> None:
        for one in self._visited:
            if item.is_same(one.item):
                one.item = None
