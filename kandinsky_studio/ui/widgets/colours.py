"""Colours one paints with: a swatch to press, and the pair of foreground and background."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QAbstractButton, QGridLayout, QSizePolicy, QWidget

from kandinsky_studio.document.pixel_operations import lightness
from kandinsky_studio.ui.sizes import BUTTON, TIGHT
from kandinsky_studio.ui.theme import Theme
from kandinsky_studio.ui.widgets.tool_button import IconButton
from kandinsky_studio.ui.widgets.translated import Translated

BLACK, WHITE = "#000000", "#ffffff"
SQUARE = 4  # pixels, of the chequers that show through


def colour_text(colour: QColor) -> str:
    """``#RRGGBB``, with the opacity in percent where it is not whole."""
    opaque = colour.name(QColor.NameFormat.HexRgb).upper()
    return opaque if colour.alpha() == 255 else f"{opaque} {round(colour.alphaF() * 100)} %"


class ColourButton(QAbstractButton):
    """A swatch. Its own colour is told to screen readers after its name; a transparent one shows chequers."""

    def __init__(
        self, theme: Theme, colour: QColor | None = None, parent: QWidget | None = None, side: int = BUTTON
    ) -> None:
        super().__init__(parent)
        self._theme = theme
        self._colour = QColor(colour) if colour is not None else QColor(BLACK)
        self._side = side
        self._greyed = False
        self._name = ""
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.updateGeometry)

    @property
    def colour(self) -> QColor:
        """The colour it shows."""
        return QColor(self._colour)

    def set_colour(self, colour: QColor) -> None:
        """Show ``colour``; nothing is told."""
        self._colour = QColor(colour)
        self._tell()
        self.update()

    def set_greyed(self, greyed: bool) -> None:
        """Look as light as the colour is, without its hue, as it comes onto a layer of greys; it stays what it is."""
        if greyed != self._greyed:
            self._greyed = greyed
            self._tell()
            self.update()

    @property
    def _shown(self) -> QColor:
        if not self._greyed:
            return self._colour
        grey = round(255 * lightness(self._colour))
        return QColor(grey, grey, grey, self._colour.alpha())

    def set_words(self, name: str) -> None:
        """What the colour is for."""
        self._name = name
        self._tell()

    def _tell(self) -> None:
        text = colour_text(self._shown)
        self.setAccessibleName(f"{self._name}: {text}" if self._name else text)
        self.setToolTip(self.accessibleName())

    def sizeHint(self) -> QSize:
        return QSize(self._theme.px(self._side), self._theme.px(self._side))

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        shape = QPainterPath()
        shape.addRoundedRect(area, 4, 4)
        painter.save()
        painter.setClipPath(shape)
        if self._colour.alpha() < 255:
            _chequers(painter, area, self._theme)
        painter.fillRect(area, self._shown)
        painter.restore()
        if self.hasFocus():
            _ring(painter, area, self._theme)
        else:
            hover = self.underMouse() and self.isEnabled()
            painter.setPen(QPen(self._theme.colour("text" if hover else "field_line"), 1))
            painter.drawRoundedRect(area.adjusted(-0.5, -0.5, 0.5, 0.5), 4, 4)


def _chequers(painter: QPainter, area: QRectF, theme: Theme) -> None:
    painter.fillRect(area, theme.colour("check_light"))
    for row in range(int(area.height()) // SQUARE + 1):
        for column in range(row % 2, int(area.width()) // SQUARE + 1, 2):
            corner = area.topLeft() + QPointF(column * SQUARE, row * SQUARE)
            painter.fillRect(QRectF(corner.x(), corner.y(), SQUARE, SQUARE), theme.colour("check_dark"))


def _ring(painter: QPainter, area: QRectF, theme: Theme) -> None:
    """A ring in two colours: one of them stands out against any swatch."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(theme.colour("accent_line"), 2))
    painter.drawRoundedRect(area, 4, 4)
    painter.setPen(QPen(theme.colour("panel"), 1))
    painter.drawRoundedRect(area.adjusted(1.5, 1.5, -1.5, -1.5), 3, 3)


class _Stack(QWidget):
    """Two swatches, the one in front over the corner of the other."""

    def __init__(self, theme: Theme, front: ColourButton, back: ColourButton) -> None:
        super().__init__()
        self._theme = theme
        self._swatches = (front, back)
        for swatch in (back, front):
            swatch.setParent(self)
        front.raise_()
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        QWidget.setTabOrder(front, back)
        theme.changed.connect(self._place)
        self._place()

    def sizeHint(self) -> QSize:
        side = round(self._theme.px(BUTTON) * 1.5)
        return QSize(side, side)

    def _place(self) -> None:
        side = self._theme.px(BUTTON)
        front, back = self._swatches
        front.setGeometry(0, 0, side, side)
        back.setGeometry(side // 2, side // 2, side, side)
        self.updateGeometry()


class ColourPair(Translated):
    """Foreground over background, with buttons to swap them and to go back to black on white.

    ``changed`` carries both colours when the user swapped or reset them (foreground, background: QColor);
    ``foreground_pressed`` and ``background_pressed`` ask for a place to choose one in.
    """

    changed = Signal(QColor, QColor)
    foreground_pressed = Signal()
    background_pressed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.front = ColourButton(theme, QColor(BLACK))
        self.back = ColourButton(theme, QColor(WHITE))
        self.swap_button = IconButton(theme, "swap_colours", small=True)
        self.reset_button = IconButton(theme, "reset_colours", small=True)
        self.front.clicked.connect(self.foreground_pressed)
        self.back.clicked.connect(self.background_pressed)
        self.swap_button.clicked.connect(self.swap)
        self.reset_button.clicked.connect(self.reset)
        layout = QGridLayout(self)
        layout.setContentsMargins(TIGHT, TIGHT, TIGHT, TIGHT)
        layout.setSpacing(TIGHT)
        layout.addWidget(_Stack(theme, self.front, self.back), 0, 0, 2, 1)
        layout.addWidget(self.swap_button, 0, 1)
        layout.addWidget(self.reset_button, 1, 1)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._keys = ("", "")
        self.retranslate()

    @property
    def colours(self) -> tuple[QColor, QColor]:
        """Foreground and background."""
        return self.front.colour, self.back.colour

    def set_colours(self, foreground: QColor, background: QColor) -> None:
        """Show these; nothing is told."""
        self.front.set_colour(foreground)
        self.back.set_colour(background)

    def set_greyed(self, greyed: bool) -> None:
        """Show both as they come onto a layer of greys."""
        self.front.set_greyed(greyed)
        self.back.set_greyed(greyed)

    def set_keys(self, swap: str, reset: str) -> None:
        """The keys that do the same as the buttons, for their tooltips."""
        self._keys = (swap, reset)
        self.retranslate()

    def swap(self) -> None:
        """Foreground becomes background and the other way round."""
        self.set_colours(self.back.colour, self.front.colour)
        self.changed.emit(*self.colours)

    def reset(self) -> None:
        """Black on white."""
        self.set_colours(QColor(BLACK), QColor(WHITE))
        self.changed.emit(*self.colours)

    def retranslate(self) -> None:
        self.front.set_words(self.tr("Foreground"))
        self.back.set_words(self.tr("Background"))
        self.swap_button.set_words(self.tr("Swap the colours"), self._keys[0])
        self.reset_button.set_words(self.tr("Black on white"), self._keys[1])
