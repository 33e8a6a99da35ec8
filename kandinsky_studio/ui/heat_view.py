"""Over the gallery's picture: where a word was heard stays bright and warm, the rest goes dark."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QObject, Slot
from PySide6.QtGui import QImage

from kandinsky_studio.app.explaining import Explaining
from kandinsky_studio.document.surface import from_rgba
from kandinsky_studio.ui.stage import Stage

_DARK, _WARM = 0.72, 0.28  # how opaque the dark is where a word was not heard, and the warm where it was
_FINEST = 256  # pixels along the longer side of what is laid over
_TINT = (255, 140, 20)


class HeatView(QObject):
    """Shows the heat of the word that is pointed at on ``stage``."""

    def __init__(self, explaining: Explaining, stage: Stage) -> None:
        super().__init__(stage)
        self._explaining = explaining
        self._stage = stage
        explaining.heat_changed.connect(self._show)

    @Slot()
    def _show(self) -> None:
        heat = self._explaining.heat
        self._stage.lay_over(None if heat is None else veil(_small(heat.heat)))


def _small(heat: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """No finer than one can see: maps are an eighth of the picture's size by nature."""
    height, width = heat.shape
    share = _FINEST / max(height, width)
    if share >= 1:
        return heat
    size = max(round(width * share), 1), max(round(height * share), 1)
    return np.asarray(cv2.resize(heat, size, interpolation=cv2.INTER_AREA), np.float32)


def veil(heat: npt.NDArray[np.float32]) -> QImage:
    """What is laid over a picture, for a ``heat`` (height, width) of 0…1; as large."""
    warm = _WARM * heat
    alpha = warm + (1 - warm) * _DARK * (1 - heat)
    share = warm / np.maximum(alpha, 1e-6)
    colour = np.asarray(_TINT, np.float32) * share[..., None]
    return from_rgba(np.dstack([colour, alpha * 255]).round().astype(np.uint8))
