"""Pictures to begin with, and what is seen of those that the built-in model makes."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPainter

from kandinsky_studio.document.surface import Depth, new_image
from kandinsky_studio.engine.training.judge import judge
from kandinsky_studio.engine.training.scenes import COLOUR_NAMES


def disc(colour, ground="#ffffff", size=128):
    """In the middle, half as wide as the picture."""
    image = new_image(size, size, Depth.RGBA)
    image.fill(QColor(ground))
    painter = QPainter(image)
    painter.setBrush(QColor(colour))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(size // 4, size // 4, size // 2, size // 2)
    painter.end()
    return image


def colour_of(image):
    """Of the one shape in a picture."""
    [shape] = judge(image).shapes
    return COLOUR_NAMES[shape.colour]


def ground_of(image):
    return COLOUR_NAMES[judge(image).background]
