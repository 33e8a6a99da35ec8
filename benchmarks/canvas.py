"""How fluid the canvas is: strokes at 125 Hz, panning and zooming, undo, memory; at rest and while pictures are made.

4096 × 4096 pixels, ten layers that all blend differently, a soft brush of 200 pixels on the sixth.
"""

from __future__ import annotations

import math
import os
import tempfile
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from benchmarks.live_canvas import living
from benchmarks.pointer import STROKE, STROKES, TICK, mouse, post_strokes
from benchmarks.startup import _platform
from benchmarks.table import percentile, table

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent

    from kandinsky_studio.document.document import Document
    from kandinsky_studio.ui.easel.view import DocumentView

SIDE = 4096
WINDOW = 1440, 900
BRUSH = 200.0
FRAMES = 150
REST = 0.5  # seconds after a stroke, longer than the pause after which a live picture is begun
JOBS = 2000  # more pictures than are made while strokes are measured
ZOOMS = (0.2, 0.4, 0.7, 1.0, 1.5, 4.0)


def run() -> str:
    with tempfile.TemporaryDirectory() as home:
        os.environ["KANDINSKY_STUDIO_HOME"] = home
        os.environ["QT_QPA_PLATFORM"] = _platform()
        return _measure()


def _measure() -> str:
    import psutil
    from PySide6.QtWidgets import QApplication

    from kandinsky_studio.app.live_settings import When
    from kandinsky_studio.document.giving_way import draw_alone
    from kandinsky_studio.tools.base import Desk
    from kandinsky_studio.tools.brush import Brush
    from kandinsky_studio.ui.easel.view import DocumentView

    draw_alone()
    application = QApplication.instance() or QApplication(["canvas"])
    assert isinstance(application, QApplication)
    process = psutil.Process()
    before = process.memory_info().rss
    document = _document()
    raw = sum(surface.size for surface in document.state.surfaces())
    desk = Desk(document)

    class Watched(DocumentView):
        """Tells when a painting is over, and which moves it had seen."""

        on_move: Callable[[], None] = staticmethod(lambda: None)
        on_painted: Callable[[], None] = staticmethod(lambda: None)

        def mouseMoveEvent(self, event: object) -> None:
            super().mouseMoveEvent(event)  # type: ignore[arg-type]
            self.on_move()

        def paintEvent(self, event: object) -> None:
            super().paintEvent(event)  # type: ignore[arg-type]
            self.on_painted()

    view = Watched(desk)
    brush = Brush(desk)
    brush.size, brush.hardness = BRUSH, 0.0
    view.set_tool(brush)
    view.resize(*WINDOW)
    view.show()
    for _, zoom in _views():
        _look(view, zoom)
        _settle(application, view)
    opened = process.memory_info().rss - before
    strokes = [_row(f"nothing else is done, {name}", _paint(application, view, zoom)) for name, zoom in _views()]
    alone = [_row(name, _one_by_one(application, view, zoom)) for name, zoom in _views()]
    painted = process.memory_info().rss - before
    moving = [_moving(view, zoom, 0.0) for zoom in ZOOMS] + [_moving(view, 0.7, 30.0)]
    undo = _undo(application, view)
    with _sampling() as made:
        strokes += [_row(f"pictures are made, {name}", _paint(application, view, zoom)) for name, zoom in _views()]
        pictures = len(made)
    with living(view) as (live, paces):
        live.set(when=When.PAUSE)
        title = "live, when the hand rests"
        strokes += [_row(f"{title}, {name}", _paint(application, view, zoom, REST)) for name, zoom in _views()]
        rested = len(paces)
        live.set(when=When.PAINTING)
        paces.clear()
        strokes += [_row(f"live, while painting, {name}", _paint(application, view, zoom)) for name, zoom in _views()]
        followed = len(paces)
        alone += [_row(f"{name}, live is on", _one_by_one(application, view, zoom, TICK)) for name, zoom in _views()]
    view.close()
    return "\n\n".join(
        [
            f"Strokes of a soft brush of {BRUSH:.0f} pixels over {SIDE} × {SIDE} pixels in ten layers, one event every "
            f"{TICK * 1000:.0f} ms; milliseconds from when an event was due until it was painted; {pictures} pictures "
            f"were made meanwhile; live, {rested} followed the hand that rests {REST} s after each stroke, and "
            f"{followed} the one that never does",
            table(["while", "events", "p50", "p99", "max"], strokes),
            "The same one event after the other, each painted before the next comes; milliseconds of the processor's "
            "time in the window's thread, which other programs do not add to",
            table(["view", "events", "p50", "p99", "max"], alone),
            f"Frames per second of a view of {WINDOW[0]} × {WINDOW[1]} pixels, from the median frame and from the "
            "slowest of a hundred",
            table(["view", "pan", "pan p99", "zoom", "zoom p99"], moving),
            f"Undo of a fill of everything until it is seen: {undo[0]:.0f} ms with the whole picture in sight, "
            f"{undo[1]:.0f} ms at 100 %",
            f"Memory of the document and its view: {opened / raw:.2f} × the {raw / 2**20:.0f} MiB of raw pixels once "
            f"it was seen whole and at 100 %, {painted / raw:.2f} × after painting, with the undo list",
        ]
    )


