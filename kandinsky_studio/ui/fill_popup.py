"""Opens above the button of the task bar: how what is marked is filled."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QWidget

from kandinsky_studio.app.generation import GenerationSettings
from kandinsky_studio.ui.actions import hint
from kandinsky_studio.ui.popup import Popup
from kandinsky_studio.ui.sizes import SMALL
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.paragraph import paragraph
from kandinsky_studio.ui.widgets.slider import LabelledSlider

_WIDTH = 280
_FILLS = ("keep", "blur", "border", "neutral")  # in the order in which they are offered


class FillPopup(Popup):
    """Changes the settings at once."""

    def __init__(self, settings: GenerationSettings, theme: Theme, remove: QAction, parent: QWidget) -> None:
        super().__init__(theme, _WIDTH, parent)
        self._settings = settings
        self.grow = LabelledSlider(theme, -64, 256, 0, suffix=" px")
        self.feather = LabelledSlider(theme, 0, 256, 8, suffix=" px", logarithmic=True)
        self.context = LabelledSlider(theme, 0, 1024, 32, suffix=" px", logarithmic=True)
        self.fill = QComboBox()
        self.fill.addItems([""] * len(_FILLS))
        self._fill_label = QLabel()
        self._fill_label.setBuddy(self.fill)
        self.match = QCheckBox()
        self.remove = QPushButton()
        self._explained = paragraph("muted")
        self._action = remove
        for widget in (self.grow, self.feather, self.context, self._fill_label, self.fill, self.match):
            self.column.addWidget(widget)
        self.column.addSpacing(SMALL)
        self.column.addWidget(self.remove)
        self.column.addWidget(self._explained)
        self.grow.changed.connect(lambda value: settings.set(mask_grow=round(value)))
        self.feather.changed.connect(lambda value: settings.set(mask_feather=round(value)))
        self.context.changed.connect(lambda value: settings.set(context_padding=round(value)))
        self.fill.activated.connect(lambda number: settings.set(fill=_FILLS[number]))
        self.match.clicked.connect(lambda on: settings.set(match_colours=bool(on)))
        self.remove.clicked.connect(self._remove)
        settings.changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        self.setAccessibleName(self.tr("How it is filled"))
        self.grow.set_words(
            self.tr("Grow"), self.tr("How far beyond what is marked is drawn anew; below 0 it stays as far within it.")
        )
        self.feather.set_words(self.tr("Soft edge"), self.tr("How wide old and new run into one another, inward."))
        self.context.set_words(
            self.tr("Seen around it"),
            self.tr("How much around it the model sees at least; it always sees half as far as the mark is wide."),
        )
        self._fill_label.setText(self.tr("Begin with"))
        self.fill.setAccessibleName(self.tr("Begin with"))
        words = {
            "keep": self.tr("What is there"),
            "blur": self.tr("The colours around it, run together"),
            "border": self.tr("What touches it, continued"),
            "neutral": self.tr("The mean colour around it"),
        }
        for number, fill in enumerate(_FILLS):
            self.fill.setItemText(number, words[fill])
        self.match.setText(self.tr("Match the colours around it"))
        self.remove.setText(self.tr("Remove what is marked"))
        explained = self.tr("Fill it with what is around it, whatever the words are.")
        self.remove.setToolTip(hint(self._action))
        self.remove.setAccessibleDescription(explained)
        self._explained.setText(explained)
        self._show()

    @Slot()
    def _show(self) -> None:
        values = self._settings.values
        self.grow.set_number(values.mask_grow)
        self.feather.set_number(values.mask_feather)
        self.context.set_number(values.context_padding)
        self.fill.setCurrentIndex(_FILLS.index(values.fill))
        self.match.setChecked(values.match_colours)

    @Slot()
    def _remove(self) -> None:
        self.close()
        self._action.trigger()

    def prepare(self) -> None:
        self._show()
        self.remove.setEnabled(self._action.isEnabled())
