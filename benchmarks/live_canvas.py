"""Live pictures under the strokes of the canvas benchmark: the whole studio around its view, with the built-in model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kandinsky_studio.app.live import Live
    from kandinsky_studio.ui.easel.view import DocumentView

PROMPT = "a red circle on a blue background"


@contextmanager
def living(view: DocumentView) -> Iterator[tuple[Live, list[float]]]:
    """Pictures follow what is painted in ``view`` and are shown in it; yields what makes them, and a list that gets the
    seconds of each."""
    from PySide6.QtCore import QEventLoop, QTimer

    from kandinsky_studio.app.studio import Studio
    from kandinsky_studio.ui.live_overlay import LiveOverlay

    assert view.document is not None
    studio = Studio(remembers=False)
    studio.messages.connect_window(lambda message: print(message.text, message.details))
    studio.settings.set(prompt=PROMPT)
    studio.worker.start()
    studio.editor.add(view.document)
    overlay = LiveOverlay(studio.live, view, studio.messages)
    paces: list[float] = []

    def made() -> None:
        if studio.live.shown is not None and studio.live.pace is not None:
            paces.append(studio.live.pace)

    studio.live.changed.connect(made)
    studio.live.set_on(True)
    loop, timer = QEventLoop(), QTimer(interval=50)
    timer.timeout.connect(lambda: loop.quit() if paces or not studio.live.on else None)
    timer.start()
    loop.exec()
    timer.stop()
    paces.clear()
    try:
        yield studio.live, paces
    finally:
        view.underlay = None
        [sheet], studio.editor.sheets = studio.editor.sheets, []
        sheet.close()
        studio.close()
        overlay.deleteLater()
        studio.deleteLater()
