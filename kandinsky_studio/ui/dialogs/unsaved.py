"""What is to become of documents that are not saved, when the window closes."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.app.sheet import Sheet
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, WIDE

_ROWS = 8  # that are seen without scrolling


class UnsavedDialog(QDialog):
    """Lists ``sheets``, each with a mark: to be saved, or not. ``answered`` carries the lists of both."""

    answered = Signal(object, object)

    def __init__(self, sheets: Sequence[Sheet], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle("Kandinsky Studio")
        icon = QLabel()
        size = self.style().pixelMetric(QStyle.PixelMetric.PM_LargeIconSize)
        warning = self.style().standardIcon(QStyle.StandardPixmap.SP_MessageBoxWarning)
        icon.setPixmap(warning.pixmap(size, size))
        text = QLabel(self.tr("These documents are not saved. What is not marked is closed without saving, and lost."))
        text.setWordWrap(True)
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Documents that are not saved"))
        for sheet in sheets:
            item = QListWidgetItem(sheet.title)
            item.setData(Qt.ItemDataRole.UserRole, sheet)
            item.setToolTip(str(sheet.path or sheet.title))
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable | Qt.ItemFlag.ItemIsSelectable)
            item.setCheckState(Qt.CheckState.Checked)
            self.list.addItem(item)
        rows = min(max(len(sheets), 2), _ROWS)
        self.list.setMinimumHeight(rows * self.list.sizeHintForRow(0) + 2 * self.list.frameWidth())
        self.list.itemChanged.connect(self._name_button)
        self.save = QPushButton()
        self.save.setDefault(True)
        self.drop = QPushButton(self.tr("Close without saving"))
        self.drop.setAutoDefault(False)
        self.stay = QPushButton(self.tr("Cancel"))
        self.stay.setAutoDefault(False)
        self.save.clicked.connect(self._save)
        self.drop.clicked.connect(self._drop)
        self.stay.clicked.connect(self.reject)
        head = QHBoxLayout()
        head.setSpacing(WIDE)
        head.addWidget(icon, 0, Qt.AlignmentFlag.AlignTop)
        head.addWidget(text, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(MEDIUM)
        buttons.addWidget(self.drop)
        buttons.addStretch(1)
        buttons.addWidget(self.stay)
        buttons.addWidget(self.save)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE, WIDE, WIDE, LARGE)
        layout.setSpacing(WIDE)
        layout.addLayout(head)
        layout.addWidget(self.list, 1)
        layout.addLayout(buttons)
        self._name_button()
        self.save.setFocus()

    def _items(self, checked: bool) -> list[Sheet]:
        items = [self.list.item(row) for row in range(self.list.count())]
        return [
            item.data(Qt.ItemDataRole.UserRole)
            for item in items
            if (item.checkState() is Qt.CheckState.Checked) is checked
        ]

    @Slot()
    def _name_button(self) -> None:
        all_of_them = not self._items(checked=False)
        self.save.setText(self.tr("Save all") if all_of_them else self.tr("Save the marked ones"))
        self.save.setEnabled(bool(self._items(checked=True)))

    @Slot()
    def _save(self) -> None:
        self.accept()
        self.answered.emit(self._items(checked=True), self._items(checked=False))

    @Slot()
    def _drop(self) -> None:
        self.accept()
        self.answered.emit([], [*self._items(checked=True), *self._items(checked=False)])
