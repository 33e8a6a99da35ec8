"""Choosing a colour: with a wheel, with sliders, as hexadecimal digits, or one used lately."""

from __future__ import annotations

import re
from collections.abc import Iterable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from kandinsky_studio.ui.sizes import SMALL, TIGHT, width_of
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.colour_wheel import ColourWheel
from kandinsky_studio.ui.widgets.colours import ColourButton, colour_text
from kandinsky_studio.ui.widgets.slider import LabelledSlider
from kandinsky_studio.ui.widgets.tool_button import FlowLayout
from kandinsky_studio.ui.widgets.translated import Translated

RECENT = 16
SWATCH = 20


def parse_colour(text: str) -> QColor | None:
    """The colour written as ``#RGB`` or ``#RRGGBB``, with or without the sign; None if it is none."""
    digits = text.strip().lstrip("#")
    return QColor(f"#{digits}") if re.fullmatch(r"[0-9a-fA-F]{3}(?:[0-9a-fA-F]{3})?", digits) else None


class ColourPicker(Translated):
    """Shows one opaque colour. ``changed`` carries each the user comes by (QColor), ``chosen`` the one they stop at.

    A colour that was painted with becomes a recent one by :meth:`add_recent`; ``recent`` holds them, newest first.
    """

    changed = Signal(QColor)
    chosen = Signal(QColor)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._colour = QColor("#000000")
        self.recent: list[QColor] = []
        self.wheel = ColourWheel(theme)
        self.hsv = tuple(
            LabelledSlider(theme, 0, top, 0, suffix=sign) for top, sign in ((359, "°"), (100, " %"), (100, " %"))
        )
        self.rgb = tuple(LabelledSlider(theme, 0, 255, 0) for _ in range(3))
        self.hex = QLineEdit()
        self.hex.setMaxLength(7)
        self._hex_label = QLabel()
        self._hex_label.setBuddy(self.hex)
        self.kinds = {name: QToolButton() for name in ("hsv", "rgb")}
        self._pages = QStackedWidget()
        self._recent_label = QLabel()
        self._recent_label.setObjectName("muted")
        self._swatches: list[ColourButton] = []
        self._recent_place = QWidget()
        self._recent_flow = FlowLayout(self._recent_place, TIGHT)
        self._build()
        self._connect()
        self.retranslate()
        self.set_colour(self._colour)

    def _build(self) -> None:
        row = QHBoxLayout()
        row.setSpacing(TIGHT)
        group = QButtonGroup(self)
        for page, (name, sliders) in enumerate((("hsv", self.hsv), ("rgb", self.rgb))):
            button = self.kinds[name]
            button.setText(name.upper())
            button.setCheckable(True)
            button.setChecked(page == 0)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _=False, page=page: self._pages.setCurrentIndex(page))
            group.addButton(button)
            row.addWidget(button)
            self._pages.addWidget(_column(sliders))
        row.addStretch(1)
        row.addWidget(self._hex_label)
        row.addWidget(self.hex)
        self.hex.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        policy.setHeightForWidth(True)
        self._recent_place.setSizePolicy(policy)
        self._pages.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(SMALL, SMALL, SMALL, SMALL)
        layout.setSpacing(SMALL)
        layout.addWidget(self.wheel, 1)
        layout.addLayout(row)
        layout.addWidget(self._pages)
        layout.addWidget(self._recent_label)
        layout.addWidget(self._recent_place)
        self._fit_hex()

    def _connect(self) -> None:
        self.wheel.changed.connect(lambda *hsv: self._choose(QColor.fromHsvF(*hsv)))
        self.wheel.committed.connect(self._commit)
        for slider in self.hsv:
            slider.changed.connect(lambda _: self._from_hsv())
            slider.committed.connect(lambda _: self._commit())
        for slider in self.rgb:
            slider.changed.connect(lambda _: self._choose(QColor(*(round(slider.number) for slider in self.rgb))))
            slider.committed.connect(lambda _: self._commit())
        self.hex.editingFinished.connect(self._from_hex)
        self._theme.changed.connect(self._fit_hex)

    def _fit_hex(self) -> None:
        self.hex.setFixedWidth(width_of(self.hex, "#DDDDDD") + self._theme.px(2 * SMALL) + SMALL)

    # ------------------------------------------------------------------ the colour

    @property
    def colour(self) -> QColor:
        """What is chosen now."""
        return QColor(self._colour)

    def set_colour(self, colour: QColor) -> None:
        """Show ``colour``; nothing is told. A grey keeps the hue that was shown, black the saturation too."""
        if colour.rgb() != QColor.fromHsvF(*self.wheel.hsv).rgb():
            old_hue, old_saturation, _ = self.wheel.hsv
            hue = colour.hueF() if colour.hueF() >= 0 else old_hue
            self.wheel.set_hsv(hue, colour.saturationF() if colour.valueF() else old_saturation, colour.valueF())
        self._colour = QColor(colour.rgb())
        self._show()

    def _show(self) -> None:
        hue, saturation, value = self.wheel.hsv
        for slider, number in zip(self.hsv, (hue * 360 % 360, saturation * 100, value * 100), strict=True):
            slider.set_number(number)
        for slider, part in zip(self.rgb, (self._colour.red(), self._colour.green(), self._colour.blue()), strict=True):
            slider.set_number(part)
        if not (self.hex.hasFocus() and self.hex.isModified()):
            self.hex.setText(colour_text(self._colour))

    def _choose(self, colour: QColor) -> None:
        self.set_colour(colour)
        self.changed.emit(self.colour)

    def _from_hsv(self) -> None:
        hue, saturation, value = (slider.number for slider in self.hsv)
        self.wheel.set_hsv(hue / 360, saturation / 100, value / 100)
        self._choose(QColor.fromHsvF(*self.wheel.hsv))

    def _from_hex(self) -> None:
        if not self.hex.isModified():
            return
        colour = parse_colour(self.hex.text())
        self.hex.setModified(False)
        if colour is None or colour == self._colour:
            self.hex.setText(colour_text(self._colour))
            return
        self._choose(colour)
        self._commit()

    def _commit(self) -> None:
        self.chosen.emit(self.colour)

    # ------------------------------------------------------------------ recent ones

    def add_recent(self, colour: QColor) -> None:
        """Put ``colour`` first among the recent ones."""
        self.set_recent([colour, *(other for other in self.recent if other != colour)])

    def set_recent(self, colours: Iterable[QColor]) -> None:
        """The recent colours, newest first; those beyond the last place are dropped."""
        self.recent = [QColor(colour) for colour in colours][:RECENT]
        while len(self._swatches) < len(self.recent):
            swatch = ColourButton(self._theme, parent=self._recent_place, side=SWATCH)
            swatch.clicked.connect(lambda _=False, swatch=swatch: self._take(swatch))
            self._swatches.append(swatch)
            self._recent_flow.addWidget(swatch)
        for number, swatch in enumerate(self._swatches):
            swatch.setVisible(number < len(self.recent))
            if number < len(self.recent):
                swatch.set_colour(self.recent[number])
        self._recent_label.setVisible(bool(self.recent))

    def _take(self, swatch: ColourButton) -> None:
        self._choose(swatch.colour)
        self._commit()

    def retranslate(self) -> None:
        names = {
            "hsv": (self.tr("Hue"), self.tr("Saturation"), self.tr("Value")),
            "rgb": (self.tr("Red"), self.tr("Green"), self.tr("Blue")),
        }
        for sliders, words in ((self.hsv, names["hsv"]), (self.rgb, names["rgb"])):
            for slider, word in zip(sliders, words, strict=True):
                slider.set_words(word)
        for name, button in self.kinds.items():
            button.setAccessibleName(", ".join(names[name]))
            button.setToolTip(", ".join(names[name]))
        self.wheel.setAccessibleName(self.tr("Colour wheel"))
        self._hex_label.setText(self.tr("Hex"))
        self.hex.setAccessibleName(self.tr("Colour in hexadecimal digits"))
        self._recent_label.setText(self.tr("Used lately"))


def _column(widgets: Iterable[QWidget]) -> QWidget:
    column = QWidget()
    layout = QVBoxLayout(column)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(TIGHT)
    for widget in widgets:
        layout.addWidget(widget)
    return column
