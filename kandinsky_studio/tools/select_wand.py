"""Select what has the colour that was clicked."""

from __future__ import annotations

from kandinsky_studio.document import masks
from kandinsky_studio.document.surface import Pixels, Surface
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Option
from kandinsky_studio.tools.likeness import SAMPLE, like
from kandinsky_studio.tools.picking import ColourSelection
from kandinsky_studio.tools.selecting import ANTIALIAS, COMBINE, FEATHER


class SelectWand(ColourSelection):
    """The area around a pixel that is like it, or all that is like it anywhere."""

    id = "select_wand"
    title = QT_TRANSLATE_NOOP("tools", "Magic wand")
    hint = QT_TRANSLATE_NOOP("tools", "Click an area of one colour. Shift adds, Alt subtracts, both intersect.")
    step = QT_TRANSLATE_NOOP("steps", "Select by wand")
    options = (
        COMBINE,
        Option("tolerance", QT_TRANSLATE_NOOP("tools", "Tolerance"), maximum=255),
        Option("contiguous", QT_TRANSLATE_NOOP("tools", "Contiguous"), "switch"),
        SAMPLE,
        Option("grow", QT_TRANSLATE_NOOP("tools", "Grow"), minimum=-50, maximum=50, unit="px"),
        FEATHER,
        ANTIALIAS,
    )
    tolerance: float = 32
    contiguous: bool = True
    grow: float = 0

    def mask(self, pixels: Pixels, x: int, y: int) -> Pixels:
        return like(pixels, x, y, round(self.tolerance), self.contiguous, self.antialias)

    def gives_the_same(self, pixels: Pixels, mask: Pixels, old: tuple[int, int], new: tuple[int, int]) -> bool:
        return bool((pixels[old[1], old[0]] == pixels[new[1], new[0]]).all()) and mask[new[1], new[0]] == 255

    def refined(self, mask: Surface) -> Surface:
        return masks.grown(mask, round(self.grow), self.document.state.canvas)
