"""Which key does what."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from kandinsky_studio.app.commands import plain
from kandinsky_studio.ui.actions import Actions, keys


class KeysDialog(QDialog):
    """Lists every action that has a key, and what the mouse does on the canvas."""

    def __init__(self, actions: Actions, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Keys"))
        rows = [
            (plain(action), keys(action))
            for action in actions.commands.actions()
            if action.isVisible() and keys(action)
        ]
        rows += [
            (self.tr("Zoom where the pointer is"), self.tr("Wheel")),
            (self.tr("Move the picture"), self.tr("Drag, or arrow keys")),
            (self.tr("Whole picture or 100 %"), self.tr("Double click")),
        ]
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(8)
        half = (len(rows) + 1) // 2
        for number, (what, key) in enumerate(rows):
            column = 3 * (number // half)
            name = QLabel(what)
            label = QLabel(key)
            label.setObjectName("muted")
            grid.addWidget(name, number % half, column)
            grid.addWidget(label, number % half, column + 1)
        grid.setColumnMinimumWidth(2, 24)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(24, 24, 24, 16)
        layout.setSpacing(16)
        layout.addLayout(grid)
        layout.addWidget(buttons)
