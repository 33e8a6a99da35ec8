"""What the modes and labels of layers are called; source texts in the context ``layers``."""

from __future__ import annotations

from kandinsky_studio.document.blending import BlendMode
from kandinsky_studio.document.layers import Label
from kandinsky_studio.errors import QT_TRANSLATE_NOOP

MODES: tuple[tuple[tuple[BlendMode, str], ...], ...] = (
    ((BlendMode.NORMAL, QT_TRANSLATE_NOOP("layers", "Normal")),),
    (
        (BlendMode.MULTIPLY, QT_TRANSLATE_NOOP("layers", "Multiply")),
        (BlendMode.DARKEN, QT_TRANSLATE_NOOP("layers", "Darken")),
        (BlendMode.COLOR_BURN, QT_TRANSLATE_NOOP("layers", "Colour burn")),
        (BlendMode.LINEAR_BURN, QT_TRANSLATE_NOOP("layers", "Linear burn")),
        (BlendMode.DARKER_COLOR, QT_TRANSLATE_NOOP("layers", "Darker colour")),
    ),
    (
        (BlendMode.SCREEN, QT_TRANSLATE_NOOP("layers", "Screen")),
        (BlendMode.LIGHTEN, QT_TRANSLATE_NOOP("layers", "Lighten")),
        (BlendMode.COLOR_DODGE, QT_TRANSLATE_NOOP("layers", "Colour dodge")),
        (BlendMode.ADD, QT_TRANSLATE_NOOP("layers", "Add")),
        (BlendMode.LIGHTER_COLOR, QT_TRANSLATE_NOOP("layers", "Lighter colour")),
    ),
    (
        (BlendMode.OVERLAY, QT_TRANSLATE_NOOP("layers", "Overlay")),
        (BlendMode.SOFT_LIGHT, QT_TRANSLATE_NOOP("layers", "Soft light")),
        (BlendMode.HARD_LIGHT, QT_TRANSLATE_NOOP("layers", "Hard light")),
        (BlendMode.VIVID_LIGHT, QT_TRANSLATE_NOOP("layers", "Vivid light")),
        (BlendMode.LINEAR_LIGHT, QT_TRANSLATE_NOOP("layers", "Linear light")),
        (BlendMode.PIN_LIGHT, QT_TRANSLATE_NOOP("layers", "Pin light")),
        (BlendMode.HARD_MIX, QT_TRANSLATE_NOOP("layers", "Hard mix")),
    ),
    (
        (BlendMode.DIFFERENCE, QT_TRANSLATE_NOOP("layers", "Difference")),
        (BlendMode.EXCLUSION, QT_TRANSLATE_NOOP("layers", "Exclusion")),
        (BlendMode.SUBTRACT, QT_TRANSLATE_NOOP("layers", "Subtract")),
        (BlendMode.DIVIDE, QT_TRANSLATE_NOOP("layers", "Divide")),
    ),
    (
        (BlendMode.HUE, QT_TRANSLATE_NOOP("layers", "Hue")),
        (BlendMode.SATURATION, QT_TRANSLATE_NOOP("layers", "Saturation")),
        (BlendMode.COLOR, QT_TRANSLATE_NOOP("layers", "Colour")),
        (BlendMode.LUMINOSITY, QT_TRANSLATE_NOOP("layers", "Luminosity")),
    ),
    (
        (BlendMode.SOURCE_ATOP, QT_TRANSLATE_NOOP("layers", "Only on what is below")),
        (BlendMode.DESTINATION_IN, QT_TRANSLATE_NOOP("layers", "Keep only what is under it")),
        (BlendMode.DESTINATION_OUT, QT_TRANSLATE_NOOP("layers", "Erase what is below")),
        (BlendMode.DESTINATION_ATOP, QT_TRANSLATE_NOOP("layers", "Under what is below, keep only that")),
    ),
)

LABELS: tuple[tuple[Label, str, str], ...] = (
    (Label.NONE, QT_TRANSLATE_NOOP("layers", "None"), ""),
    (Label.RED, QT_TRANSLATE_NOOP("layers", "Red"), "#d9534f"),
    (Label.ORANGE, QT_TRANSLATE_NOOP("layers", "Orange"), "#e08a3c"),
    (Label.YELLOW, QT_TRANSLATE_NOOP("layers", "Yellow"), "#d8b93a"),
    (Label.GREEN, QT_TRANSLATE_NOOP("layers", "Green"), "#57a65a"),
    (Label.BLUE, QT_TRANSLATE_NOOP("layers", "Blue"), "#4f86d9"),
    (Label.VIOLET, QT_TRANSLATE_NOOP("layers", "Violet"), "#9a6bd1"),
    (Label.GREY, QT_TRANSLATE_NOOP("layers", "Grey"), "#8c8c8c"),
)
