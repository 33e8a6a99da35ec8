"""What the tests of the view share: a tool that tells what it was told, and looking at pixels."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.errors import LayerLocked
from kandinsky_studio.tools.base import Desk, Tool

GROUND = QColor(119, 119, 119)
RED, BLUE = QColor(255, 0, 0), QColor(0, 0, 255)


class Stamp(Tool):
    """Fills squares of ``size`` with the foreground; remembers everything that it is told."""

    id = "stamp"
    title = "Stamp"
    cursor = "brush"
    paints = True

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.size = 10.0
        self.hardness = 0.5
        self.told: list[tuple[str, object]] = []
        self.refuses = False
        self.breaks = False
        self.going_on = False

    @property
    def cursor_size(self) -> float:
        return self.size

    @property
    def busy(self) -> bool:
        return self.going_on

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.told]

    def press(self, pointer):
        self.told.append(("press", pointer))
        if self.refuses:
            raise LayerLocked(layer="Layer 1")
        self.step = self.document.edit("Stamp")
        self._stamp(pointer)

    def move(self, pointer):
        self.told.append(("move", pointer))
        if self.breaks:
            raise LayerLocked(layer="Layer 1")
        self._stamp(pointer)

    def release(self, pointer):
        self.told.append(("release", pointer))
        self.step.commit()

    def cancel(self):
        self.told.append(("cancel", None))
        self.step.cancel()

    def hover(self, pointer):
        self.told.append(("hover", pointer))

    def double_click(self, pointer):
        self.told.append(("double", pointer))

    def finish(self):
        self.told.append(("finish", None))
        self.going_on = False

    def abandon(self):
        self.told.append(("abandon", None))
        self.going_on = False

    def take_back(self):
        self.told.append(("take back", None))

    def _stamp(self, pointer):
        half = self.size / 2
        rect = Rect.around(pointer.x - half, pointer.y - half, pointer.x + half, pointer.y + half)
        with self.step.painters(self.document.active.pixels, rect) as painters:
            for painter, part in painters:
                painter.fillRect(part.to_qt(), self.desk.foreground)


def picture(width, height, colour=RED):
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(colour)
    return image


def shot(view) -> QImage:
    """What is seen once everything is drawn, without the brush."""
    view.grab()
    view.leaveEvent(None)
    return view.grab().toImage()


def pixel(view, x, y) -> QColor:
    return shot(view).pixelColor(x, y)


def at(view, x, y) -> QPoint:
    return view.widget_point(QPointF(x, y)).toPoint()


def turn_wheel(view, place, notches, modifiers=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(place),
        QPointF(view.mapToGlobal(place)),
        QPoint(),
        QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton,
        modifiers,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    view.wheelEvent(event)
