"""At the right of the task bar: the candidates, while there are any."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QPushButton, QSizePolicy, QWidget

from kandinsky_studio.app.candidates import Candidates
from kandinsky_studio.app.comparing import Comparing, Way
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.sizes import TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import FlowLayout, IconButton
from kandinsky_studio.ui.widgets.translated import Translated


class CandidateBar(Translated):
    """Goes through them, compares, marks, keeps and drops them. Wraps where it is narrow."""

    def __init__(self, studio: Studio, theme: Theme, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        candidates: Candidates = studio.candidates
        comparing: Comparing = studio.comparing
        self._candidates, self._comparing = candidates, comparing
        commands = actions.commands
        previous = commands.implement("generation.previous_candidate", lambda: candidates.step(-1))
        following = commands.implement("generation.next_candidate", lambda: candidates.step(1))
        self._mark = commands.implement("generation.mark_candidate", lambda: candidates.mark())
        self._wipe = commands.implement("generation.wipe", lambda on: self._look(Way.WIPE, on))
        self._beside = commands.implement("generation.side_by_side", lambda on: self._look(Way.SIDE_BY_SIDE, on))
        keep = commands.implement("generation.keep", candidates.keep)
        keep_all = commands.implement("generation.keep_all", candidates.keep_all)
        drop = commands.implement("generation.drop", candidates.drop)
        self._actions = (previous, following, self._mark, self._wipe, self._beside, keep, keep_all, drop)
        self.number = StatusLine()
        self.number.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.against = QComboBox()
        self.against.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.against.activated.connect(lambda row: comparing.set_against(row - 1 if row > 0 else None))
        self.compare = IconButton(theme, "compare")
        self.compare.pressed.connect(lambda: candidates.compare(True))
        self.compare.released.connect(lambda: candidates.compare(False))
        self.keep = QPushButton()
        self.keep.setObjectName("primary")
        self.keep.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click makes it go away, and the keyboard would wander
        self.keep.clicked.connect(keep.trigger)
        self.mark = IconButton.of(theme, self._mark, "mark")
        self.wipe = IconButton.of(theme, self._wipe, "wipe")
        self.beside = IconButton.of(theme, self._beside, "side_by_side")
        self.keep_all = IconButton.of(theme, keep_all)
        through = QWidget()
        beside = QHBoxLayout(through)
        beside.setContentsMargins(0, 0, 0, 0)
        beside.setSpacing(TIGHT)
        for widget in (IconButton.of(theme, previous), self.number, IconButton.of(theme, following)):
            beside.addWidget(widget)
        self._several = (through, self.mark, self.keep_all)
        self._row = FlowLayout(self)
        self._looks = (through, self.mark, self.compare, self.wipe, self.beside, self.against)
        self._ends = (self.keep, self.keep_all, IconButton.of(theme, drop))
        self._narrow = True
        self.set_narrow(False)
        policy = QSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        candidates.changed.connect(self.show_all)
        comparing.changed.connect(self.show_all)
        theme.changed.connect(self.show_all)
        self.retranslate()

    def retranslate(self) -> None:
        self.compare.set_words(self.tr("Hold to see the canvas without it"))
        self.against.setAccessibleName(self.tr("At the left of the divider"))
        self.against.setToolTip(self.tr("At the left of the divider"))
        self.show_all()

    def set_narrow(self, narrow: bool) -> None:
        """In several rows; what ends the choice goes first, as the last row may not fit on a small screen."""
        if narrow == self._narrow:
            return
        self._narrow = narrow
        while self._row.takeAt(0) is not None:
            pass
        for widget in (*self._ends, *self._looks) if narrow else (*self._looks, *self._ends):
            self._row.addWidget(widget)

    def _look(self, way: Way, on: bool) -> None:
        self._comparing.use(way if on else Way.ALONE)
        self.show_all()

    @Slot()
    def show_all(self) -> None:
        """Show what there is now."""
        candidates, way = self._candidates, self._comparing.way
        count, marked = candidates.count, candidates.marked
        self.setVisible(count > 0)
        self.number.setText(f"{candidates.number + 1} / {count}")
        line = self.number.fontMetrics()
        self.number.setFixedSize(
            line.horizontalAdvance("00 / 00"), max(self.compare.sizeHint().height(), line.height())
        )
        for widget in self._several:
            widget.setVisible(count > 1)
        for action in self._actions:
            action.setEnabled(count > 0)
        self._mark.setChecked(count > 0 and candidates.waiting[candidates.number] in marked)
        self._wipe.setChecked(way is Way.WIPE)
        self._beside.setChecked(way is Way.SIDE_BY_SIDE)
        self.compare.setEnabled(way is not Way.SIDE_BY_SIDE)
        words = self.tr("Keep the {n} marked").format(n=len(marked))
        self.keep.setText(words if marked else self.tr("Keep as a layer"))
        self.keep.setMinimumHeight(self.compare.sizeHint().height())
        self._show_against(way is Way.WIPE and count > 1)

    def _show_against(self, shown: bool) -> None:
        waiting, against = self._candidates.waiting, self._comparing.against
        words = [self.tr("Left: the canvas"), *(self.tr("Left: {n}").format(n=n + 1) for n in range(len(waiting)))]
        if [self.against.itemText(row) for row in range(self.against.count())] != words:
            self.against.clear()
            self.against.addItems(words)
        self.against.setCurrentIndex(waiting.index(against) + 1 if against in waiting else 0)
        self.against.setVisible(shown)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self.show_all()
