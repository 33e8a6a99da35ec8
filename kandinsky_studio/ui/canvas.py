"""The picture, zoomed and panned.

All geometry is in device pixels: at 100 % one pixel of the picture is one pixel of the screen, whatever the display is
scaled by.
"""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPointF, QRectF, QSizeF, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QImage,
    QInputDevice,
    QKeyEvent,
    QMouseEvent,
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

STEP = 1.25  # zoom factor of one notch or key
MINIMUM, MAXIMUM = 1 / 64, 64.0
SHARP_FROM = 8.0  # from here up, a pixel is shown as a square: whoever is that close wants to see it
MARGIN = 12  # pixels left free around a fitted picture
FIT_MAXIMUM = 6.0  # a 128 px picture fills the canvas, an icon does not become a wall
PAN_STEP = 64  # device pixels per arrow key


class Canvas(QWidget):
    """Shows one image. ``zoom_changed`` tells the factor: device pixels per pixel of the picture."""

    zoom_changed = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self._image = QImage()
        self._halves: list[QImage] = []
        self._over: QImage | None = None
        self._size = QSizeF()
        self._zoom = 1.0
        self._origin = QPointF()  # of the picture, from the widget's corner
        self._fitted = True
        self._background = QColor("#777777")
        self._dragged_from: QPointF | None = None

    def set_background(self, colour: QColor) -> None:
        """The neutral surround of the picture."""
        self._background = colour
        self.update()

    @property
    def zoom(self) -> float:
        """Device pixels per pixel of the picture."""
        return self._zoom

    @property
    def fitted(self) -> bool:
        """Whether the zoom follows the size of the window."""
        return self._fitted

    def set_image(self, image: QImage | None, size: tuple[int, int] | None = None) -> None:
        """Show ``image`` as a picture of ``size`` (width, height; its own if not given). None shows nothing.

        A picture of the same size as the one before it leaves zoom and place as they are.
        """
        self._image = image or QImage()
        self._halves = [self._image]
        size_before = self._size
        self._size = QSizeF(*size) if size else QSizeF(self._image.size())
        if not self._image.isNull() and self._size != size_before:
            self.fit()
        self.update()

    def lay_over(self, image: QImage | None) -> None:
        """Show ``image``, of any size and partly transparent, over all of the picture; None takes it away."""
        self._over = image
        self.update()

    def fit(self) -> None:
        """Show the whole picture, and keep doing so when the window changes its size."""
        self._fitted = True
        area = self._device_size()
        if self._size.isEmpty():
            return
        margin = 2 * MARGIN * self.devicePixelRatioF()
        room = QSizeF(max(area.width() - margin, 16), max(area.height() - margin, 16))
        zoom = min(room.width() / self._size.width(), room.height() / self._size.height(), FIT_MAXIMUM)
        self._set_zoom(zoom)
        picture = self._size * self._zoom
        self._origin = QPointF((area.width() - picture.width()) / 2, (area.height() - picture.height()) / 2)
        self.update()

    def actual_size(self) -> None:
        """100 %: one pixel of the picture is one pixel of the screen."""
        self._zoom_at(self._middle(), 1.0)

    def zoom_in(self) -> None:
        self._zoom_at(self._middle(), self._zoom * STEP)

    def zoom_out(self) -> None:
        self._zoom_at(self._middle(), self._zoom / STEP)

    def picture_point(self, point: QPointF) -> QPointF:
        """The pixel of the picture under ``point`` of the widget."""
        return (point * self.devicePixelRatioF() - self._origin) / self._zoom

    def _device_size(self) -> QSizeF:
        return QSizeF(self.size()) * self.devicePixelRatioF()

    def _middle(self) -> QPointF:
        area = self._device_size()
        return QPointF(area.width() / 2, area.height() / 2)

    def _set_zoom(self, zoom: float) -> None:
        zoom = min(max(zoom, MINIMUM), MAXIMUM)
        if zoom != self._zoom:
            self._zoom = zoom
            self.zoom_changed.emit(zoom)

    def _zoom_at(self, point: QPointF, zoom: float) -> None:
        """Change the zoom so that what is under ``point`` (device pixels) stays under it."""
        if self._size.isEmpty():
            return
        under = (point - self._origin) / self._zoom
        if self._zoom < 1 < zoom or zoom < 1 < self._zoom:
            zoom = 1.0  # nobody wants to miss 100 %
        self._fitted = False
        self._set_zoom(zoom)
        self._origin = point - under * self._zoom
        self._keep_in_sight()
        self.update()

    def _pan(self, by: QPointF) -> None:
        self._fitted = False
        self._origin += by
        self._keep_in_sight()
        self.update()

    def _keep_in_sight(self) -> None:
        """A picture pushed out of the window is a picture lost: a corner of it stays."""
        area, picture, edge = self._device_size(), self._size * self._zoom, 48.0
        x = min(max(self._origin.x(), edge - picture.width()), area.width() - edge)
        y = min(max(self._origin.y(), edge - picture.height()), area.height() - edge)
        self._origin = QPointF(x, y)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(event.rect(), self._background)
        if self._image.isNull():
            return
        painter.scale(1 / self.devicePixelRatioF(), 1 / self.devicePixelRatioF())
        # On whole device pixels, or the edges of the picture would be smeared over two.
        corner = QPointF(round(self._origin.x()), round(self._origin.y()))
        target = QRectF(corner, self._size * self._zoom)
        image = self._scaled_down()
        scale = target.width() / max(image.width(), 1)
        native = self._image.width() == round(self._size.width())
        painter.setRenderHint(
            QPainter.RenderHint.SmoothPixmapTransform, not (scale >= SHARP_FROM and native) and scale != 1
        )
        painter.drawImage(target, image, QRectF(image.rect()))
        if self._over is not None:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
            painter.drawImage(target, self._over, QRectF(self._over.rect()))

    def _scaled_down(self) -> QImage:
        """The image, halved until it is less than twice as large as it is shown: bilinear filtering sees no further."""
        wanted = self._size.width() * self._zoom
        level = 0
        while self._halves[level].width() >= 2 * wanted and min(self._halves[level].size().toTuple()) >= 2:
            if level + 1 == len(self._halves):
                half = self._halves[level]
                self._halves.append(
                    half.scaled(
                        half.size() / 2,
                        Qt.AspectRatioMode.IgnoreAspectRatio,
                        Qt.TransformationMode.SmoothTransformation,
                    )
                )
            level += 1
        return self._halves[level]

    def resizeEvent(self, event: QResizeEvent) -> None:
        if self._fitted:
            self.fit()
        else:
            self._keep_in_sight()

    def wheelEvent(self, event: QWheelEvent) -> None:
        ratio = self.devicePixelRatioF()
        touchpad = event.device().type() == QInputDevice.DeviceType.TouchPad
        if touchpad and not event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            delta = event.pixelDelta() if not event.pixelDelta().isNull() else event.angleDelta() / 2
            self._pan(QPointF(delta) * ratio)
        else:
            delta = event.angleDelta()
            notches = (delta.y() or delta.x()) / 120  # with Alt the wheel turns sideways
            self._zoom_at(event.position() * ratio, self._zoom * STEP**notches)
        event.accept()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self._zoom_at(event.position() * self.devicePixelRatioF(), self._zoom * (1 + event.value()))
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange and self._fitted:
            self.fit()
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton) and not self._image.isNull():
            self._dragged_from = event.position()
            self.setCursor(Qt.CursorShape.ClosedHandCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._dragged_from is not None:
            self._pan((event.position() - self._dragged_from) * self.devicePixelRatioF())
            self._dragged_from = event.position()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._dragged_from = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if self._fitted:
            self._zoom_at(event.position() * self.devicePixelRatioF(), 1.0)
        else:
            self.fit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {
            Qt.Key.Key_Left: QPointF(PAN_STEP, 0),
            Qt.Key.Key_Right: QPointF(-PAN_STEP, 0),
            Qt.Key.Key_Up: QPointF(0, PAN_STEP),
            Qt.Key.Key_Down: QPointF(0, -PAN_STEP),
        }
        step = steps.get(Qt.Key(event.key()))
        if step is None or self._image.isNull():
            super().keyPressEvent(event)
        else:
            self._pan(step)
