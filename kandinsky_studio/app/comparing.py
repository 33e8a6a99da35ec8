"""How candidates are looked at: each alone, with a divider over it, or all of them side by side."""

from __future__ import annotations

import enum

from PySide6.QtCore import QObject, Signal, Slot

from kandinsky_studio.app.candidate import Candidate
from kandinsky_studio.app.candidates import Candidates
from kandinsky_studio.app.editor import Editor


class Way(enum.Enum):
    """How they are looked at."""

    ALONE = "alone"
    WIPE = "wipe"  # at the left of a divider the canvas or another candidate, at the right the shown one
    SIDE_BY_SIDE = "side by side"


class Comparing(QObject):
    """Belongs to the document in front; with its last candidate, and with another document, it ends."""

    changed = Signal()
    share_changed = Signal()

    def __init__(self, editor: Editor, candidates: Candidates, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._candidates = candidates
        self._way = Way.ALONE
        self._share = 0.5
        self._against: Candidate | None = None
        candidates.changed.connect(self._look)
        editor.sheet_changed.connect(self.end)

    @property
    def way(self) -> Way:
        return self._way

    @property
    def share(self) -> float:
        """Where the divider is, on the way from the left edge (0) to the right one (1) of what is seen of the area."""
        return self._share

    @property
    def against(self) -> Candidate | None:
        """What is at the left of the divider; None is the canvas without candidates."""
        return self._against

    def use(self, way: Way) -> None:
        """Look at them so; only while there are some."""
        if self._candidates.count == 0:
            way = Way.ALONE
        if way is not self._way:
            self._way = way
            if way is Way.WIPE:
                self._share, self._against = 0.5, None
            self.changed.emit()

    @Slot()
    def end(self) -> None:
        """Back to one at a time."""
        self.use(Way.ALONE)

    def move(self, share: float) -> None:
        """Put the divider at ``share``, 0…1."""
        share = min(max(share, 0.0), 1.0)
        if share != self._share:
            self._share = share
            self.share_changed.emit()

    def set_against(self, number: int | None) -> None:
        """Put a candidate (from 0) at the left of the divider, or the canvas."""
        waiting = self._candidates.waiting
        against = waiting[number] if number is not None and 0 <= number < len(waiting) else None
        if against is not self._against:
            self._against = against
            self.changed.emit()

    @Slot()
    def _look(self) -> None:
        """What is compared may be gone."""
        if self._against is not None and self._against not in self._candidates.waiting:
            self.set_against(None)
        if self._candidates.count == 0:
            self.end()
