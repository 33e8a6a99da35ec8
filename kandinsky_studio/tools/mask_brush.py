"""The brush that paints the inpaint mask."""

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools import painting
from kandinsky_studio.tools.base import Desk
from kandinsky_studio.tools.painting import PaintingTool


class MaskBrush(PaintingTool):
    """Marks what is to be painted anew, whatever layer is active; makes the mask if there is none, and shows it."""

    id = "mask_brush"
    title = QT_TRANSLATE_NOOP("tools", "Mask brush")
    hint = QT_TRANSLATE_NOOP("tools", "Drag over what is to be painted anew; Shift and a click draw a straight line.")
    step = QT_TRANSLATE_NOOP("steps", "Mask stroke")
    inpaints = True
    options = (
        painting.SIZE,
        painting.HARDNESS,
        painting.OPACITY,
        painting.SMOOTHING,
        painting.PRESSURE_SIZE,
        painting.PRESSURE_CURVE,
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.size = 80.0
        self.hardness = 1.0
        self.pressure_size = False
