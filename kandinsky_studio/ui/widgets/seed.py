"""A seed: shown, typed, locked, drawn."""

from __future__ import annotations

from PySide6.QtCore import QRegularExpression, QSignalBlocker, Signal
from PySide6.QtGui import QIcon, QRegularExpressionValidator
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QToolButton, QWidget

from kandinsky_studio.engine.request import MAX_SEED


class SeedField(QWidget):
    """``typed`` carries a seed as a Python int (Qt's int has a sign and 31 bits), ``locked`` the state of the lock."""

    typed = Signal(object)
    locked = Signal(bool)
    drawn = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit()
        self.edit.setValidator(QRegularExpressionValidator(QRegularExpression("[0-9]{1,10}"), self.edit))
        self.dice = QToolButton()
        self.lock = QToolButton()
        self.lock.setCheckable(True)
        self._lock_icons = (QIcon(), QIcon())
        self.setFocusProxy(self.edit)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self.dice)
        layout.addWidget(self.lock)
        self.edit.editingFinished.connect(self.commit)
        self.dice.clicked.connect(self.drawn)
        self.lock.toggled.connect(self._toggle)
        self._seed = 0

    def set_seed(self, seed: int) -> None:
        self._seed = seed
        self.edit.setText(str(seed))

    def set_locked(self, locked: bool) -> None:
        with QSignalBlocker(self.lock):
            self.lock.setChecked(locked)
        self._show_lock(locked)

    def set_icons(self, dice: QIcon, opened: QIcon, closed: QIcon) -> None:
        self.dice.setIcon(dice)
        self._lock_icons = (opened, closed)
        self.lock.setIcon(self._lock_icons[self.lock.isChecked()])

    def commit(self) -> None:
        """Take the seed that was typed. It is meant to stay, so it locks itself."""
        if not self.edit.isModified():
            return
        self.edit.setModified(False)
        seed = min(int(self.edit.text() or self._seed), MAX_SEED)
        self.set_seed(seed)
        self.typed.emit(seed)
        self.lock.setChecked(True)

    def _toggle(self, locked: bool) -> None:
        self._show_lock(locked)
        self.locked.emit(locked)

    def _show_lock(self, locked: bool) -> None:
        self.lock.setIcon(self._lock_icons[locked])
        self.edit.setProperty("drawn", not locked)
        self.edit.style().unpolish(self.edit)
        self.edit.style().polish(self.edit)
