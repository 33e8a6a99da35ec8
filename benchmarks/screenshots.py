"""Makes the pictures of the window that the README shows: ``python -m benchmarks.screenshots FOLDER``.

The real window, offscreen, with the built-in model: three pictures are generated, one becomes a document, and over it
lie painted layers and an inpaint mask.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

PROMPTS = (
    "a red circle on a blue background",
    "зелёный треугольник на жёлтом фоне",
    "a yellow star on a black background",
)
RUSSIAN = "жёлтая звезда на чёрном фоне"
SIZE = (1440, 900)
PATIENCE = 300  # seconds


def main() -> None:
    """Write ``window.png`` (dark, English) and ``window-ru.png`` (light, Russian) to the folder that is named."""
    folder = Path(sys.argv[1])
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    with tempfile.TemporaryDirectory() as home:
        os.environ["KANDINSKY_STUDIO_HOME"] = home
        from PySide6.QtWidgets import QApplication

        from kandinsky_studio.app.studio import Studio
        from kandinsky_studio.ui.main_window import MainWindow
        from kandinsky_studio.ui.theme import Theme

        application = QApplication(sys.argv[:1])
        theme = Theme(application)
        studio = Studio()
        studio.remembering.set(theme="dark", language="en")
        window = MainWindow(theme)
        window.furnish(studio)
        window.resize(*SIZE)
        window.show()
        window.grab()
        for prompt in PROMPTS:
            _generate(window, prompt)
        _paint(window)
        for name, look in (("window.png", ("dark", "en")), ("window-ru.png", ("light", "ru"))):
            studio.remembering.set(theme=look[0], language=look[1])
            window.messages.dismiss()
            studio.settings.set(prompt=RUSSIAN if look[1] == "ru" else PROMPTS[-1])
            _wait(lambda: False, 1.0)
            window.grab().save(str(folder / name))
        window.end_session()
        theme.close()


def _wait(done: Callable[[], bool], seconds: float = PATIENCE) -> None:
    from PySide6.QtWidgets import QApplication

    until = time.monotonic() + seconds
    while not done() and time.monotonic() < until:
        QApplication.processEvents()
        time.sleep(0.01)


def _generate(window: object, prompt: str) -> None:
    studio = window.studio  # type: ignore[attr-defined]
    studio.settings.set(prompt=prompt, prior_seed=7, seed=11, prior_seed_locked=True, seed_locked=True)
    before = studio.gallery_list.rowCount()
    window.actions_.generate.trigger()  # type: ignore[attr-defined]
    _wait(lambda: studio.gallery_list.rowCount() > before)


def _paint(window: object) -> None:
    from PySide6.QtCore import QPointF, Qt
    from PySide6.QtGui import QColor
    from PySide6.QtTest import QTest

    from kandinsky_studio.document import layer_operations
    from kandinsky_studio.document.blending import BlendMode

    studio, bench = window.studio, window.bench  # type: ignore[attr-defined]
    action = window.actions_.commands.action  # type: ignore[attr-defined]
    editor, view = studio.editor, bench.page.view
    document = editor.new(320, 240, QColor("#20304a")).document

    def draw(tool: str, colour: str, size: float, *points: tuple[int, int], **settings: object) -> None:
        editor.take(tool)
        for attribute, value in {"size": size / 2, "pressure_size": False, **settings}.items():
            editor.set_option(attribute, value)
        editor.set_colours(QColor(colour))
        places = [view.widget_point(QPointF(*point) / 2).toPoint() for point in points]
        QTest.mousePress(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[0])
        for first, last in pairwise(places):
            for step in range(1, 13):
                QTest.mouseMove(view, first + (last - first) * step / 12)
        QTest.mouseRelease(view, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, places[-1])

    def name(title: str) -> None:
        window.layers.tree.renamed.emit(document.active_id, title)  # type: ignore[attr-defined]

    _wait(lambda: False, 0.5)
    name("Night")
    action("layer.new").trigger()
    name("Hills")
    draw("brush", "#2f5d50", 150.0, (-20, 470), (160, 400), (330, 470), (520, 390), (680, 450), hardness=0.9)
    draw("brush", "#3f7a5f", 90.0, (-20, 500), (220, 450), (420, 490), (680, 470), hardness=0.7)
    action("layer.group").trigger()
    name("Land")
    action("layer.new").trigger()
    name("Glow")
    draw("brush", "#6f7fd0", 420.0, (330, 200), (332, 202), hardness=0.0, flow=0.35)
    action("gallery.place_on_document").trigger()
    _wait(lambda: len(document.state.layers) == 4, 10)
    layer_operations.set_property(document, document.active_id, "mode", BlendMode.LIGHTEN)
    action("layer.new").trigger()
    name("Ink")
    line = {"hardness": 1.0, "flow": 1.0, "opacity": 1.0}
    draw("brush", "#f3ead8", 5.0, (60, 400), (100, 330), (140, 405), **line)
    draw("brush", "#f3ead8", 5.0, (120, 372), (175, 280), (235, 410), **line)
    draw("brush", "#f3ead8", 4.0, (480, 400), (520, 345), (560, 392), **line)
    draw("mask_brush", "#000000", 60.0, (90, 100), (150, 80), (190, 110))
    document.activate(next(layer.id for layer in document.state.walk() if layer.name == "Ink"))
    editor.take("brush")


if __name__ == "__main__":
    main()
