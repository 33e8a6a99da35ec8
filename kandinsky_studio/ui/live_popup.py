"""Opens above the button of the live bar: how live pictures are made and shown."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtWidgets import QCheckBox, QComboBox, QLabel, QPushButton, QWidget

from kandinsky_studio.app.live import Live
from kandinsky_studio.app.live_settings import FEWEST, MOST, LiveSettings, When
from kandinsky_studio.ui.popup import Popup
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.slider import LabelledSlider

_WIDTH = 300
_WHENS = tuple(When)


class LivePopup(Popup):
    """Changes the live settings at once."""

    def __init__(self, live: Live, theme: Theme, parent: QWidget) -> None:
        super().__init__(theme, _WIDTH, parent)
        self._live = live
        plain = LiveSettings()
        self.opacity = LabelledSlider(theme, 5, 100, plain.opacity * 100, suffix=" %")
        self.steps = LabelledSlider(theme, FEWEST, MOST, plain.steps)
        self.when = QComboBox()
        self.when.addItems([""] * len(_WHENS))
        self._when_label = QLabel()
        self._when_label.setBuddy(self.when)
        self.where = QComboBox()
        self.where.addItems(["", ""])
        self._where_label = QLabel()
        self._where_label.setBuddy(self.where)
        self.record = QCheckBox()
        self.seeds = QPushButton()
        for widget in (
            *(self._where_label, self.where, self.opacity, self._when_label, self.when),
            *(self.steps, self.record, self.seeds),
        ):
            self.column.addWidget(widget)
        self.opacity.changed.connect(lambda value: live.set(opacity=round(value / 100, 4)))
        self.steps.changed.connect(lambda value: live.set(steps=round(value)))
        self.when.activated.connect(lambda number: live.set(when=_WHENS[number]))
        self.where.activated.connect(lambda number: live.set(beside=number == 1))
        self.record.clicked.connect(lambda on: live.set(record=bool(on)))
        self.seeds.clicked.connect(live.draw_seeds)
        live.settings_changed.connect(self._show)
        self.retranslate()

    def retranslate(self) -> None:
        self.setAccessibleName(self.tr("How live pictures are made"))
        self.opacity.set_words(
            self.tr("Opacity"), self.tr("How much the live picture covers of the canvas; strokes always show through.")
        )
        self.steps.set_words(self.tr("Steps"), self.tr("Fewer are sooner done, more are better drawn."))
        self._when_label.setText(self.tr("The next picture begins"))
        self.when.setAccessibleName(self.tr("The next picture begins"))
        self.when.setToolTip(
            self.tr("Without a graphics card, pictures that are made while you paint take processor time from the pen.")
        )
        words = {When.PAINTING: self.tr("While I paint"), When.PAUSE: self.tr("When I pause")}
        for number, when in enumerate(_WHENS):
            self.when.setItemText(number, words[when])
        self._where_label.setText(self.tr("The picture is shown"))
        self.where.setAccessibleName(self.tr("The picture is shown"))
        self.where.setItemText(0, self.tr("Over the canvas"))
        self.where.setItemText(1, self.tr("In a corner of the view"))
        self.record.setText(self.tr("Record all in the gallery"))
        self.seeds.setText(self.tr("Draw new seeds"))
        self.seeds.setToolTip(self.tr("Live keeps its seeds, so that the picture does not flicker; this draws others."))
        self._show()

    @Slot()
    def _show(self) -> None:
        settings = self._live.settings
        self.where.setCurrentIndex(int(settings.beside))
        self.opacity.set_number(settings.opacity * 100)
        self.opacity.setEnabled(not settings.beside)
        self.steps.set_number(settings.steps)
        self.when.setCurrentIndex(_WHENS.index(self._live.when))
        self.record.setChecked(settings.record)

    def prepare(self) -> None:
        self._show()