def _views() -> list[tuple[str, float]]:
    return [("whole picture", 0.0), ("50 %", 0.5), ("100 %", 1.0)]


def _document() -> Document:
    import cv2
    import numpy as np

    from kandinsky_studio.document.blending import BlendMode
    from kandinsky_studio.document.document import Document
    from kandinsky_studio.document.geometry import Rect
    from kandinsky_studio.document.layers import Kind, Layer, State
    from kandinsky_studio.document.surface import Surface

    modes = (
        BlendMode.NORMAL,
        BlendMode.MULTIPLY,
        BlendMode.SCREEN,
        BlendMode.OVERLAY,
        BlendMode.SOFT_LIGHT,
        BlendMode.NORMAL,
        BlendMode.COLOR,
        BlendMode.NORMAL,
        BlendMode.LUMINOSITY,
        BlendMode.ADD,
    )
    random = np.random.default_rng(0)
    layers = []
    for number, mode in enumerate(modes):
        small = random.integers(0, 256, (SIDE // 32, SIDE // 32, 4), dtype=np.uint8)
        pixels = np.asarray(cv2.resize(small, (SIDE, SIDE)), np.uint8)
        np.minimum(pixels[..., :3], pixels[..., 3:], out=pixels[..., :3])
        surface = Surface.from_array(pixels)
        layers.append(Layer(number + 1, Kind.PIXELS, f"Layer {number + 1}", surface, mode=mode, opacity=0.8))
    document = Document(State(Rect(0, 0, SIDE, SIDE), tuple(layers)))
    document.activate(6)
    return document


def _look(view: DocumentView, zoom: float) -> None:
    """See everything if ``zoom`` is 0."""
    if zoom:
        view.set_zoom(zoom)
    else:
        view.fit()


def _settle(application: object, view: DocumentView) -> None:
    """Go on until everything in sight is drawn."""
    from PySide6.QtWidgets import QApplication

    QApplication.processEvents()
    view.repaint()
    while view.unfinished:
        QApplication.processEvents()
    view.repaint()


def _event(view: DocumentView, kind: str, moment: float) -> QMouseEvent:
    """Of a pointer that goes round in the view, ``moment`` seconds after it began."""
    from PySide6.QtCore import QPointF

    radius = 0.42 * view.height() * (0.4 + 0.6 * abs(math.sin(0.37 * moment)))
    angle = 2.6 * moment
    place = QPointF(view.width() / 2 + radius * math.cos(angle), view.height() / 2 + radius * math.sin(angle))
    return mouse(kind, place, QPointF(view.mapToGlobal(place)))


def _one_by_one(application: object, view: DocumentView, zoom: float, rest: float = 0.0) -> list[float]:
    """Milliseconds of the processor for each event of some strokes, each painted before the next comes.

    With a ``rest`` (seconds) after each, other threads get on, and what this thread does for them counts, too.
    """
    from PySide6.QtWidgets import QApplication

    _look(view, zoom)
    _settle(application, view)
    found = []
    for number in range(round(STROKES / TICK)):
        in_stroke = number % round(STROKE / TICK)
        if in_stroke == 0:
            QApplication.sendEvent(view, _event(view, "press", number * TICK))
        begin = time.thread_time()
        QApplication.sendEvent(view, _event(view, "move", number * TICK))
        view.repaint(0, 0, 1, 1)  # and all that waits to be painted
        while view.unfinished:
            QApplication.processEvents()
        spent = time.thread_time() - begin
        end = time.perf_counter() + rest
        while time.perf_counter() < end:
            time.sleep(0.001)
            QApplication.processEvents()
            spent = time.thread_time() - begin
        found.append(spent * 1000)
        QApplication.processEvents()  # what is done while nothing happens
        if in_stroke == round(STROKE / TICK) - 1:
            QApplication.sendEvent(view, _event(view, "release", number * TICK))
    QApplication.sendEvent(view, _event(view, "release", STROKES))
    while view.document is not None and view.document.undo():
        pass
    return found


def _paint(application: object, view: DocumentView, zoom: float, rest: float = 0.0) -> list[float]:
    """Milliseconds from when each event of some strokes was due until it was painted; ``zoom`` 0 shows everything."""
    from PySide6.QtWidgets import QApplication

    _look(view, zoom)
    _settle(application, view)
    posted: list[float] = []
    handled: list[float] = []
    latencies: list[float] = []

    def post(kind: str, due: float, moment: float) -> None:
        QApplication.postEvent(view, _event(view, kind, moment))
        if kind == "move":
            posted.append(due)

    def moved() -> None:
        handled.append(posted.pop(0))

    def painted() -> None:
        if view.unfinished:
            return  # what they changed is not all there yet
        now = time.perf_counter()
        latencies.extend((now - moment) * 1000 for moment in handled)
        handled.clear()

    view.on_move, view.on_painted = moved, painted  # type: ignore[attr-defined]
    post_strokes(post, rest)
    view.on_move = view.on_painted = lambda: None  # type: ignore[attr-defined]
    while view.document is not None and view.document.undo():
        pass
    return latencies


def _moving(view: DocumentView, zoom: float, angle: float) -> list[str]:
    """Frames per second while the view is panned and zoomed."""
    from PySide6.QtCore import QPointF
    from PySide6.QtWidgets import QApplication

    view.rotate_to(angle)
    view.set_zoom(zoom)
    view.camera.show(QPointF(SIDE / 2, SIDE / 2))
    _settle(None, view)

    def pan(number: int) -> None:
        direction = 1 if number % 60 < 30 else -1
        view.viewport.pan(13.0 * direction, 9.0 * direction)

    def zooming(number: int) -> None:
        factor = 1.03 if number % 60 < 30 else 1 / 1.03
        view.viewport.zoom_at(QPointF(SIDE / 2, SIDE / 2), factor)

    cells = [f"{zoom * 100:.0f} %" + (f", turned by {angle:.0f}°" if angle else "")]
    for step in (pan, zooming):
        times = []
        for number in range(FRAMES):
            begin = time.perf_counter()
            step(number)
            view.repaint()
            times.append(time.perf_counter() - begin)
            QApplication.processEvents()
        cells += [f"{1 / percentile(times, share):.0f}" for share in (0.5, 0.99)]
    return cells


def _undo(application: object, view: DocumentView) -> tuple[float, float]:
    """Milliseconds from undoing a fill of everything until it is seen: everything in sight, and at 100 %."""
    from PySide6.QtGui import QColor
    from PySide6.QtWidgets import QApplication

    from kandinsky_studio.document.geometry import TILE
    from kandinsky_studio.document.surface import Depth, Tile, new_image

    document = view.document
    assert document is not None
    layer = document.active
    assert layer is not None
    assert layer.pixels is not None
    image = new_image(TILE, TILE, Depth.RGBA)
    image.fill(QColor(20, 40, 200))
    tile = Tile(image)
    found = []
    view.rotate_to(0)
    for zoom in (0.0, 1.0):
        _look(view, zoom)
        times = []
        for _ in range(5):
            with document.edit("Fill") as edit:
                for key in document.state.canvas.tiles():
                    edit.put(layer.pixels, key, tile)
                edit.touched(layer.pixels, document.state.canvas, versions=False)
            _settle(application, view)
            begin = time.perf_counter()
            document.undo()
            QApplication.processEvents()
            while view.unfinished:
                QApplication.processEvents()
            view.repaint()
            times.append((time.perf_counter() - begin) * 1000)
        found.append(percentile(times, 0.5))
    return found[0], found[1]


class _sampling:  # noqa: N801  used like a function
    """Has the engine's thread make pictures; yields a list that grows by each."""

    def __enter__(self) -> list[object]:
        from PySide6.QtCore import QEventLoop, QTimer

        from benchmarks.subject import request
        from kandinsky_studio.app.worker import EngineWorker, Job

        self._worker = EngineWorker()
        made: list[object] = []
        self._worker.picture_made.connect(lambda job, result: made.append(result))
        self._worker.start()
        for number in range(JOBS):
            self._worker.submit(Job(number, request(number)))
        loop, timer = QEventLoop(), QTimer(interval=50)
        timer.timeout.connect(lambda: loop.quit() if made else None)
        timer.start()
        loop.exec()
        timer.stop()
        made.clear()
        return made

    def __exit__(self, *error: object) -> None:
        self._worker.close()


def _row(title: str, latencies: list[float]) -> list[str]:
    return [title, str(len(latencies)), *(f"{percentile(latencies, share):.1f}" for share in (0.5, 0.99, 1.0))]
