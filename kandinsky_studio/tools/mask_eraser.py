"""The eraser of the inpaint mask."""

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.mask_brush import MaskBrush


class MaskEraser(MaskBrush):
    """Takes away from what is to be painted anew, whatever layer is active."""

    id = "mask_eraser"
    title = QT_TRANSLATE_NOOP("tools", "Mask eraser")
    hint = QT_TRANSLATE_NOOP("tools", "Drag over what is to stay; Shift and a click erase along a straight line.")
    step = QT_TRANSLATE_NOOP("steps", "Mask eraser stroke")
    erases = True
