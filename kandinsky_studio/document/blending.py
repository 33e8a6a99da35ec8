"""Blend modes: those of OpenRaster, and those that Photoshop's and Krita's files bring beside them.

QPainter draws what it can. The rest is computed here on premultiplied pixels after W3C's Compositing and Blending
Level 1 (https://www.w3.org/TR/compositing-1/), §9 and §10; the modes that it does not name after the definitions that
painting programs share.
"""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QColor, QImage, QPainter

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Pixels, readable, writable

_Plane: TypeAlias = NDArray[np.floating[Any]]  # height × width
_Colour: TypeAlias = NDArray[np.floating[Any]]  # 3 × height × width: blue, green, red
_Function: TypeAlias = Callable[[_Colour, _Colour, _Plane], _Colour]  # of the backdrop, the source, and white
_Mode = QPainter.CompositionMode
_EPSILON, _ZERO, _ONE = np.float32(1e-6), np.float32(0), np.float32(1)
_AT_ONCE = 4096  # pixels that are computed at once: larger arrays would be fetched from the system each time
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
    BlendMode.COLOR_BURN: _Mode.CompositionMode_ColorBurn,
    BlendMode.HARD_LIGHT: _Mode.CompositionMode_HardLight,
    BlendMode.SOFT_LIGHT: _Mode.CompositionMode_SoftLight,
    BlendMode.DIFFERENCE: _Mode.CompositionMode_Difference,
    BlendMode.ADD: _Mode.CompositionMode_Plus,
    BlendMode.DESTINATION_IN: _Mode.CompositionMode_DestinationIn,
    BlendMode.DESTINATION_OUT: _Mode.CompositionMode_DestinationOut,
    BlendMode.SOURCE_ATOP: _Mode.CompositionMode_SourceAtop,
    BlendMode.DESTINATION_ATOP: _Mode.CompositionMode_DestinationAtop,
}


# QPainter mixes the result with the backdrop by the opacity; for these that is not the same as a fainter source.
_OWN_OPACITY = (BlendMode.ADD, BlendMode.DESTINATION_IN, BlendMode.DESTINATION_ATOP)


def draw(target: QImage, source: QImage, mode: BlendMode, opacity: float, area: Rect) -> None:
    """Blend ``source`` over ``target`` (same size, premultiplied) inside ``area``. ``opacity`` is 0 … 1."""
    painter = QPainter(target)
    paint(painter, target, source, mode, opacity, area)
    painter.end()


def paint(painter: QPainter, target: QImage, source: QImage, mode: BlendMode, opacity: float, area: Rect) -> None:
    """As :func:`draw`, with a painter that works on ``target`` already: to begin one costs as much as to use it."""
    qt_mode = QT_MODES.get(mode)
    if qt_mode is None:
        rows, columns = slice(area.y, area.bottom), slice(area.x, area.right)
        under = writable(target)[rows, columns]
        under[:] = blend(under, readable(source)[rows, columns], mode, opacity)
        return
    rect = area.to_qt()
    if opacity < 1 and mode in _OWN_OPACITY:
        faint = QImage(source)
        dim = QPainter(faint)
        dim.setCompositionMode(_Mode.CompositionMode_DestinationIn)
        dim.fillRect(rect, QColor(0, 0, 0, round(opacity * 255)))
        dim.end()
        source, opacity = faint, 1.0
    painter.setCompositionMode(qt_mode)
    painter.setOpacity(opacity)
    painter.drawImage(rect, source, rect)


