"""The eraser."""

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Desk
from kandinsky_studio.tools.brush import Brush
from kandinsky_studio.tools.painting import PaintingTool


class Eraser(PaintingTool):
    """Wipes out; from a mask too. Where a layer's alpha is locked, it paints with the background colour."""

    id = "eraser"
    title = QT_TRANSLATE_NOOP("tools", "Eraser")
    hint = QT_TRANSLATE_NOOP("tools", "Drag to erase; Shift and a click erase along a straight line.")
    step = QT_TRANSLATE_NOOP("steps", "Eraser stroke")
    erases = True
    options = Brush.options

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.size = 40.0
