"""The pencil."""

from dataclasses import replace

from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools import painting
from kandinsky_studio.tools.base import Desk
from kandinsky_studio.tools.painting import PaintingTool
from kandinsky_studio.tools.stroke import BrushSettings


class Pencil(PaintingTool):
    """Hard pixels with the foreground colour: each is covered or not."""

    id = "pencil"
    title = QT_TRANSLATE_NOOP("tools", "Pencil")
    hint = painting.HINT
    step = QT_TRANSLATE_NOOP("steps", "Pencil stroke")
    options = (
        painting.SIZE,
        painting.OPACITY,
        painting.SMOOTHING,
        painting.PRESSURE_SIZE,
        painting.PRESSURE_OPACITY,
        painting.PRESSURE_CURVE,
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.size = 1.0
        self.hardness = 1.0

    @property
    def settings(self) -> BrushSettings:
        return replace(super().settings, aliased=True)
