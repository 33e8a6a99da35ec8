"""A value in a bar: its name at the left, its number at the right, filled as far as the value goes."""

from __future__ import annotations

import math
import re

from PySide6.QtCore import QEvent, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPainterPath, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QAbstractScrollArea, QAbstractSlider, QLineEdit, QSizePolicy, QWidget

from kandinsky_studio.ui.sizes import RADIUS, ROW, SMALL
from kandinsky_studio.ui.theme import Theme

CLICK = 3  # pixels the pointer may move before a press is a drag
FINE = 0.1  # of the way the pointer goes, while Shift is held
STEPS = 100  # of the keyboard and the wheel from one end to the other on a logarithmic scale
_ENDS_TYPING = {Qt.Key.Key_Return: True, Qt.Key.Key_Enter: True, Qt.Key.Key_Escape: False}  # whether it is kept


class LabelledSlider(QAbstractSlider):
    """Drag to change it (finely with Shift), turn the wheel, type a number; a double click gives back the default.

    ``changed`` carries each value the user chooses (float), ``committed`` the one a drag or an input ended with: the
    moment for an undo step. ``logarithmic`` gives small values as much room as large ones, for sizes of brushes; from 0
    the scale is even up to about 1. Enter or a digit begins typing, the arrows change the value, Page Up and Down more so.
    """

    changed = Signal(float)
    committed = Signal(float)

    def __init__(
        self,
        theme: Theme,
        minimum: float,
        maximum: float,
        default: float,
        *,
        decimals: int = 0,
        suffix: str = "",
        logarithmic: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        if not minimum < maximum or (logarithmic and minimum < 0):
            raise ValueError(f"no scale goes from {minimum} to {maximum}")
        super().__init__(parent)
        self._theme = theme
        self._ends = (float(minimum), float(maximum))
        self._default = float(default)
        self._decimals = decimals
        self._suffix = suffix
        self._logarithmic = logarithmic
        self._beginning = 1.0 if logarithmic and minimum == 0 else 0.0  # 0 has no logarithm
        self._decades = math.log((maximum + self._beginning) / (minimum + self._beginning)) if logarithmic else 0.0
        self._label = ""
        self._number = 0.0
        self._press: tuple[float, float] | None = None  # where a drag is now: x, and the share of the bar there
        self._dragged = False
        self._edit: QLineEdit | None = None
        self._typing = False
        self.setOrientation(Qt.Orientation.Horizontal)
        self.setRange(round(minimum * 10**decimals), round(maximum * 10**decimals))  # what screen readers are told
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        theme.changed.connect(self.updateGeometry)
        self.set_number(default)

    # ------------------------------------------------------------------ the value

    @property
    def number(self) -> float:
        """The value."""
        return self._number

    def set_number(self, number: float) -> None:
        """Show ``number``, or the nearest that is allowed, without telling anybody."""
        low, high = self._ends
        self._number = min(max(round(float(number), self._decimals), low), high)
        self.setValue(round(self._number * 10**self._decimals))
        self.update()

    def set_default(self, default: float) -> None:
        """What a double click gives."""
        self._default = float(default)

    def set_words(self, label: str, hint: str = "") -> None:
        """Its name, shown in it and told to screen readers, and a sentence for the tooltip."""
        self._label = label
        self.setAccessibleName(label)
        self.setToolTip(hint)
        self.updateGeometry()
        self.update()

    def set_suffix(self, suffix: str) -> None:
        """What stands behind the number, with its space if it has one."""
        self._suffix = suffix
        self.update()

    def text(self) -> str:
        """The number as it is shown."""
        return self.locale().toString(self._number, "f", self._decimals) + self._suffix

    def _share(self, number: float) -> float:
        """How far along the bar ``number`` lies, 0…1."""
        low, high = self._ends
        if self._logarithmic:
            return math.log((number + self._beginning) / (low + self._beginning)) / self._decades
        return (number - low) / (high - low)

    def _at(self, share: float) -> float:
        """The number that lies at ``share`` of the bar."""
        low, high = self._ends
        share = min(max(share, 0.0), 1.0)
        if self._logarithmic:
            return (low + self._beginning) * math.exp(self._decades * share) - self._beginning
        return low + (high - low) * share

    def _choose(self, number: float, commit: bool = False) -> None:
        before = self._number
        self.set_number(number)
        if self._number != before:
            self.changed.emit(self._number)
        if commit:
            self.committed.emit(self._number)

    def _step(self, count: float) -> None:
        """Some steps up or down; each changes what is shown."""
        least = 10**-self._decimals
        if self._logarithmic:
            number = self._at(self._share(self._number) + count / STEPS)
            if abs(number - self._number) < least:
                number = self._number + math.copysign(least, count)
        else:
            number = self._number + count * max(least, (self._ends[1] - self._ends[0]) / 1000)
        self._choose(number, commit=True)

    # ------------------------------------------------------------------ mouse and keyboard

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._press = (event.position().x(), event.position().x() / max(self.width(), 1))
            self._dragged = False
            self.setSliderDown(True)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            return
        x, share = self._press
        moved = event.position().x() - x
        if not self._dragged and abs(moved) < CLICK:
            return
        fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if not self._dragged and fine:
            share = self._share(self._number)  # from where it is, not from under the pointer
        self._dragged = True
        share += moved / max(self.width(), 1) * (FINE if fine else 1.0)
        self._press = (event.position().x(), share)
        self._choose(self._at(share))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is not None and event.button() == Qt.MouseButton.LeftButton:
            if self._dragged:
                self.committed.emit(self._number)
            elif event.position().x() >= self.width() - self._number_width():
                self.type_number()
            else:
                self._choose(self._at(self._press[1]), commit=True)
            self._press = None
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton:
            self._end_typing(keep=False)
            self._choose(self._default, commit=True)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """In a panel that scrolls the wheel scrolls, unless one came to the slider first."""
        if not self.hasFocus() and _scrolls(self):
            event.ignore()
            return
        notches = event.angleDelta().y() / 120
        if notches:
            self._step(notches * (1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 5))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        steps = {
            Qt.Key.Key_Left: -1,
            Qt.Key.Key_Down: -1,
            Qt.Key.Key_Right: 1,
            Qt.Key.Key_Up: 1,
            Qt.Key.Key_PageUp: 10,
            Qt.Key.Key_PageDown: -10,
        }
        plain = not event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
        if plain and key in steps:
            self._step(steps[Qt.Key(key)])
        elif plain and key in (Qt.Key.Key_Home, Qt.Key.Key_End):
            self._choose(self._ends[key == Qt.Key.Key_End], commit=True)
        elif plain and key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.type_number()
        elif plain and re.fullmatch(r"[0-9.,\-−]", event.text()):
            self.type_number(event.text())
        else:
            event.ignore()

    # ------------------------------------------------------------------ typing

    def type_number(self, begun: str = "") -> None:
        """Open a field for the number; ``begun`` is what was typed already."""
        if self._edit is None:
            self._edit = QLineEdit(self)
            self._edit.setObjectName("number")
            self._edit.setAlignment(Qt.AlignmentFlag.AlignRight)
            self._edit.setCursor(Qt.CursorShape.IBeamCursor)
            self._edit.installEventFilter(self)
        self._edit.setAccessibleName(self.accessibleName())
        self._edit.setGeometry(self.rect())
        self._edit.setText(begun or self.locale().toString(self._number, "f", self._decimals))
        if not begun:
            self._edit.selectAll()
        self._typing = True
        self._edit.show()
        self._edit.setFocus(Qt.FocusReason.OtherFocusReason)

    @property
    def field(self) -> QLineEdit | None:
        """Where the number is being typed, while it is."""
        return self._edit if self._typing else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self._edit and self._typing:
            if isinstance(event, QFocusEvent) and event.type() == QEvent.Type.FocusOut:
                if event.reason() != Qt.FocusReason.PopupFocusReason:  # its menu is part of it
                    self._end_typing(keep=True)
            elif isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() in _ENDS_TYPING:
                self._end_typing(keep=_ENDS_TYPING[Qt.Key(event.key())])
                return True  # else Enter would come here next, and open the field again
        return False

    def _end_typing(self, keep: bool) -> None:
        edit = self.field
        if edit is None:
            return
        self._typing = False
        if edit.hasFocus():
            self.setFocus(Qt.FocusReason.OtherFocusReason)
        edit.hide()
        match = re.match(r"\s*[-−]?(?:\d+(?:[.,]\d*)?|[.,]\d+)", edit.text())
        if keep and match:
            self._choose(float(match.group().strip().replace(",", ".").replace("−", "-")), commit=True)

    # ------------------------------------------------------------------ looks

    def sizeHint(self) -> QSize:
        label = self.fontMetrics().horizontalAdvance(self._label)
        width = label + self._number_width() + 2 * SMALL
        return QSize(max(width, self._theme.px(120)), max(self._theme.px(ROW), self.fontMetrics().height() + SMALL))

    def minimumSizeHint(self) -> QSize:
        return QSize(
            self.fontMetrics().horizontalAdvance(self._label) + self._number_width() + 2 * SMALL,
            self.sizeHint().height(),
        )

    def _number_width(self) -> int:
        """Pixels at the right that belong to the number, at its longest."""
        longest = max((self.locale().toString(end, "f", self._decimals) for end in self._ends), key=len)
        return self.fontMetrics().horizontalAdvance(longest + self._suffix) + 2 * SMALL

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        enabled = self.isEnabled()
        area = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        shape = QPainterPath()
        shape.addRoundedRect(area, self._theme.px(RADIUS), self._theme.px(RADIUS))
        painter.fillPath(shape, self._theme.colour("field"))
        painter.setClipPath(shape)
        done = QRectF(area.left(), area.top(), area.width() * self._share(self._number), area.height())
        painter.fillRect(done, self._theme.colour("slider_fill" if enabled else "line"))
        if enabled:
            strip = self._theme.px(2)
            painter.fillRect(
                QRectF(done.left(), done.bottom() - strip, done.width(), strip + 1), self._theme.colour("accent_line")
            )
        painter.setClipping(False)
        focus = self.hasFocus()
        painter.setPen(QPen(self._theme.colour("accent_line" if focus else "field_line"), 2 if focus else 1))
        ring = area.adjusted(0.5, 0.5, -0.5, -0.5) if focus else area
        painter.drawRoundedRect(ring, self._theme.px(RADIUS), self._theme.px(RADIUS))
        painter.setPen(self._theme.colour("text" if enabled else "disabled"))
        words = self.rect().adjusted(SMALL, 0, -SMALL, 0)
        room = words.width() - self._number_width() + SMALL
        label = self.fontMetrics().elidedText(self._label, Qt.TextElideMode.ElideRight, room)
        painter.drawText(words, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter, label)
        painter.drawText(words, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, self.text())

    def focusInEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.update()
        super().focusOutEvent(event)


def _scrolls(widget: QWidget) -> bool:
    """Whether ``widget`` stands in something that can be scrolled up or down."""
    parent = widget.parentWidget()
    while parent is not None:
        if isinstance(parent, QAbstractScrollArea) and parent.verticalScrollBar().maximum() > 0:
            return True
        parent = parent.parentWidget()
    return False
