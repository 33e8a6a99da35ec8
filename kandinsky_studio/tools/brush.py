"""The brush."""

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools import painting
from kandinsky_studio.tools.painting import PaintingTool


class Brush(PaintingTool):
    """Paints with the foreground colour."""

    id = "brush"
    title = QT_TRANSLATE_NOOP("tools", "Brush")
    hint = painting.HINT
    step = QT_TRANSLATE_NOOP("steps", "Brush stroke")
    options = (
        painting.SIZE,
        painting.HARDNESS,
        painting.OPACITY,
        painting.FLOW,
        painting.SMOOTHING,
        painting.PRESSURE_SIZE,
        painting.PRESSURE_OPACITY,
        painting.PRESSURE_FLOW,
        painting.PRESSURE_CURVE,
        painting.SPACING,
        painting.ROUNDNESS,
        painting.ANGLE,
        painting.TILT,
    )
