"""Blend modes: those of OpenRaster, and those that Photoshop's and Krita's files bring beside them.

QPainter draws what it can. The rest is computed here on premultiplied pixels after W3C's Compositing and Blending
Level 1 (https://www.w3.org/TR/compositing-1/), §9 and §10; the modes that it does not name after the definitions that
painting programs share.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPoint
from PySide6.QtGui import QImage, QPainter

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import readable, writable

_Plane: TypeAlias = NDArray[np.float32]
_Colour: TypeAlias = list[_Plane]  # blue, green, red: straight, 0 … 1
_Function: TypeAlias = Callable[[_Colour, _Colour], _Colour]
_Mode = QPainter.CompositionMode
_EPSILON, _HALF, _ONE, _SCALE = np.float32(1e-6), np.float32(0.5), np.float32(1), np.float32(1 / 255)
_BLUE, _GREEN, _RED = np.float32(0.11), np.float32(0.59), np.float32(0.30)


class BlendMode(enum.Enum):
    """The value is OpenRaster's name (``composite-op``), or ours behind ``kandinsky-studio:`` where it has none."""

    NORMAL = "svg:src-over"
    MULTIPLY = "svg:multiply"
    SCREEN = "svg:screen"
    OVERLAY = "svg:overlay"
    DARKEN = "svg:darken"
    LIGHTEN = "svg:lighten"
    COLOR_DODGE = "svg:color-dodge"
    COLOR_BURN = "svg:color-burn"
    HARD_LIGHT = "svg:hard-light"
    SOFT_LIGHT = "svg:soft-light"
    DIFFERENCE = "svg:difference"
    COLOR = "svg:color"
    LUMINOSITY = "svg:luminosity"
    HUE = "svg:hue"
    SATURATION = "svg:saturation"
    ADD = "svg:plus"
    DESTINATION_IN = "svg:dst-in"
    DESTINATION_OUT = "svg:dst-out"
    SOURCE_ATOP = "svg:src-atop"
    DESTINATION_ATOP = "svg:dst-atop"
    EXCLUSION = "kandinsky-studio:exclusion"
    LINEAR_BURN = "kandinsky-studio:linear-burn"
    LINEAR_LIGHT = "kandinsky-studio:linear-light"
    VIVID_LIGHT = "kandinsky-studio:vivid-light"
    PIN_LIGHT = "kandinsky-studio:pin-light"
    HARD_MIX = "kandinsky-studio:hard-mix"
    DARKER_COLOR = "kandinsky-studio:darker-color"
    LIGHTER_COLOR = "kandinsky-studio:lighter-color"
    SUBTRACT = "kandinsky-studio:subtract"
    DIVIDE = "kandinsky-studio:divide"

    @property
    def clears(self) -> bool:
        """Whether the backdrop changes where the layer has nothing."""
        return self in (BlendMode.DESTINATION_IN, BlendMode.DESTINATION_ATOP)


QT_MODES: dict[BlendMode, QPainter.CompositionMode] = {
    BlendMode.NORMAL: _Mode.CompositionMode_SourceOver,
    BlendMode.MULTIPLY: _Mode.CompositionMode_Multiply,
    BlendMode.SCREEN: _Mode.CompositionMode_Screen,
    BlendMode.OVERLAY: _Mode.CompositionMode_Overlay,
    BlendMode.DARKEN: _Mode.CompositionMode_Darken,
    BlendMode.LIGHTEN: _Mode.CompositionMode_Lighten,
    BlendMode.COLOR_DODGE: _Mode.CompositionMode_ColorDodge,
    BlendMode.COLOR_BURN: _Mode.CompositionMode_ColorBurn,
    BlendMode.HARD_LIGHT: _Mode.CompositionMode_HardLight,
    BlendMode.SOFT_LIGHT: _Mode.CompositionMode_SoftLight,
    BlendMode.DIFFERENCE: _Mode.CompositionMode_Difference,
    BlendMode.EXCLUSION: _Mode.CompositionMode_Exclusion,
    BlendMode.ADD: _Mode.CompositionMode_Plus,
    BlendMode.DESTINATION_IN: _Mode.CompositionMode_DestinationIn,
    BlendMode.DESTINATION_OUT: _Mode.CompositionMode_DestinationOut,
    BlendMode.SOURCE_ATOP: _Mode.CompositionMode_SourceAtop,
    BlendMode.DESTINATION_ATOP: _Mode.CompositionMode_DestinationAtop,
}


def draw(target: QImage, source: QImage, mode: BlendMode, opacity: float, area: Rect) -> None:
    """Blend ``source`` over ``target`` (same size, premultiplied) inside ``area``. ``opacity`` is 0 … 1."""
    if mode in QT_MODES:
        painter = QPainter(target)
        painter.setCompositionMode(QT_MODES[mode])
        painter.setOpacity(opacity)
        painter.drawImage(QPoint(area.x, area.y), source, area.to_qt())
        painter.end()
        return
    rows, columns = slice(area.y, area.bottom), slice(area.x, area.right)
    under = writable(target)[rows, columns]
    under[:] = blend(under, readable(source)[rows, columns], mode, opacity)


