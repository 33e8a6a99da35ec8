"""Where candidates are seen: over the document, with a divider over it, or side by side in its place."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Slot
from PySide6.QtWidgets import QStackedWidget

from kandinsky_studio.app.candidate import Candidate
from kandinsky_studio.app.comparing import Way
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.easel.laid import Laid
from kandinsky_studio.ui.easel.side_by_side import Cell, SideBySide
from kandinsky_studio.ui.easel.view import DocumentView
from kandinsky_studio.ui.theme import Theme


class CandidateViews(QObject):
    """Shows the candidates of the document in front in ``view`` and in ``grid``, which stands in ``stack`` with it."""

    def __init__(self, studio: Studio, theme: Theme, view: DocumentView, stack: QStackedWidget) -> None:
        super().__init__(stack)
        self._candidates, self._comparing, self._editor = studio.candidates, studio.comparing, studio.editor
        self._view, self._stack = view, stack
        self._known: dict[Candidate, Laid] = {}
        self._rested: Candidate | None = None  # the one for which the mask was left away last
        self.grid = SideBySide(theme)
        stack.addWidget(self.grid)
        stack.installEventFilter(self)
        self._candidates.changed.connect(self.show_all)
        self._comparing.changed.connect(self.show_all)
        self._comparing.share_changed.connect(self._show_wipe)
        view.wipe.moved.connect(self._comparing.move)
        view.wipe.left.connect(self._comparing.end)
        self.grid.chosen.connect(self._candidates.choose)
        self.grid.marked.connect(self._candidates.mark)
        self.grid.kept.connect(self._candidates.keep)
        self.grid.closed.connect(self._comparing.end)
        self.retranslate()

    def retranslate(self) -> None:
        """In the language of the window."""
        self.grid.setAccessibleName(self.tr("Candidates side by side"))
        self.grid.setAccessibleDescription(
            self.tr("Arrow keys choose, Space marks, Enter keeps what is marked or else the chosen one, Esc goes back.")
        )
        self._show_grid()

    @Slot()
    def show_all(self) -> None:
        """Show what there is now, the way it is looked at."""
        candidates = self._candidates
        wanted = {*candidates.waiting, candidates.shown, candidates.preview, self._comparing.against} - {None}
        self._known = {one: self._known.get(one) or _laid(one) for one in wanted if one is not None}
        shown = candidates.shown
        if shown is not self._rested and (shown is None or shown is not candidates.preview):
            self._view.rest_mask(shown is not None)  # what came is looked at without the red around it
        self._rested = shown
        self._view.lay_over(None if shown is None else self._known[shown])
        self._show_wipe()
        self._show_grid()

    @Slot()
    def _show_wipe(self) -> None:
        comparing = self._comparing
        on = comparing.way is Way.WIPE and self._view.laid is not None
        against = comparing.against
        self._view.wipe.show_at(comparing.share if on else None, self._known.get(against) if against else None)

    def _show_grid(self) -> None:
        wanted = self._comparing.way is Way.SIDE_BY_SIDE
        there = self._stack.currentWidget() is self.grid
        if wanted and not there:
            self.grid.show_document(self._editor.document, self._view.camera.sighting())
        if wanted:
            candidates = self._candidates
            cells = [Cell(self.tr("The canvas"), None)]
            marked = candidates.marked
            for number, one in enumerate(candidates.waiting):
                cells.append(Cell(str(number + 1), self._known[one], number, one in marked))
            if candidates.preview is not None:
                cells.append(Cell(self.tr("Being made…"), self._known[candidates.preview]))
            self.grid.show_cells(cells, candidates.number)
        if wanted != there:
            focus = self._view.hasFocus() or self.grid.hasFocus()
            front = self.grid if wanted else self._view
            self._stack.setCurrentWidget(front)
            if focus or wanted:
                front.setFocus()
        if not wanted and there:
            self.grid.show_document(None)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LanguageChange:
            self.retranslate()
        return False


def _laid(candidate: Candidate) -> Laid:
    return Laid(candidate.image, candidate.area, candidate.plan.grows)
