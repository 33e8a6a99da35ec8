"""How late the canvas answers to the wheel: at rest, while torch is imported and the model loaded, while it draws."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable

from benchmarks.startup import _platform
from benchmarks.subject import MODEL
from benchmarks.table import percentile, table

TICK = 8  # milliseconds from one turn of the wheel to the next: about what a tablet or a fast mouse sends
SECONDS = 10.0
PATIENCE = 300.0


def run() -> str:
    with tempfile.TemporaryDirectory() as home:
        os.environ["KANDINSKY_STUDIO_HOME"] = home
        os.environ["QT_QPA_PLATFORM"] = _platform()
        rows, pictures = _measure()
    return (
        f"A turn of the wheel {TICK} ms after the last zooms a picture and is painted at once; milliseconds "
        f"from when the turn was due until it was painted; {pictures} pictures were made meanwhile\n\n"
        + table(["while", "turns", "p50", "p99", "max"], rows)
    )


def _measure() -> tuple[list[list[str]], int]:
    import numpy as np
    from PySide6.QtWidgets import QApplication

    from kandinsky_studio.app.studio import Studio
    from kandinsky_studio.app.worker import ModelStage
    from kandinsky_studio.ui.main_window import MainWindow
    from kandinsky_studio.ui.theme import Theme

    application = QApplication.instance() or QApplication(["latency"])
    assert isinstance(application, QApplication)
    studio = Studio(remembers=False)
    theme = Theme(application)
    window = MainWindow(theme)
    window.furnish(studio)
    window.painted.disconnect()  # or the first painting would start the engine
    window.resize(1440, 900)
    window.show()
    studio.choose_model(MODEL)
    made: list[object] = []
    states: list[ModelStage] = []
    ended: list[int] = []
    studio.worker.picture_made.connect(lambda job, result: made.append(result))
    studio.worker.model_state.connect(lambda state: states.append(state.stage))
    studio.worker.finished.connect(ended.append)
    noise = np.random.default_rng(0).integers(0, 256, (1024, 1024, 3), dtype=np.uint8)
    studio.easel.show_pixels(noise)
    wheel = _Wheel(application, window.stage)
    try:
        rows = [_row("nothing else is done", wheel.turn_for(lambda elapsed: elapsed > SECONDS))]
        studio.start()
        loading = wheel.turn_for(lambda elapsed: ModelStage.ready in states)
        rows.append(_row("torch is imported and the model loaded", loading))
        studio.settings.set(prompt="a red circle on a blue background", num_images_per_prompt=64)
        assert studio.generation.generate() is not None
        drawing = wheel.turn_for(lambda elapsed: elapsed > SECONDS and len(made) > 1)
        rows.append(_row("pictures are made", drawing))
        assert not ended, "the job ended before the measurement"
    finally:
        window.close()
        theme.close()
    return rows, len(made)


class _Wheel:
    """Turns the wheel over ``canvas`` to and fro and paints after each turn."""

    def __init__(self, application: object, canvas: object) -> None:
        self._application = application
        self._canvas = canvas

    def turn_for(self, enough: Callable[[float], bool]) -> list[float]:
        """Turn until ``enough`` of the elapsed seconds; the milliseconds from each turn's due time to its painting."""
        from PySide6.QtCore import QEventLoop, QPoint, QPointF, Qt, QTimer
        from PySide6.QtGui import QWheelEvent
        from PySide6.QtWidgets import QApplication, QWidget

        canvas = self._canvas
        assert isinstance(canvas, QWidget)
        latencies: list[float] = []
        loop = QEventLoop()
        start = time.perf_counter()
        due = start + TICK / 1000

        def turn() -> None:
            nonlocal due
            direction = 120 if len(latencies) % 20 < 10 else -120
            middle = QPointF(canvas.width() / 2, canvas.height() / 2)
            event = QWheelEvent(
                middle,
                canvas.mapToGlobal(middle),
                QPoint(),
                QPoint(0, direction),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.ControlModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,
            )
            QApplication.sendEvent(canvas, event)
            canvas.repaint()
            now = time.perf_counter()
            latencies.append((now - due) * 1000)
            assert now - start < PATIENCE, "the engine did not get there"
            if enough(now - start):
                loop.quit()
            due = now + TICK / 1000
            timer.start()

        timer = QTimer()
        timer.setTimerType(Qt.TimerType.PreciseTimer)
        timer.setSingleShot(True)
        timer.setInterval(TICK)
        timer.timeout.connect(turn)
        timer.start()
        loop.exec()
        timer.stop()
        return latencies


def _row(title: str, latencies: list[float]) -> list[str]:
    shares = (0.5, 0.99, 1.0)
    return [title, str(len(latencies)), *(f"{percentile(latencies, share):.1f}" for share in shares)]