def blend(backdrop: NDArray[np.uint8], source: NDArray[np.uint8], mode: BlendMode, opacity: float) -> NDArray[np.uint8]:
    """``source`` blended over ``backdrop``: height × width × 4 bytes, premultiplied, blue first.

    Only for the modes that QPainter lacks; raises ``KeyError`` for others.
    """
    function = _FUNCTIONS[mode]
    # Colours apart, each plane by itself: numpy is many times faster on them than along a last axis of three.
    under = [plane * _SCALE for plane in np.moveaxis(backdrop, 2, 0).astype(np.float32)]
    over = [plane * np.float32(opacity / 255) for plane in np.moveaxis(source, 2, 0).astype(np.float32)]
    alpha_b, alpha_s = under[3], over[3]
    straight_b, straight_s = np.maximum(alpha_b, _EPSILON), np.maximum(alpha_s, _EPSILON)
    mixed = function(
        [plane / straight_b for plane in under[:3]],
        [plane / straight_s for plane in over[:3]],
    )
    both, only_s, only_b = alpha_s * alpha_b, 1 - alpha_b, 1 - alpha_s
    result = np.empty_like(backdrop)
    alpha = np.rint((alpha_s + alpha_b * only_b) * 255)
    result[..., 3] = alpha
    for number in range(3):
        plane = over[number] * only_s + under[number] * only_b + both * np.clip(mixed[number], 0, 1)
        # Rounded up by accident, a colour above its alpha would not be premultiplied any more.
        result[..., number] = np.minimum(np.rint(plane * 255), alpha)
    return result


def _each(function: Callable[[_Plane, _Plane], _Plane]) -> _Function:
    """A mode that treats blue, green and red alike."""
    return lambda b, s: [function(under, over) for under, over in zip(b, s, strict=True)]


def _luminosity(colour: _Colour) -> _Plane:
    blue, green, red = colour
    return np.asarray(_BLUE * blue + _GREEN * green + _RED * red, np.float32)


def _lowest(colour: _Colour) -> _Plane:
    return np.minimum(np.minimum(colour[0], colour[1]), colour[2])


def _highest(colour: _Colour) -> _Plane:
    return np.maximum(np.maximum(colour[0], colour[1]), colour[2])


def _with_luminosity(colour: _Colour, luminosity: _Plane) -> _Colour:
    """W3C §10.2: SetLum, then ClipColor."""
    by = luminosity - _luminosity(colour)
    colour = [plane + by for plane in colour]
    low, high = _lowest(colour), _highest(colour)
    shrink = np.where(low < 0, luminosity / np.maximum(luminosity - low, _EPSILON), _ONE)
    shrink = np.where(high > 1, np.minimum(shrink, (1 - luminosity) / np.maximum(high - luminosity, _EPSILON)), shrink)
    return [luminosity + (plane - luminosity) * shrink for plane in colour]


def _with_saturation(colour: _Colour, like: _Colour) -> _Colour:
    """W3C §10.2: SetSat."""
    low, high = _lowest(colour), _highest(colour)
    stretch = (_highest(like) - _lowest(like)) / np.maximum(high - low, _EPSILON)
    return [(plane - low) * stretch for plane in colour]


def _vivid(b: _Plane, s: _Plane) -> _Plane:
    burn = 1 - (1 - b) / np.maximum(2 * s, _EPSILON)
    dodge = b / np.maximum(2 * (1 - s), _EPSILON)
    return np.where(s <= _HALF, burn, dodge)


def _choose(which: NDArray[np.bool_], yes: _Colour, no: _Colour) -> _Colour:
    return [np.where(which, a, b) for a, b in zip(yes, no, strict=True)]


_FUNCTIONS: dict[BlendMode, _Function] = {
    BlendMode.HUE: lambda b, s: _with_luminosity(_with_saturation(s, b), _luminosity(b)),
    BlendMode.SATURATION: lambda b, s: _with_luminosity(_with_saturation(b, s), _luminosity(b)),
    BlendMode.COLOR: lambda b, s: _with_luminosity(s, _luminosity(b)),
    BlendMode.LUMINOSITY: lambda b, s: _with_luminosity(b, _luminosity(s)),
    BlendMode.LINEAR_BURN: _each(lambda b, s: b + s - 1),
    BlendMode.LINEAR_LIGHT: _each(lambda b, s: b + 2 * s - 1),
    BlendMode.VIVID_LIGHT: _each(_vivid),
    BlendMode.PIN_LIGHT: _each(lambda b, s: np.where(s <= _HALF, np.minimum(b, 2 * s), np.maximum(b, 2 * s - 1))),
    BlendMode.HARD_MIX: _each(lambda b, s: np.asarray(b + s >= 1, np.float32)),
    BlendMode.DARKER_COLOR: lambda b, s: _choose(_luminosity(s) < _luminosity(b), s, b),
    BlendMode.LIGHTER_COLOR: lambda b, s: _choose(_luminosity(s) > _luminosity(b), s, b),
    BlendMode.SUBTRACT: _each(lambda b, s: b - s),
    BlendMode.DIVIDE: _each(lambda b, s: b / np.maximum(s, _EPSILON)),
}
