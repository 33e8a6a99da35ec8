"""How large a new document is, and what lies at its bottom."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QComboBox, QDialogButtonBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from kandinsky_studio.document.document import MAXIMUM
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, WIDE
from kandinsky_studio.ui.widgets.number import WholeBox
from kandinsky_studio.ui.widgets.translated import TranslatedDialog

_RATIOS = ((1, 1), (4, 3), (3, 4), (3, 2), (2, 3), (16, 9), (9, 16))


class NewDocumentDialog(TranslatedDialog):
    """``wanted`` carries width, height and the colour of the ground, None for a transparent one.

    ``native`` is the side that the chosen model draws best; the sizes that are offered follow it. ``copied`` is the
    size of a picture in the clipboard, if there is one.
    """

    wanted = Signal(int, int, object)

    def __init__(self, native: int, copied: tuple[int, int] | None, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._sizes: list[tuple[int, int] | None] = [(native, native)]
        area = native * native
        for across, down in _RATIOS[1:]:
            width, height = (area * across / down) ** 0.5, (area * down / across) ** 0.5
            self._sizes.append((round(width / 64) * 64 or 64, round(height / 64) * 64 or 64))
        for side in (2, 4):
            self._sizes.append((min(native * side, MAXIMUM), min(native * side, MAXIMUM)))
        self._copied = copied
        if copied is not None:
            self._sizes.insert(0, copied)
        self._sizes.append(None)
        self.preset = QComboBox()
        self.preset.addItems([""] * len(self._sizes))
        self.width_box, self.height_box = WholeBox(), WholeBox()
        for box in (self.width_box, self.height_box):
            box.setRange(1, MAXIMUM)
            box.setSuffix(" px")
            box.valueChanged.connect(self._typed)
        self.ground = QComboBox()
        self.ground.addItem("", QColor(255, 255, 255))
        self.ground.addItem("", None)
        self.ground.addItem("", QColor(0, 0, 0))
        self._labels = [QLabel() for _ in range(4)]
        form = QFormLayout()
        form.setHorizontalSpacing(WIDE)
        form.setVerticalSpacing(MEDIUM)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        for label, field in zip(self._labels, (self.preset, self.width_box, self.height_box, self.ground), strict=True):
            label.setBuddy(field)
            label.setMinimumHeight(field.sizeHint().height())
            form.addRow(label, field)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, Qt.Orientation.Horizontal
        )
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE, WIDE, WIDE, LARGE)
        layout.setSpacing(WIDE)
        layout.addLayout(form)
        layout.addWidget(self._buttons)
        self.preset.activated.connect(self._choose)
        self.retranslate()
        self._choose(0)
        self.width_box.setFocus()

    def retranslate(self) -> None:
        self.setWindowTitle(self.tr("New document"))
        words = (self.tr("Size"), self.tr("Width"), self.tr("Height"), self.tr("Ground"))
        for label, text in zip(self._labels, words, strict=True):
            label.setText(text)
        for field, text in zip((self.preset, self.width_box, self.height_box, self.ground), words, strict=True):
            field.setAccessibleName(text)
        for number, title in enumerate((self.tr("White"), self.tr("Transparent"), self.tr("Black"))):
            self.ground.setItemText(number, title)
        for number, size in enumerate(self._sizes):
            self.preset.setItemText(number, self._name(size))
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Create"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(self.tr("Cancel"))

    def _name(self, size: tuple[int, int] | None) -> str:
        if size is None:
            return self.tr("Other")
        text = f"{size[0]} × {size[1]}"
        return self.tr("{size}, as in the clipboard").format(size=text) if size is self._copied else text

    def _choose(self, number: int) -> None:
        size = self._sizes[number]
        if size is not None:
            for box, value in zip((self.width_box, self.height_box), size, strict=True):
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)

    def _typed(self) -> None:
        size = (self.width_box.value(), self.height_box.value())
        self.preset.setCurrentIndex(self._sizes.index(size) if size in self._sizes else len(self._sizes) - 1)

    def _accept(self) -> None:
        for box in (self.width_box, self.height_box):
            box.interpretText()
        self.wanted.emit(self.width_box.value(), self.height_box.value(), self.ground.currentData())
        self.accept()
