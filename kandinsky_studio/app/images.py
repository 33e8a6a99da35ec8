"""Arrays of the engine as Qt's images."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from kandinsky_studio.engine.request import Pixels


def to_image(pixels: Pixels) -> QImage:
    """``pixels``, uint8 (height, width, 3), as an image with memory of its own, in the format that paints fastest."""
    pixels = np.ascontiguousarray(pixels)
    height, width = pixels.shape[:2]
    image = QImage(pixels.data, width, height, 3 * width, QImage.Format.Format_RGB888)
    return image.convertToFormat(QImage.Format.Format_RGB32)
