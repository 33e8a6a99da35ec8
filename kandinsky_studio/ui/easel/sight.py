"""The document on a widget: zoomed, panned, turned, always as it is now, and never waited for."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QElapsedTimer, QPointF, QRect, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QHideEvent, QPainter, QPaintEvent, QRegion, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QSizePolicy, QWidget
from shiboken6 import isValid

from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.document.geometry import NOTHING, Rect
from kandinsky_studio.ui.easel.ants import FRAMES_PER_SECOND, Ants
from kandinsky_studio.ui.easel.camera import STEP, Camera, Fit
from kandinsky_studio.ui.easel.frame import Frame
from kandinsky_studio.ui.easel.veils import Veils
from kandinsky_studio.ui.easel.viewport import rects, scaled

WORK = 0.008  # seconds of one frame that go into bringing the picture up to date
WORK_MOVING = 0.003  # while the camera moves: many frames a second are worth more
AT_REST = 60  # milliseconds after the last movement
WARM = 0.002  # and of a moment when nothing else is to be done
PAINTINGS_APART = 4  # milliseconds between two paintings of a stroke, at least
FORGET_AFTER = 5000  # milliseconds until large images that are not looked at are given back
ANTS_REST_AFTER = 60_000  # milliseconds without a movement after which ants stop walking


class Sight(QWidget):
    """Shows one document, through ``camera``.

    ``zoom_changed`` tells device pixels per pixel of the picture, ``angle_changed`` degrees, ``camera_changed`` that
    anything of it changed.
    """

    zoom_changed = Signal(float)
    angle_changed = Signal(float)
    camera_changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.camera = Camera()
        self._frame = Frame(self.camera)
        self._end_watch: Callable[[], None] = lambda: None
        self._first = NOTHING  # what a stroke changed since the last painting
        self._ants: list[tuple[tuple[object, ...], Ants]] = []
        self._phase = 0
        self._quiet = QElapsedTimer()  # since somebody did something
        self._quiet.start()
        self._march = QTimer(self, interval=1000 // FRAMES_PER_SECOND)
        self._march.timeout.connect(self._step_ants)
        self._catch_up = QTimer(self, interval=0)
        self._catch_up.timeout.connect(self._work)
        self._forget = QTimer(self, interval=FORGET_AFTER, singleShot=True)
        self._forget.timeout.connect(self._frame.forget)
        # A stroke does not wait for the platform's next painting, which may be five milliseconds away.
        self._soon = QTimer(self, interval=0, singleShot=True)
        self._soon.timeout.connect(self._paint_stroke)
        self._stroke = QRegion()  # where it is to be painted
        self._last_painting = QElapsedTimer()
        self._last_painting.start()
        self._told = (0.0, 0.0)
        self._moved = False  # since the last painting
        self._warm = True  # whether all is prepared for painting where the pointer is
        self._inset = 0  # pixels of the desktop kept free at the left and the top
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 180)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    @property
    def document(self) -> Document | None:
        return self._frame.document

    @property
    def zoom(self) -> float:
        """Device pixels per pixel of the picture."""
        return self.camera.zoom

    @property
    def angle(self) -> float:
        """Degrees clockwise that the view is turned by."""
        return self.camera.angle

    @property
    def veils(self) -> Veils:
        """How masks and selections look; after setting something call :meth:`veils_changed`."""
        return self._frame.veils

    @property
    def unfinished(self) -> bool:
        """Whether anything in sight is still to be brought up to date."""
        return self._frame.unfinished

    def set_document(self, document: Document | None) -> None:
        """Show all of ``document``, or nothing."""
        if document is self.document:
            return
        self._end_watch()
        self._end_watch = document.watch(self._changed) if document is not None else lambda: None
        self._frame.set_document(document)
        if document is not None:
            self.camera.set_canvas(document.state.canvas)
            self.camera.rotate_to(0)
            self.camera.fit_to(Fit.WHOLE)
        self.camera_moved()

    def set_background(self, colour: QColor) -> None:
        """The neutral surround of the picture."""
        self._frame.background = colour
        self._redraw()

    def set_checks(self, light: QColor, dark: QColor, on_screen: bool = False) -> None:
        """The squares behind transparency; ``on_screen`` they stay where they are when the picture moves."""
        self._frame.checks, self._frame.checks_on_screen = (light, dark), on_screen
        self._redraw()

    def set_grid(self, shown: bool) -> None:
        """Lines between pixels from 800 % on."""
        self._frame.grid = shown
        self._redraw()

    def veils_changed(self) -> None:
        """Something in :attr:`veils` was set."""
        self.veils.set_document(self.document)
        self._redraw()

    def rest_mask(self, resting: bool) -> None:
        """Leave the mask away until it is painted on, or show it again."""
        if resting is not self.veils.resting:
            self.veils.resting = resting
            self.veils_changed()

    # ---------------------------------------------------------------- the camera

    def fit(self) -> None:
        """Show the whole picture, and keep doing so when the window changes its size."""
        self.camera.fit_to(Fit.WHOLE)
        self.camera_moved()

    def fit_width(self) -> None:
        """Show the whole width of the picture, and keep doing so."""
        self.camera.fit_to(Fit.WIDTH)
        self.camera_moved()

    @property
    def fitted(self) -> bool:
        """Whether the zoom follows the size of the window."""
        return self.camera.fit is not Fit.NONE

    def actual_size(self) -> None:
        """100 %: one pixel of the picture is one pixel of the screen."""
        self.set_zoom(1.0)

    def zoom_in(self) -> None:
        self.camera.zoom_to(self.zoom * STEP)
        self.camera_moved()

    def zoom_out(self) -> None:
        self.camera.zoom_to(self.zoom / STEP)
        self.camera_moved()

    def set_zoom(self, zoom: float) -> None:
        """Keep what is in the middle there."""
        self.camera.zoom_to(zoom, stop=False)
        self.camera_moved()

    def rotate_to(self, degrees: float) -> None:
        self.camera.rotate_to(degrees)
        self.camera_moved()

    def set_mirrored(self, mirrored: bool) -> None:
        """Show left as right; the picture stays as it is."""
        self.camera.mirror(mirrored)
        self.camera_moved()

    def document_point(self, at: QPointF) -> QPointF:
        """What lies under ``at`` of the widget."""
        return self.camera.inverse.map(at * self.camera.ratio)

    def widget_point(self, point: QPointF) -> QPointF:
        """Where ``point`` of the document lies on the widget."""
        return self.camera.transform.map(point) / self.camera.ratio

    def camera_moved(self) -> None:
        """Draw what the camera sees now, and tell everybody."""
        self._quiet.restart()
        self._moved = True
        self.update()
        told = self.camera.zoom, self.camera.angle
        zoom, angle = self._told
        self._told = told
        if told[0] != zoom:
            self.zoom_changed.emit(told[0])
            if self.isVisible():
                self._forget.start()
            else:
                self._frame.forget()
        if told[1] != angle:
            self.angle_changed.emit(told[1])
        self.camera_changed.emit()

    # ---------------------------------------------------------------- painting

    def _changed(self, change: Change) -> None:
        if not isValid(self):  # the widget is gone, the document lives on
            self._end_watch()
            return
        canvas = self.camera.canvas
        region = self._frame.change(change)
        if change.rect is not None:
            self._first = self._first.united(change.rect)
        if self.camera.canvas != canvas:
            self.camera_moved()
        self.update_device(region)
        if change.step is None and not change.state and self.document is not None and self.document.editing:
            self._stroke += region
            self._soon.start(0)
        self._ants_wanted()

    def _paint_stroke(self) -> None:
        """Paint now what a stroke changed, unless that happened just before."""
        if self._stroke.isEmpty() or not self.isVisible():
            return
        wait = PAINTINGS_APART - self._last_painting.elapsed()
        if wait > 0:
            self._soon.start(wait)
            return
        self.repaint(scaled(self._stroke.boundingRect(), 1 / self.camera.ratio))

    def _redraw(self) -> None:
        self._frame.invalidate()
        self.update()

    def update_device(self, region: QRegion | QRect) -> None:
        """Ask for ``region`` (device pixels) to be painted."""
        ratio = self.camera.ratio
        if ratio == 1:
            self.update(region)
            return
        whole = QRegion()
        for rect in rects(QRegion(region)):
            whole += scaled(rect, 1 / ratio)
        self.update(whole)

    def paintEvent(self, event: QPaintEvent) -> None:
        self._see()
        frame, ratio = self._frame, self.camera.ratio
        frame.look()
        region = QRegion()
        for rect in rects(event.region()):
            region += scaled(rect, ratio)
        self._stroke -= region
        first, self._first = self._first, NOTHING
        seconds = WORK_MOVING if self._moved else WORK
        self._moved = False
        self.update_device(frame.work(region, seconds, None if first.is_empty else first) - region)
        frame.draw(region)
        painter = QPainter(self)
        painter.scale(1 / ratio, 1 / ratio)
        # The corner of the widget may lie between two pixels of the screen; the frame must not.
        corner = painter.deviceTransform().map(QPointF(0, 0))
        painter.translate(round(corner.x()) - corner.x(), round(corner.y()) - corner.y())
        box = region.boundingRect().intersected(frame.image.rect())
        painter.drawImage(box.topLeft(), frame.image, box)
        self._draw_ants(painter)
        self.paint_over(painter)
        painter.end()
        self._last_painting.restart()
        if frame.unfinished or not self._warm:
            self._catch_up.start()
        self._ants_wanted()

    def _see(self) -> None:
        """The room that there is now."""
        ratio = self.devicePixelRatioF()
        size = QSize(math.ceil(self.width() * ratio), math.ceil(self.height() * ratio))
        inset = round(self._inset * ratio)
        area = QRectF(inset, inset, max(size.width() - inset, 1), max(size.height() - inset, 1))
        if area != self.camera.area or ratio != self.camera.ratio:
            self.camera.see(area, ratio)
            self.camera_moved()

    def _work(self) -> None:
        """Go on where a painting had no time left."""
        if not self.isVisible():
            self._catch_up.stop()
            return
        seconds = WORK if self._quiet.elapsed() > AT_REST else WORK_MOVING  # whoever moves is about to move again
        self.update_device(self._frame.work(QRegion(self._frame.image.rect()), seconds))
        if not self._frame.unfinished:
            around = self.painted_next()
            self._warm = around is None or self._frame.warm(around, WARM)
            if self._warm:
                self._catch_up.stop()

    # ---------------------------------------------------------------- marching ants

    def _draw_ants(self, painter: QPainter) -> None:
        transform = self.camera.transform
        fresh: list[tuple[tuple[object, ...], Ants]] = []
        for number, coverage in enumerate(self._frame.veils.walking()):
            key = (coverage, coverage.version, coverage.level, transform, self.camera.area)
            known = number < len(self._ants) and self._ants[number][0] == key
            ants = self._ants[number][1] if known else Ants(coverage, self.camera)
            fresh.append((key, ants))
            if not ants.box.isEmpty():
                painter.drawImage(ants.box.topLeft(), ants.image(self._phase))
        if [ants for _, ants in fresh] != [ants for _, ants in self._ants]:
            for _, ants in (*self._ants, *fresh):
                self.update_device(ants.box)  # a painting of only a piece may have drawn only a piece
        self._ants = fresh

    def _ants_wanted(self) -> None:
        walking = bool(self._frame.veils.walking())
        wanted = walking and self.isVisible() and self._quiet.elapsed() < ANTS_REST_AFTER
        if wanted != self._march.isActive():
            (self._march.start if wanted else self._march.stop)()

    def _step_ants(self) -> None:
        self._phase += 1
        for _, ants in self._ants:
            self.update_device(ants.box)
        self._ants_wanted()

    def painted_next(self) -> Rect | None:
        """Where somebody is about to paint, in pixels of the document."""
        return None

    def about_to_paint(self) -> None:
        """What :meth:`painted_next` returns is another place now."""
        self._warm = False
        self._catch_up.start()

    def paint_over(self, painter: QPainter) -> None:
        """Draw, in device pixels, what lies over everything."""

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._see()

    def showEvent(self, event: QShowEvent) -> None:
        self._see()
        self._ants_wanted()

    def hideEvent(self, event: QHideEvent) -> None:
        if self._forget.isActive():
            self._frame.forget()  # nobody looks any more
        for timer in (self._march, self._catch_up, self._soon, self._forget):
            timer.stop()
