"""A number: typed, or dragged with a slider beside it."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QValidator, QWheelEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QSlider, QSpinBox, QWidget

from kandinsky_studio.engine.spec import Limits
from kandinsky_studio.ui.sizes import SMALL, width_of


class _CalmSlider(QSlider):
    """Leaves the wheel to the scrolling panel: a value changed by accident is a picture changed by accident."""

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()


_TOO_LARGE = re.compile(r"\d{1,9}(?:[.,]\d?)?\D*")  # digits, perhaps a decimal, perhaps the unit


def _number(text: str) -> float | None:
    """The number that ``text`` begins with, whatever its decimal point; None if there is none."""
    match = re.match(r"\d+(?:[.,]\d+)?", text)
    return float(match.group().replace(",", ".")) if match else None


class WholeBox(QSpinBox):
    """A whole number (the style sheet hides the arrows); the wheel changes it only while it has the focus.

    A number out of range may be typed, and becomes the nearest one that is allowed. Qt would drop the digits that go
    too far: of 99999 it would take 99.
    """

    _room = ("", 0)  # text that must fit, and pixels around it

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.lineEdit().setTextMargins(4, 0, 6, 0)  # the style sheet's padding does not reach it
        self.setGroupSeparatorShown(False)

    def keep_room(self, text: str, around: int) -> None:
        """Never be narrower than ``text`` in the font of now, and ``around`` pixels more."""
        self._room = (text, around)
        self.setMinimumWidth(width_of(self, text) + around)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and self._room[0]:
            self.keep_room(*self._room)
        super().changeEvent(event)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        state, text, position = super().validate(text, position)
        if state is QValidator.State.Invalid and _TOO_LARGE.fullmatch(text):
            state = QValidator.State.Intermediate
        return state, text, position

    def fixup(self, text: str) -> str:
        number = _number(text)
        if number is None:
            return super().fixup(text)
        return self.textFromValue(min(max(round(number), self.minimum()), self.maximum())) + self.suffix()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class DecimalBox(QDoubleSpinBox):
    """A number with one decimal, after a point or a comma; else as :class:`WholeBox`."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setKeyboardTracking(False)
        self.lineEdit().setTextMargins(4, 0, 6, 0)  # the style sheet's padding does not reach it
        self.setDecimals(1)
        self.setSingleStep(0.1)

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        text = re.sub(r"[.,]", self.locale().decimalPoint(), text)
        state, text, position = super().validate(text, position)
        if state is QValidator.State.Invalid and _TOO_LARGE.fullmatch(text):
            state = QValidator.State.Intermediate
        return state, text, position

    def fixup(self, text: str) -> str:
        number = _number(text)
        if number is None:
            return super().fixup(text)
        return self.textFromValue(min(max(number, self.minimum()), self.maximum())) + self.suffix()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class Number(QWidget):
    """A slider and a box of one value. ``changed`` carries what the user chose, an int or a float."""

    changed = Signal(object)

    def __init__(self, limits: Limits[int] | Limits[float], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale = 1 if isinstance(limits.default, int) else 10  # slider positions per unit
        self.box: WholeBox | DecimalBox = WholeBox() if self._scale == 1 else DecimalBox()
        self.slider = _CalmSlider(Qt.Orientation.Horizontal)
        self.slider.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.set_limits(limits)
        self.setFocusProxy(self.box)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.box)
        self.slider.valueChanged.connect(self._dragged)
        self.box.valueChanged.connect(self._typed)
        self._fit_box()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange):
            self._fit_box()
        super().changeEvent(event)

    def set_limits(self, limits: Limits[int] | Limits[float], slider_maximum: int | None = None) -> None:
        """The range of the value; the slider may end earlier, where the sensible values end."""
        with QSignalBlocker(self.box), QSignalBlocker(self.slider):
            self.box.setRange(limits.minimum, limits.maximum)  # type: ignore[arg-type]
            top = min(limits.maximum, slider_maximum or limits.maximum)
            self.slider.setRange(round(limits.minimum * self._scale), round(top * self._scale))

    def set_value(self, value: float) -> None:
        """Show ``value`` without telling anybody."""
        with QSignalBlocker(self.box), QSignalBlocker(self.slider):
            self.box.setValue(value)  # type: ignore[arg-type]
            self.slider.setValue(round(value * self._scale))

    def set_name(self, name: str, hint: str) -> None:
        """What the value is called, for tooltips and screen readers."""
        for widget in (self.box, self.slider):
            widget.setAccessibleName(name)
            widget.setToolTip(hint)

    def _fit_box(self) -> None:
        """All boxes are as wide, whatever their values, and show the longest of them in any font."""
        self.box.setFixedWidth(max(64, width_of(self.box, "99999.9") + SMALL))

    def _dragged(self, position: int) -> None:
        value = position if self._scale == 1 else position / self._scale
        self.set_value(value)
        self.changed.emit(value)

    def _typed(self, value: float) -> None:
        value = value if self._scale == 1 else round(value, 1)
        self.set_value(value)
        self.changed.emit(value)
