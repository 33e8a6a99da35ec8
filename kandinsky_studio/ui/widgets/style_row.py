"""A style that is applied, with its strength; and the shelf and the tray that styles come from."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QImage, QKeyEvent, QPixmap
from PySide6.QtWidgets import QInputDialog, QMenu, QToolButton

from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.pigment_shelf import PigmentShelf
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.slot import SmallPicture, lay_out
from kandinsky_studio.ui.widgets.status_line import StatusLine
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated

_SIDE = 48  # pixels of a picture in the tray


class StyleRow(Translated):
    """``strengthened`` carries the strength (−1 … 2) that the user chose."""

    strengthened = Signal(float)
    removed = Signal()

    def __init__(self, theme: Theme, name: str, image: QImage | None) -> None:
        super().__init__()
        self._fits = True
        self.picture = SmallPicture(theme, "style")
        self.picture.show_image(image, "style")
        self.picture.setAccessibleName(name)
        self.name = StatusLine(Qt.AlignmentFlag.AlignLeft)
        self.name.setText(name)
        self.name.setToolTip(name)
        self.strength = LabelledSlider(theme, -100, 200, 100, suffix=" %")
        self.remove = IconButton(theme, "close", small=True)
        lay_out(self, self.picture, (self.name, self.remove), self.strength)
        self.strength.changed.connect(lambda percent: self.strengthened.emit(percent / 100))
        self.remove.clicked.connect(self.removed)
        self.retranslate()

    def show_fit(self, fits: bool) -> None:
        """Grey, with the reason, if the chosen model sees pictures differently than the one it was made with."""
        self._fits = fits
        self.strength.setEnabled(fits)
        self.retranslate()

    def retranslate(self) -> None:
        if self._fits:
            self.strength.set_words(
                self.tr("Strength"),
                self.tr("How much of the style is added; below 0 it leads away from it. A double click gives 100 %."),
            )
        else:
            self.strength.set_words(
                self.tr("Of another model"),
                self.tr("This style was made with a model that sees pictures differently, so it is not applied."),
            )
        self.remove.set_words(self.tr("Apply it no more"))


class StyleShelf(PigmentShelf):
    """The styles that are kept: a click applies one."""

    def _drag(self, name: str) -> None:
        """A style is no ingredient of a mix."""

    def ask_for_name(self, name: str) -> None:
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setWindowTitle(self.tr("Rename the style"))
        dialog.setLabelText(self.tr("Name"))
        dialog.setTextValue(name)
        dialog.textValueSelected.connect(lambda text: self.renamed.emit(name, text))
        dialog.open()

    def menu_of(self, name: str) -> QMenu:
        """What can be done with a style."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Apply it")).triggered.connect(lambda: self.chosen.emit(name))
        menu.addAction(self.tr("Rename…")).triggered.connect(lambda: self.ask_for_name(name))
        menu.addAction(self.tr("Delete")).triggered.connect(lambda: self.thrown.emit(name))
        return menu


class TrayPicture(QToolButton):
    """A picture in the tray; a click, or Delete, takes it out."""

    def __init__(self, theme: Theme, name: str, image: QImage | None) -> None:
        super().__init__()
        self.name = name
        side = theme.px(_SIDE)
        self.setIconSize(QSize(side, side))
        if image is None:
            self.setIcon(theme.icon("style", "muted"))
        else:
            sharp = round(side * self.devicePixelRatioF())
            aspect, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
            small = image.scaled(sharp, sharp, aspect, smooth)
            middle = small.copy((small.width() - sharp) // 2, (small.height() - sharp) // 2, sharp, sharp)
            self.setIcon(QIcon(QPixmap.fromImage(middle)))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def event(self, event: QEvent) -> bool:
        """Delete is the key of a command elsewhere; here it is its own."""
        if (
            isinstance(event, QKeyEvent)
            and event.type() is QEvent.Type.ShortcutOverride
            and event.key() == Qt.Key.Key_Delete
        ):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete:
            self.click()
        else:
            super().keyPressEvent(event)
