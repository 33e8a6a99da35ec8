"""The colour one paints with."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout

from kandinsky_studio.app.studio import Studio
from kandinsky_studio.document.document import Change
from kandinsky_studio.document.pixel_operations import lightness
from kandinsky_studio.ui.actions import Actions
from kandinsky_studio.ui.panel import Panel
from kandinsky_studio.ui.sizes import MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.colour_picker import ColourPicker


class ColoursPanel(Panel):
    """Changes the foreground colour; or the background, after it was pressed below the tools.

    Where only greys can be painted, on the depth layer, it shows the grey that a colour becomes there.
    """

    key = "colours"
    area = Qt.DockWidgetArea.RightDockWidgetArea
    of_document = True

    def __init__(self, studio: Studio, theme: Theme, actions: Actions) -> None:
        super().__init__(studio, theme, actions)
        self._editor = studio.editor
        self._background = False
        self.picker = ColourPicker(theme)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MEDIUM, 0, MEDIUM, SMALL)
        layout.addWidget(self.picker)
        layout.addStretch(1)
        self.picker.changed.connect(self._picked)
        self._editor.colours_changed.connect(self._show)
        self._editor.colour_wanted.connect(self._want)
        self._editor.document_changed.connect(self._changed)
        self._editor.sheet_changed.connect(self._show)
        self.retranslate()
        self._show()

    def title(self) -> str:
        return self.tr("Colour of the ground") if self._background else self.tr("Colour")

    def focus_first(self) -> None:
        self.picker.setFocus()

    def retranslate(self) -> None:
        self.picker.setAccessibleName(self.tr("Colour"))

    @Slot(bool)
    def _want(self, foreground: bool) -> None:
        self._background = not foreground
        self._show()

    @Slot(QColor)
    def _picked(self, colour: QColor) -> None:
        opaque = QColor(colour.red(), colour.green(), colour.blue())
        if self._background:
            self._editor.set_colours(background=opaque)
        else:
            self._editor.set_colours(foreground=opaque)

    @Slot(object)
    def _changed(self, change: Change) -> None:
        if change.state:
            self._show()

    @Slot()
    def _show(self) -> None:
        desk = self._editor.desk
        colour = desk.background if self._background else desk.foreground
        if self._editor.paints_grey:
            grey = round(255 * lightness(colour))
            colour = QColor(grey, grey, grey)
        if colour != self.picker.colour:
            self.picker.set_colour(colour)
