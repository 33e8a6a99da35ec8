"""Chips: short names side by side, each of which is taken away by a click."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QSizePolicy, QToolButton

from kandinsky_studio.ui.sizes import TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.tool_button import FlowLayout
from kandinsky_studio.ui.widgets.translated import Translated

_LONGEST = 24  # characters of a name on a chip
_CROSS = 12  # pixels


class Chip(QToolButton):
    """A name and a cross. A click, Delete or Backspace takes it away."""

    def __init__(self, theme: Theme, key: str, title: str, hint: str) -> None:
        super().__init__()
        self._theme = theme
        self.key, self.title = key, title
        self.setObjectName("chip")
        self.setText(title if len(title) <= _LONGEST else title[: _LONGEST - 1].rstrip() + "…")
        self.setToolTip(hint)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setLayoutDirection(Qt.LayoutDirection.RightToLeft)  # the cross stands behind the name
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self._dress)
        self._dress()

    def _dress(self) -> None:
        side = self._theme.px(_CROSS)
        self.setIconSize(QSize(side, side))
        self.setIcon(self._theme.icon("close", "muted"))

    def event(self, event: QEvent) -> bool:
        """Its keys are those of a command elsewhere; here they are its own."""
        own = (Qt.Key.Key_Backspace, Qt.Key.Key_Delete)
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and event.key() in own:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self.click()
        else:
            super().keyPressEvent(event)


class ChipRow(Translated):
    """``removed`` carries the key of a chip that was taken away. Not there while it is empty."""

    removed = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.chips: list[Chip] = []
        self._flow = FlowLayout(self, TIGHT)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.hide()

    def show_chips(self, rows: Sequence[tuple[str, str, str]]) -> None:
        """Show chips of (key, title, what it does) in place of those that are there; the keyboard stays nearby."""
        focused = next((number for number, chip in enumerate(self.chips) if chip.hasFocus()), None)
        for chip in self.chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = []
        for key, title, hint in rows:
            chip = Chip(self._theme, key, title, hint)
            chip.clicked.connect(lambda _=False, key=key: self.removed.emit(key))
            self.chips.append(chip)
            self._flow.addWidget(chip)
        self.setVisible(bool(self.chips))
        self.retranslate()
        if focused is not None and self.chips:
            self.chips[min(focused, len(self.chips) - 1)].setFocus()

    def retranslate(self) -> None:
        for chip in self.chips:
            chip.setAccessibleName(self.tr("Take off: {name}").format(name=chip.title))
