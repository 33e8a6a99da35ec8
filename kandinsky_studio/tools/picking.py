"""Selections that follow from the colour under the pointer."""

from __future__ import annotations

from abc import abstractmethod
from math import ceil, floor, sqrt
from typing import ClassVar

import numpy as np
from PySide6.QtGui import QPainterPath, QTransform

from kandinsky_studio.document import masks
from kandinsky_studio.document.surface import Depth, Pixels, Surface
from kandinsky_studio.tools.base import Desk, Pointer
from kandinsky_studio.tools.likeness import Sample, pixels_of
from kandinsky_studio.tools.selecting import SelectionTool

_SHOWN = 1_000_000  # pixels whose outline is shown while the pointer is pressed; larger pictures are thinned


class ColourSelection(SelectionTool):
    """A press shows what would be selected, a drag takes another pixel, letting go selects."""

    sample: Sample = Sample.LAYER
    step: ClassVar[str]  # English source text in the context ``steps``

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._pixels: Pixels | None = None
        self._seed: tuple[int, int] | None = None
        self._mask: Pixels | None = None
        self._path: QPainterPath | None = None

    @abstractmethod
    def mask(self, pixels: Pixels, x: int, y: int) -> Pixels:
        """What is selected from the pixel at (x, y) of the canvas: height × width."""

    @abstractmethod
    def gives_the_same(self, pixels: Pixels, mask: Pixels, old: tuple[int, int], new: tuple[int, int]) -> bool:
        """Whether the pixel ``new`` (x, y) would lead to the ``mask`` that ``old`` led to."""

    def refined(self, mask: Surface) -> Surface:
        """The mask after what the options ask for beside."""
        return mask

    def shape(self) -> QPainterPath | None:
        return self._path

    def started(self, pointer: Pointer) -> None:
        self._pixels = pixels_of(self.document, self.sample)
        self._take(pointer)

    def dragged(self, pointer: Pointer, square: bool, centred: bool) -> None:
        if self._pixels is not None and (self._went or self._seed is None):
            self._take(pointer)

    def ended(self, pointer: Pointer) -> None:
        mask, canvas = self._mask, self.document.state.canvas
        self.dropped()
        made = Surface(Depth.MASK) if mask is None else Surface.from_array(mask, canvas.x, canvas.y)
        made = masks.feathered(self.refined(made), self.feather, canvas)
        self.finish_with(self.step, made)

    def clicked(self, pointer: Pointer) -> None:
        if self._pixels is None:  # pressed inside the selection, whose outline was not dragged
            self.started(pointer)
        self.ended(pointer)

    def dropped(self) -> None:
        self._pixels = self._seed = self._mask = self._path = None

    def _take(self, pointer: Pointer) -> None:
        canvas, pixels = self.document.state.canvas, self._pixels
        seed = floor(pointer.x) - canvas.x, floor(pointer.y) - canvas.y
        if pixels is None or seed == self._seed:
            return
        if not (0 <= seed[0] < canvas.width and 0 <= seed[1] < canvas.height):
            self._seed = self._mask = self._path = None
            return
        if self._mask is not None and self._seed and self.gives_the_same(pixels, self._mask, self._seed, seed):
            return
        self._seed = seed
        self._mask = self.mask(pixels, *seed)
        by = max(ceil(sqrt(self._mask.size / _SHOWN)), 1)
        thin = masks.outline(np.ascontiguousarray(self._mask[::by, ::by]))
        self._path = QTransform.fromScale(by, by).map(thin).translated(canvas.x, canvas.y)
