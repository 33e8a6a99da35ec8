"""Distances and sides in pixels at the ordinary size of the font: a grid of 4 px.

Distances between things stay as they are when the font grows; sides of things that hold words or icons grow with it,
through :meth:`kandinsky_studio.ui.theme.Theme.px`, or come from the font itself, through :func:`em`.
"""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

TIGHT = 4
SMALL = 8
MEDIUM = 12
LARGE = 16
WIDE = 24

ICON = 20
"""Side of an icon on a button."""
SMALL_ICON = 16
"""Side of an icon in a row of a list or in a field."""
BUTTON = 32
"""Side of a square button with an icon."""
ROW = 28
"""Height of a row: a field, a slider, an item of a list."""
RADIUS = 6
"""Of the corners of buttons and fields."""


def em(widget: QWidget, amount: float = 1.0) -> int:
    """``amount`` lines of the font of ``widget``, in pixels."""
    return round(widget.fontMetrics().height() * amount)


def width_of(widget: QWidget, text: str) -> int:
    """Pixels that ``text`` takes in the font of ``widget``, for fields that must show it whole."""
    return widget.fontMetrics().horizontalAdvance(text)
