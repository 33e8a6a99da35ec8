"""Select by colour, softly, wherever the colour is."""

from __future__ import annotations

from kandinsky_studio.document.surface import Pixels
from kandinsky_studio.errors import QT_TRANSLATE_NOOP
from kandinsky_studio.tools.base import Option
from kandinsky_studio.tools.likeness import SAMPLE, Sample, near
from kandinsky_studio.tools.picking import ColourSelection
from kandinsky_studio.tools.selecting import COMBINE, FEATHER


class SelectColourRange(ColourSelection):
    """The nearer to the clicked colour, as eyes see it, the more selected."""

    id = "select_colour_range"
    title = QT_TRANSLATE_NOOP("tools", "Colour range")
    hint = QT_TRANSLATE_NOOP("tools", "Click a colour. Shift adds another one, Alt takes one away, both intersect.")
    step = QT_TRANSLATE_NOOP("steps", "Select a colour range")
    options = (
        COMBINE,
        Option("fuzziness", QT_TRANSLATE_NOOP("tools", "Fuzziness"), minimum=1, maximum=150),
        SAMPLE,
        FEATHER,
    )
    sample = Sample.PICTURE
    fuzziness: float = 40

    def mask(self, pixels: Pixels, x: int, y: int) -> Pixels:
        return near(pixels, pixels[y, x], self.fuzziness)

    def gives_the_same(self, pixels: Pixels, mask: Pixels, old: tuple[int, int], new: tuple[int, int]) -> bool:
        return bool((pixels[old[1], old[0]] == pixels[new[1], new[0]]).all())
