"""What the view shows of the picture, in pixels of the screen, drawn anew only where something changed.

The frame is kept from one painting to the next: panning moves it, a stroke touches a piece of it, and what lies over
it (cursor, marching ants, marks of tools) costs nothing of the picture's.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable

import cv2
from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QBrush, QColor, QImage, QPainter, QPainterPath, QPen, QRegion, QTransform

from kandinsky_studio.document.blending import strips
from kandinsky_studio.document.document import Change, Document
from kandinsky_studio.document.geometry import NOTHING, Key, Rect, united
from kandinsky_studio.document.projection import Projection
from kandinsky_studio.document.surface import writable
from kandinsky_studio.ui.easel.camera import Camera
from kandinsky_studio.ui.easel.veils import Veils

SQUARES_FROM = 2.0  # from here up, pixels that stand upright are shown as squares
GRID_FROM = 8.0
CHECK = 8  # pixels of the desktop along a square of the checkerboard
_BIG_LEVELS = (0, 1)  # those worth giving back when they are not looked at
_STROKE = 400  # rows: higher pieces of the screen are drawn while nobody paints
_Hint = QPainter.RenderHint


class Frame:
    """The picture through a camera. ``image`` is what is shown, as large as the camera's area."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera
        self.document: Document | None = None
        self.veils = Veils()
        self.background = QColor("#777777")
        self.checks = QColor("#ffffff"), QColor("#cfcfcf")
        self.checks_on_screen = False  # or they move with the picture
        self.grid = True
        self.image = QImage()
        self._other = QImage()
        self._dirty = QRegion()
        self._drawn = QTransform()  # how the camera stood when the frame was drawn
        self._projection: Projection | None = None
        self._blank: dict[int, set[Key]] = {}  # tiles of each level that hold nothing to show yet
        self._owed: set[Key] = set()  # tiles that were not up to date when they were drawn

    def set_document(self, document: Document | None) -> None:
        self.document = document
        self._projection = None
        self._blank.clear()
        self._owed.clear()
        self.veils.set_document(document)
        if document is not None:
            self._projection = Projection(document.state)
            self._projection.set_state(document.state, document.active_id)
        self.invalidate()

    def change(self, change: Change) -> QRegion:
        """The document changed; where that shows on the screen."""
        assert self.document is not None
        assert self._projection is not None
        before = self._projection.area
        if change.state:
            self._projection.set_state(self.document.state, self.document.active_id, change.rect)
            if self._projection.area != before:
                self._blank.clear()
        elif change.rect is None:
            self._projection.set_state(self.document.state, self.document.active_id)
        elif not change.mask or change.step is not None:
            self._projection.damage(change.rect)
        if self.document.state.canvas != self.camera.canvas:
            self.camera.set_canvas(self.document.state.canvas)
            self.invalidate()
        elif change.rect is None:
            self.invalidate()
        else:
            self.damage(change.rect)
        veiled = self.veils.change(self.document, change)
        if veiled is None:
            self.invalidate()
        else:
            self.damage(veiled)
        return self._dirty

    def damage(self, rect: Rect) -> None:
        """Pixels of the document changed at ``rect``."""
        rect = rect.intersected(self.camera.canvas)
        if not rect.is_empty:
            self._dirty += self.on_screen(rect)

    def on_screen(self, rect: Rect) -> QRect:
        """The device pixels that ``rect`` of the document can be seen in, with those that smoothing reaches."""
        reach = max(2, 2 ** (self._level() + 1))
        box = self.camera.transform.mapRect(QRectF(rect.expanded(reach).to_qt())).toAlignedRect()
        return box.adjusted(-1, -1, 1, 1).intersected(self._whole())

    def invalidate(self) -> None:
        """Everything is to be drawn anew."""
        self._dirty = QRegion(self._whole())

    def look(self) -> None:
        """The camera may have moved: keep of the frame what only lies elsewhere now."""
        size = self.camera.area.size().toSize()
        origin = self.camera.area.topLeft().toPoint()
        size = QSize(size.width() + origin.x(), size.height() + origin.y())
        if self.image.size() != size:
            self.image = QImage(size, QImage.Format.Format_RGB32)
            self._other = QImage(size, QImage.Format.Format_RGB32)
            self.invalidate()
        now, then = self.camera.transform, self._drawn
        if now == then:
            return
        self._drawn = QTransform(now)
        same = (now.m11(), now.m12(), now.m21(), now.m22()) == (then.m11(), then.m12(), then.m21(), then.m22())
        if not same or self.checks_on_screen:
            self.invalidate()
            return
        self._scroll(QPoint(round(now.dx() - then.dx()), round(now.dy() - then.dy())))

    def work(self, region: QRegion, seconds: float, first: Rect | None = None) -> QRegion:
        """Bring the picture up to date where ``region`` of the screen shows it, for about ``seconds``.

        ``first`` (pixels of the document) goes before the rest and may take twice as long. Returns where that changed what is seen.
        """
        if self._projection is None:
            return QRegion()
        end = time.perf_counter() + seconds
        enough: Callable[[], bool] = lambda: time.perf_counter() > end  # noqa: E731
        late: Callable[[], bool] = lambda: time.perf_counter() > end + seconds  # noqa: E731
        level = self._level()
        visible = self.camera.visible(QRectF(region.boundingRect()))
        self._prime(level, visible)  # first: its time is to be taken off what is left for the rest
        done: set[Key] = set()
        for rect, stop in (((first or NOTHING).intersected(visible), late), (visible, enough)):
            stale = self._projection.stale(level, rect)
            if stale and not (rect is visible and enough()):
                self._projection.refresh(level, rect, stop)
                done |= set(stale) - set(self._projection.stale(level, rect))
        self._blank[level] -= done
        done |= self.veils.refresh(level, self.camera.visible(), visible, enough)
        changed = QRegion()
        for key in done & self._owed:
            changed += self.on_screen(Rect.of_tile(key))
        self._owed -= done
        self._dirty += changed
        return changed

    @property
    def unfinished(self) -> bool:
        """Whether anything on the screen is not up to date yet."""
        if self._projection is None:
            return False
        visible = self.camera.visible()
        return bool(self._projection.stale(self._level(), visible)) or bool(self.veils.stale(visible))

    def warm(self, around: Rect, seconds: float) -> bool:
        """Prepare for painting ``around`` (pixels of the document), for about ``seconds``. True if that is done."""
        if self._projection is None:
            return True
        end = time.perf_counter() + seconds
        level = self._level()
        return self._projection.warm(
            level, around.intersected(self.camera.visible()), lambda: time.perf_counter() > end
        )

    def forget(self) -> None:
        """Give back the memory of large levels that nobody looks at."""
        level = self._level()
        if self._projection is not None and level not in _BIG_LEVELS:
            self._projection.forget(_BIG_LEVELS)
            for big in _BIG_LEVELS:
                self._blank.pop(big, None)

    def draw(self, region: QRegion) -> None:
        """Draw what is out of date in ``region`` (device pixels) of the frame."""
        region = region.intersected(self._dirty)
        if region.isEmpty():
            return
        self._dirty -= region
        painter = QPainter(self.image)
        plain = self.camera.upright and self.camera.zoom < GRID_FROM
        for part in _low(region) if plain else [region]:
            painter.setClipRegion(part)
            painter.fillRect(part.boundingRect(), self.background)
            if self._projection is not None:
                self._draw_picture(painter, part)
        painter.end()

    def _whole(self) -> QRect:
        return QRect(QPoint(), self.image.size())

    def _level(self) -> int:
        return self._projection.level(self.camera.zoom) if self._projection else 0

    def _scroll(self, by: QPoint) -> None:
        painter = QPainter(self._other)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(by, self.image)
        painter.end()
        self.image, self._other = self._other, self.image
        whole = QRegion(self._whole())
        self._dirty = self._dirty.translated(by).united(whole - whole.translated(by)).intersected(whole)

    def _draw_picture(self, painter: QPainter, region: QRegion) -> None:
        assert self._projection is not None
        camera = self.camera
        canvas = QRectF(camera.canvas.to_qt())
        box = camera.transform.mapRect(canvas)
        outline = QPainterPath()
        if camera.upright:
            outline.addRect(QRectF(box.toRect()))
        else:
            outline.addPolygon(camera.outline)
            outline.closeSubpath()
        painter.setRenderHint(_Hint.Antialiasing, not camera.upright)
        self._draw_border(painter, outline)
        painter.setBrushOrigin(QPointF() if self.checks_on_screen else box.topLeft())
        if camera.upright:
            painter.fillRect(box.toRect().intersected(region.boundingRect()), self._checker())
        else:
            painter.fillPath(outline, self._checker())
        level = self._level()
        visible = camera.visible(QRectF(region.boundingRect()))
        self._owed.update(self._projection.stale(level, visible))
        self._owed.update(self.veils.stale(visible))
        self._draw_level(painter, self._projection.image(level), self._projection.area, level, True)
        for coverage, table in self.veils.tinted():
            if coverage.level >= 0:
                self._draw_level(painter, coverage.image(table), coverage.area, coverage.level, False)
        if self.grid and camera.zoom >= GRID_FROM:
            self._draw_grid(painter, region)

    def _draw_level(self, painter: QPainter, image: QImage, area: Rect, level: int, smooth: bool) -> None:
        scale, canvas = 2**level, self.camera.canvas
        squares = self.camera.upright and (self.camera.zoom >= SQUARES_FROM or self.camera.zoom * scale == 1)
        painter.setRenderHint(_Hint.SmoothPixmapTransform, smooth and not squares)
        source = QRectF(
            (canvas.x - area.x) / scale, (canvas.y - area.y) / scale, canvas.width / scale, canvas.height / scale
        )
        painter.setTransform(self.camera.transform)
        painter.drawImage(QRectF(canvas.to_qt()), image, source)
        painter.resetTransform()

    def _draw_border(self, painter: QPainter, outline: QPainterPath) -> None:
        width = max(1, round(self.camera.ratio))
        dark = self.background.lightness() > 40
        painter.setPen(QPen(QColor(0, 0, 0, 90) if dark else QColor(255, 255, 255, 60), 2 * width))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPath(outline)  # the half of it that lies inside is drawn over

    def _draw_grid(self, painter: QPainter, region: QRegion) -> None:
        visible = self.camera.visible(QRectF(region.boundingRect()))
        painter.setRenderHint(_Hint.Antialiasing, not self.camera.upright)
        painter.setTransform(self.camera.transform)
        pen = QPen(QColor(128, 128, 128, 100), 1)
        pen.setCosmetic(True)
        painter.setPen(pen)
        for x in range(visible.x + 1, visible.right):
            painter.drawLine(x, visible.y, x, visible.bottom)
        for y in range(visible.y + 1, visible.bottom):
            painter.drawLine(visible.x, y, visible.right, y)
        painter.resetTransform()

    def _checker(self) -> QBrush:
        side = max(2, round(CHECK * self.camera.ratio))
        image = QImage(2 * side, 2 * side, QImage.Format.Format_RGB32)
        image.fill(self.checks[0])
        painter = QPainter(image)
        painter.fillRect(side, 0, side, side, self.checks[1])
        painter.fillRect(0, side, side, side, self.checks[1])
        painter.end()
        return QBrush(image)

    def _prime(self, level: int, visible: Rect) -> None:
        """Where a level holds nothing yet, show another level's pixels meanwhile."""
        assert self._projection is not None
        area = self._projection.area
        blank = self._blank.setdefault(level, set(area.tiles()))
        visible = visible.on_tiles().intersected(area)
        if blank.isdisjoint(visible.tiles()):
            return
        blank -= set(visible.tiles()).difference(self._projection.stale(level, visible))  # 0 may have been made for 1
        others = [other for other in self._blank if other != level]
        # The nearest first, a finer one before a coarser one.
        others.sort(key=lambda other: (abs(other - level), other > level))

        def source_of(key: Key) -> int | None:
            if key not in blank:
                return None
            return next((other for other in others if key not in self._blank[other]), None)

        # Neighbours in a row together: what is between two of them is smooth, and this is many times faster.
        for source, run in itertools.groupby(visible.tiles(), lambda key: (source_of(key), key[1])):
            if source[0] is not None:
                keys = list(run)
                blank.difference_update(keys)
                self._stretch(source[0], level, united(map(Rect.of_tile, keys)).moved(-area.x, -area.y))

    def _stretch(self, source: int, level: int, rect: Rect) -> None:
        """Show one level's pixels in another at ``rect``, whole tiles of the image."""
        assert self._projection is not None
        there = writable(self._projection.image(source))
        here = writable(self._projection.image(level))
        fine = there[rect.y >> source : rect.bottom >> source, rect.x >> source : rect.right >> source]
        into = here[rect.y >> level : rect.bottom >> level, rect.x >> level : rect.right >> level]
        cv2.resize(fine, into.shape[1::-1], into, interpolation=cv2.INTER_LINEAR)


def _low(region: QRegion) -> list[QRegion]:
    """The region of a stroke in pieces that QPainter draws at once, as layers are blended; any larger one as it is."""
    box = Rect.of(region.boundingRect())
    if box.height > _STROKE:
        return [region]
    parts = (region.intersected(strip) for strip in strips(box))
    return [part for part in parts if not part.isEmpty()]