def blend(backdrop: Pixels, source: Pixels, mode: BlendMode, opacity: float) -> Pixels:
    """``source`` blended over ``backdrop``: height × width × 4 bytes, premultiplied, blue first.

    Only for the modes that QPainter lacks; raises ``KeyError`` for others.
    """
    function = _FUNCTIONS[mode]
    result = np.empty_like(backdrop)
    step = max(_AT_ONCE // max(backdrop.shape[1], 1), 1)
    for row in range(0, len(backdrop), step):
        rows = slice(row, row + step)
        result[rows] = _blend(backdrop[rows], source[rows], function, opacity)
    return result


def _blend(backdrop: Pixels, source: Pixels, function: _Function, opacity: float) -> Pixels:
    under, over = _planes(backdrop, 1), _planes(source, opacity)
    alpha_b, alpha_s = under[3], over[3]
    # Straight colours would have to be divided by alpha, only to be multiplied by it again: every mode is computed on
    # colours, and a white, that are both alphas brighter than they are.
    opaque = float(alpha_b.min()) > 0.999  # as most pictures are: half of the work is multiplying by one
    white = alpha_s if opaque else alpha_s * alpha_b
    light = over[:3] if opaque else over[:3] * alpha_b
    mixed = function(under[:3] * alpha_s, light, white)
    np.minimum(mixed, white, out=mixed)  # together many times faster than np.clip
    np.maximum(mixed, _ZERO, out=mixed)
    if not opaque:
        mixed += over[:3] * (_ONE - alpha_b)
    under *= _ONE - alpha_s
    under[:3] += mixed
    under[3] += alpha_s
    flat = cv2.convertScaleAbs(under.reshape(-1, under.shape[2]), alpha=255)  # rounds
    done = np.asarray(flat, np.uint8).reshape(under.shape)
    # Rounded up by accident, a colour above its alpha would not be premultiplied any more.
    return np.asarray(cv2.merge([*np.minimum(done[:3], done[3]), done[3]]), np.uint8)


def _planes(pixels: Pixels, opacity: float) -> _Colour:
    """Blue, green, red, alpha, each by itself: numpy is many times faster on them than along a last axis of four."""
    planes = cv2.transpose(pixels.reshape(-1, 4)).astype(np.float32)
    planes *= np.float32(opacity / 255)
    return planes.reshape(4, *pixels.shape[:2])


def _luminosity(colour: _Colour) -> _Plane:
    return np.asarray(colour[0] * _BLUE + colour[1] * _GREEN + colour[2] * _RED)


def _lowest(colour: _Colour) -> _Plane:
    return np.asarray(np.minimum(np.minimum(colour[0], colour[1]), colour[2]))


def _highest(colour: _Colour) -> _Plane:
    return np.asarray(np.maximum(np.maximum(colour[0], colour[1]), colour[2]))


def _with_luminosity(colour: _Colour, luminosity: _Plane, white: _Plane) -> _Colour:
    """W3C §10.2: SetLum and ClipColor, in one."""
    colour = colour - _luminosity(colour)
    room = np.minimum(
        luminosity / np.maximum(-_lowest(colour), _EPSILON),
        (white - luminosity) / np.maximum(_highest(colour), _EPSILON),
    )
    colour *= np.minimum(room, _ONE)
    colour += luminosity
    return colour


def _with_saturation(colour: _Colour, like: _Colour) -> _Colour:
    """W3C §10.2: SetSat."""
    low, high = _lowest(colour), _highest(colour)
    stretch = (_highest(like) - _lowest(like)) / np.maximum(high - low, _EPSILON)
    return (colour - low) * stretch


def _vivid(b: _Colour, s: _Colour, w: _Plane) -> _Colour:
    burn = w - w * (w - b) / np.maximum(2 * s, _EPSILON)
    dodge = w * b / np.maximum(2 * (w - s), _EPSILON)
    return np.where(2 * s <= w, burn, dodge)


def _pin(b: _Colour, s: _Colour, w: _Plane) -> _Colour:
    return np.where(2 * s <= w, np.minimum(b, 2 * s), np.maximum(b, 2 * s - w))


def _dodge(b: _Colour, s: _Colour, w: _Plane) -> _Colour:
    return w * b / np.maximum(w - s, _EPSILON)


_FUNCTIONS: dict[BlendMode, _Function] = {
    # These two QPainter has, and is up to four levels off.
    BlendMode.COLOR_DODGE: _dodge,
    BlendMode.EXCLUSION: lambda b, s, w: b + s - 2 * b * s / np.maximum(w, _EPSILON),
    BlendMode.HUE: lambda b, s, w: _with_luminosity(_with_saturation(s, b), _luminosity(b), w),
    BlendMode.SATURATION: lambda b, s, w: _with_luminosity(_with_saturation(b, s), _luminosity(b), w),
    BlendMode.COLOR: lambda b, s, w: _with_luminosity(s, _luminosity(b), w),
    BlendMode.LUMINOSITY: lambda b, s, w: _with_luminosity(b, _luminosity(s), w),
    BlendMode.LINEAR_BURN: lambda b, s, w: b + s - w,
    BlendMode.LINEAR_LIGHT: lambda b, s, w: b + 2 * s - w,
    BlendMode.VIVID_LIGHT: _vivid,
    BlendMode.PIN_LIGHT: _pin,
    BlendMode.HARD_MIX: lambda b, s, w: np.where(b + s >= w - _EPSILON, w, _ZERO),
    BlendMode.DARKER_COLOR: lambda b, s, w: np.where(_luminosity(s) < _luminosity(b), s, b),
    BlendMode.LIGHTER_COLOR: lambda b, s, w: np.where(_luminosity(s) > _luminosity(b), s, b),
    BlendMode.SUBTRACT: lambda b, s, w: b - s,
    BlendMode.DIVIDE: lambda b, s, w: b * w / np.maximum(s, _EPSILON),
}
