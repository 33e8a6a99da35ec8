"""Small questions about documents: one number, or a size."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QButtonGroup,
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QGridLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.document.document import MAXIMUM
from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.image_operations import anchored
from kandinsky_studio.document.turning import Resampling
from kandinsky_studio.ui.sizes import LARGE, MEDIUM, WIDE
from kandinsky_studio.ui.widgets.number import WholeBox


class _Question(QDialog):
    """A form with two buttons."""

    def __init__(self, title: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(title)
        self.form = QFormLayout()
        self.form.setHorizontalSpacing(WIDE)
        self.form.setVerticalSpacing(MEDIUM)
        self.form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft)
        self._buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel, Qt.Orientation.Horizontal
        )
        self._buttons.button(QDialogButtonBox.StandardButton.Ok).setText(self.tr("Apply"))
        self._buttons.button(QDialogButtonBox.StandardButton.Cancel).setText(self.tr("Cancel"))
        self._buttons.accepted.connect(self._accept)
        self._buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(WIDE, WIDE, WIDE, LARGE)
        layout.setSpacing(WIDE)
        layout.addLayout(self.form)
        layout.addWidget(self._buttons)

    def row(self, title: str, field: QWidget) -> None:
        label = QLabel(title)
        label.setBuddy(field)
        label.setMinimumHeight(field.sizeHint().height())
        field.setAccessibleName(title)
        self.form.addRow(label, field)

    def _accept(self) -> None:
        for box in self.findChildren(WholeBox):
            box.interpretText()
        self.tell()
        self.accept()

    def tell(self) -> None:
        """Say what was chosen."""
        raise NotImplementedError


class NumberDialog(_Question):
    """``wanted`` carries a number of pixels, 1 … 1000."""

    wanted = Signal(int)

    def __init__(self, title: str, value: int, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.box = WholeBox()
        self.box.setRange(1, 1000)
        self.box.setSuffix(" px")
        self.box.setValue(value)
        self.row(self.tr("By"), self.box)
        self.box.setFocus()
        self.box.selectAll()

    def tell(self) -> None:
        self.wanted.emit(self.box.value())


class _Sides(_Question):
    def __init__(self, title: str, canvas: Rect, parent: QWidget) -> None:
        super().__init__(title, parent)
        self.canvas = canvas
        self.width_box, self.height_box = WholeBox(), WholeBox()
        for box, value in ((self.width_box, canvas.width), (self.height_box, canvas.height)):
            box.setRange(1, MAXIMUM)
            box.setSuffix(" px")
            box.setValue(value)
        self.row(self.tr("Width"), self.width_box)
        self.row(self.tr("Height"), self.height_box)


class ImageSizeDialog(_Sides):
    """``wanted`` carries width, height and a :class:`Resampling`."""

    wanted = Signal(int, int, object)

    def __init__(self, canvas: Rect, parent: QWidget) -> None:
        super().__init__("", canvas, parent)
        self.setWindowTitle(self.tr("Image size"))
        self.keep = QCheckBox(self.tr("Keep proportions"))
        self.keep.setChecked(True)
        self.form.addRow("", self.keep)
        self.resampling = QComboBox()
        for title, way in (
            (self.tr("Bicubic, for most pictures"), Resampling.BICUBIC),
            (self.tr("Lanczos, sharpest"), Resampling.LANCZOS),
            (self.tr("Bilinear, softest"), Resampling.BILINEAR),
            (self.tr("Nearest, for pixel art"), Resampling.NEAREST),
        ):
            self.resampling.addItem(title, way)
        self.row(self.tr("Resampling"), self.resampling)
        self.width_box.valueChanged.connect(
            lambda value: self._follow(self.height_box, value, canvas.height, canvas.width)
        )
        self.height_box.valueChanged.connect(
            lambda value: self._follow(self.width_box, value, canvas.width, canvas.height)
        )

    def _follow(self, other: WholeBox, value: int, side: int, of: int) -> None:
        if self.keep.isChecked():
            other.blockSignals(True)
            other.setValue(min(max(round(value * side / of), 1), MAXIMUM))
            other.blockSignals(False)

    def tell(self) -> None:
        self.wanted.emit(self.width_box.value(), self.height_box.value(), self.resampling.currentData())


class CanvasSizeDialog(_Sides):
    """``wanted`` carries the new canvas, a :class:`Rect`."""

    wanted = Signal(object)

    def __init__(self, canvas: Rect, parent: QWidget) -> None:
        super().__init__("", canvas, parent)
        self.setWindowTitle(self.tr("Canvas size"))
        names = (
            (self.tr("upper left"), self.tr("top"), self.tr("upper right")),
            (self.tr("left"), self.tr("middle"), self.tr("right")),
            (self.tr("lower left"), self.tr("bottom"), self.tr("lower right")),
        )
        holder = QWidget()
        grid = QGridLayout(holder)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(2)
        self.anchors = QButtonGroup(self)
        for down in range(3):
            for across in range(3):
                button = QToolButton()
                button.setCheckable(True)
                button.setText("●")
                button.setToolTip(names[down][across])
                button.setAccessibleName(names[down][across])
                button.setChecked(across == down == 1)
                self.anchors.addButton(button, 3 * down + across)
                grid.addWidget(button, down, across)
        grid.setColumnStretch(3, 1)
        self.row(self.tr("What is there stays at"), holder)

    def tell(self) -> None:
        down, across = divmod(self.anchors.checkedId(), 3)
        self.wanted.emit(anchored(self.canvas, self.width_box.value(), self.height_box.value(), across / 2, down / 2))
