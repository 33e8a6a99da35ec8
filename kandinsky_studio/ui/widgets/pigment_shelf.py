"""The palette of pigments: chips that are clicked or dragged into the mix."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QMimeData, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QDrag, QIcon, QImage, QKeyEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QInputDialog, QMenu, QSizePolicy, QToolButton

from kandinsky_studio.ui.sizes import TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.tool_button import FlowLayout
from kandinsky_studio.ui.widgets.translated import Translated

PIGMENT = "application/x-kandinsky-studio-pigment"
"""The name of a pigment that is being dragged."""

_SIDE = 28  # pixels of the picture on a chip
_LONGEST = 18  # characters of a name on a chip


def pigment_data(name: str) -> QMimeData:
    """What a chip is dragged as."""
    data = QMimeData()
    data.setData(PIGMENT, name.encode())
    return data


class PigmentChip(QToolButton):
    """A small picture and a name. F2 asks for another name, Delete throws it away."""

    dragged = Signal()
    rename_wanted = Signal()
    delete_wanted = Signal()

    def __init__(self, theme: Theme, name: str, image: QImage | None) -> None:
        super().__init__()
        self._theme = theme
        self._image = image
        self._press: QPoint | None = None
        self.name = name
        self.setText(name if len(name) <= _LONGEST else name[: _LONGEST - 1].rstrip() + "…")
        self.setToolTip(name)
        self.setAccessibleName(name)
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        theme.changed.connect(self.dress)
        self.dress()

    def dress(self) -> None:
        side = self._theme.px(_SIDE)
        self.setIconSize(QSize(side, side))
        if self._image is None:
            self.setIcon(self._theme.icon("style", "muted"))
        else:
            aspect, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
            sharp = round(side * self.devicePixelRatioF())
            self.setIcon(QIcon(QPixmap.fromImage(self._image.scaled(sharp, sharp, aspect, smooth))))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press = event.position().toPoint() if event.button() is Qt.MouseButton.LeftButton else None
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        far = QApplication.startDragDistance()
        if self._press is not None and (event.position().toPoint() - self._press).manhattanLength() >= far:
            self._press = None
            self.setDown(False)
            self.dragged.emit()
            return
        super().mouseMoveEvent(event)

    def event(self, event: QEvent) -> bool:
        """Its keys are those of a command elsewhere; here they are its own."""
        own = (Qt.Key.Key_F2, Qt.Key.Key_Delete)
        if isinstance(event, QKeyEvent) and event.type() is QEvent.Type.ShortcutOverride and event.key() in own:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_F2:
            self.rename_wanted.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_wanted.emit()
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        event.ignore()  # the shelf has the menu


class PigmentShelf(Translated):
    """``chosen`` carries the name of a chip that was clicked, ``renamed`` an old and a new name, ``thrown`` a name."""

    chosen = Signal(str)
    renamed = Signal(str, str)
    thrown = Signal(str)

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.chips: list[PigmentChip] = []
        self._flow = FlowLayout(self, TIGHT)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)

    def show_pigments(self, pigments: list[tuple[str, QImage | None]]) -> None:
        """Names and pictures, in their order."""
        for chip in self.chips:
            self._flow.removeWidget(chip)
            chip.hide()
            chip.deleteLater()
        self.chips = [PigmentChip(self._theme, name, image) for name, image in pigments]
        for chip in self.chips:
            self._flow.addWidget(chip)
            chip.show()
            chip.clicked.connect(self._told(chip, self.chosen.emit))
            chip.dragged.connect(self._told(chip, self._drag))
            chip.rename_wanted.connect(self._told(chip, self.ask_for_name))
            chip.delete_wanted.connect(self._told(chip, self.thrown.emit))
        self.updateGeometry()

    @staticmethod
    def _told(chip: PigmentChip, tell: Callable[[str], None]) -> Callable[[], None]:
        return lambda *_: tell(chip.name)

    def retranslate(self) -> None:
        """The names are the user's."""

    def _drag(self, name: str) -> None:
        chip = next(chip for chip in self.chips if chip.name == name)
        drag = QDrag(self)
        drag.setMimeData(pigment_data(name))
        drag.setPixmap(chip.icon().pixmap(chip.iconSize()))
        drag.exec(Qt.DropAction.CopyAction)

    def ask_for_name(self, name: str) -> None:
        """Open a field for another name."""
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Rename the pigment"))
        dialog.setLabelText(self.tr("Name"))
        dialog.setTextValue(name)
        dialog.textValueSelected.connect(lambda text: self.renamed.emit(name, text))
        dialog.open()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        chip = self.childAt(event.pos())
        if not isinstance(chip, PigmentChip):
            return
        menu = self.menu_of(chip.name)
        menu.popup(event.globalPos())

    def menu_of(self, name: str) -> QMenu:
        """What can be done with a pigment."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Put it into the mix")).triggered.connect(lambda: self.chosen.emit(name))
        menu.addAction(self.tr("Rename…")).triggered.connect(lambda: self.ask_for_name(name))
        menu.addAction(self.tr("Delete")).triggered.connect(lambda: self.thrown.emit(name))
        return menu
