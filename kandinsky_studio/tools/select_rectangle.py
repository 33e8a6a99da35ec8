"""Select a rectangle of whole pixels."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.boxing import HEIGHT, PROPORTION, WIDTH, BoxSelection
from kandinsky_studio.tools.selecting import COMBINE, FEATHER


class SelectRectangle(BoxSelection):
    """From corner to corner; Shift makes it a square, Alt lays it around where it began."""

    id = "select_rectangle"
    title = QT_TRANSLATE_NOOP("tools", "Rectangular selection")
    hint = QT_TRANSLATE_NOOP(
        "tools", "Before the press: Shift adds, Alt subtracts, both intersect. After it: Shift square, Alt centred."
    )
    step = QT_TRANSLATE_NOOP("steps", "Select a rectangle")
    options = (COMBINE, FEATHER, PROPORTION, WIDTH, HEIGHT)

    def fill(self, path: QPainterPath, box: QRectF) -> None:
        path.addRect(box)
