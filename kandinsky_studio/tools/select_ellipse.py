"""Select an ellipse."""

from __future__ import annotations

from PySide6.QtCore import QRectF
from PySide6.QtGui import QPainterPath

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.boxing import HEIGHT, PROPORTION, WIDTH, BoxSelection
from kandinsky_studio.tools.selecting import ANTIALIAS, COMBINE, FEATHER


class SelectEllipse(BoxSelection):
    """In the box from corner to corner; Shift makes it a circle, Alt lays it around where it began."""

    id = "select_ellipse"
    title = QT_TRANSLATE_NOOP("tools", "Elliptical selection")
    hint = QT_TRANSLATE_NOOP(
        "tools", "Before the press: Shift adds, Alt subtracts, both intersect. After it: Shift circle, Alt centred."
    )
    step = QT_TRANSLATE_NOOP("steps", "Select an ellipse")
    options = (COMBINE, FEATHER, ANTIALIAS, PROPORTION, WIDTH, HEIGHT)

    def fill(self, path: QPainterPath, box: QRectF) -> None:
        path.addEllipse(box)
