"""Opens at the pen: the colour, and the settings of the tool that one changes all the time."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QPoint, Qt, Slot
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from kandinsky_studio.app.editor import Editor
from kandinsky_studio.ui.sizes import MEDIUM, SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.colour_picker import ColourPicker
from kandinsky_studio.ui.widgets.slider import LabelledSlider

_QUICK = ("size", "hardness", "opacity", "flow")


class BrushPopup(QFrame):
    """Goes when one clicks beside it or presses Esc."""

    def __init__(self, editor: Editor, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("popup")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self._editor = editor
        column = QVBoxLayout(self)
        column.setContentsMargins(MEDIUM, MEDIUM, MEDIUM, MEDIUM)
        column.setSpacing(SMALL)
        for option in editor.tool.options:
            if option.kind == "number" and option.attribute in _QUICK:
                slider = LabelledSlider(
                    theme,
                    option.minimum * option.factor,
                    option.maximum * option.factor,
                    getattr(editor.tool, option.attribute) * option.factor,
                    decimals=option.decimals,
                    suffix=f" {option.unit}" if option.unit else "",
                    logarithmic=option.logarithmic,
                )
                slider.set_words(QCoreApplication.translate("tools", option.title))
                slider.changed.connect(
                    lambda value, option=option: editor.set_option(option.attribute, value / option.factor)
                )
                column.addWidget(slider)
        self.picker = ColourPicker(theme)
        self.picker.set_colour(editor.desk.foreground)
        self.picker.changed.connect(self._picked)
        column.addWidget(self.picker)
        self.setAccessibleName(self.tr("Brush and colour"))

    @Slot(QColor)
    def _picked(self, colour: QColor) -> None:
        self._editor.set_colours(foreground=QColor(colour.red(), colour.green(), colour.blue()))

    def open_at(self, place: QPoint) -> None:
        """Beside ``place`` (of the screen), all of it on the screen."""
        self.adjustSize()
        screen = self.screen().availableGeometry()
        x = min(max(place.x() - self.width() // 2, screen.left()), screen.right() - self.width())
        y = min(max(place.y() - self.height() // 4, screen.top()), screen.bottom() - self.height())
        self.move(x, y)
        self.show()
