"""Blend modes: those of OpenRaster, and those that Photoshop's and Krita's files bring beside them.

QPainter draws what it can. The rest is computed here on premultiplied pixels after W3C's Compositing and Blending
Level 1 (https://www.w3.org/TR/compositing-1/), §9 and §10; the modes that it does not name after the definitions that
painting programs share.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect
from PySide6.QtGui import QColor, QImage, QPainter

from kandinsky_studio.document.geometry import Rect
from kandinsky_studio.document.surface import Pixels, readable, writable

_Plane: TypeAlias = NDArray[np.floating[Any]]  # height × width
_Colour: TypeAlias = NDArray[np.floating[Any]]  # 3 × height × width: blue, green, red
# Of the backdrop, the source, white, and planes to compute in; all of them may be changed.
_Function: TypeAlias = Callable[[_Colour, _Colour, _Plane, _Colour], _Colour]
_Mode = QPainter.CompositionMode
_EPSILON, _ZERO, _ONE = np.float32(1e-6), np.float32(0), np.float32(1)
_AT_ONCE, _AT_ONCE_NEW = 16384, 8192  # pixels computed at once, to stay near the processor; the latter with new arrays
_AT_ONCE_ROWS = 88  # from 96 on, QPainter uses several threads
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
    if opacity < 1 and mode in _OWN_OPACITY:
        faint = QImage(source)
        dim = QPainter(faint)
        dim.setCompositionMode(_Mode.CompositionMode_DestinationIn)
        for strip in strips(area):
            dim.fillRect(strip, QColor(0, 0, 0, round(opacity * 255)))
        dim.end()
        source, opacity = faint, 1.0
    painter.setCompositionMode(qt_mode)
    painter.setOpacity(opacity)
    for strip in strips(area) if mode is not BlendMode.NORMAL else (area.to_qt(),):
        painter.drawImage(strip, source, strip)


def strips(area: Rect) -> list[QRect]:
    """``area`` in pieces so low that QPainter draws each at once.

    What is higher it hands to a pool of threads, which on idle cores takes as long, and makes whoever draws wait for
    its turn on busy ones.
    """
    return [
        QRect(area.x, top, area.width, min(_AT_ONCE_ROWS, area.bottom - top))
        for top in range(area.y, area.bottom, _AT_ONCE_ROWS)
    ]


def blend(backdrop: Pixels, source: Pixels, mode: BlendMode, opacity: float) -> Pixels:
    """``source`` blended over ``backdrop``: height × width × 4 bytes, premultiplied, blue first.

    Only for the modes that QPainter lacks; raises ``KeyError`` for others. What a pixel becomes depends on nothing
    but that pixel, however large the piece is.
    """
    function = _FUNCTIONS[mode]
    result = np.empty_like(backdrop)
    at_once = _AT_ONCE if mode in _IN_PLACE else _AT_ONCE_NEW
    step = max(at_once // max(backdrop.shape[1], 1), 1)
    for row in range(0, len(backdrop), step):
        under, over = backdrop[row : row + step], source[row : row + step]
        if over.any():
            result[row : row + step] = _blend(under, over, function, opacity)
        else:  # nothing changes the backdrop; much of most layers is empty
            result[row : row + step] = under
    return result


class _Room(threading.local):
    """Memory of each thread that is used again and again: fresh memory would cost more than most of the work."""

    def __init__(self) -> None:
        self._planes = np.empty(0, np.float32)
        self._bytes = np.empty(0, np.uint8)

    def planes(self, pixels: int) -> _Colour:
        """20 planes of so many pixels."""
        if self._planes.size < 20 * pixels:
            self._planes = np.empty(20 * max(pixels, _AT_ONCE), np.float32)
        return self._planes[: 20 * pixels].reshape(20, pixels)

    def bytes(self, pixels: int) -> Pixels:
        """8 planes of bytes: half of them for planes, and half for pixels of 4 bytes."""
        if self._bytes.size < 8 * pixels:
            self._bytes = np.empty(8 * max(pixels, _AT_ONCE), np.uint8)
        return self._bytes[: 8 * pixels].reshape(8, pixels)


_room = _Room()


def _blend(backdrop: Pixels, source: Pixels, function: _Function, opacity: float) -> Pixels:
    count = backdrop.shape[0] * backdrop.shape[1]
    planes, bytes_ = _room.planes(count), _room.bytes(count)
    under, over, spare = planes[:4], planes[4:8], planes[15:]
    _load(backdrop, 1, under, bytes_)
    opaque = bytes_[3].min() == 255  # as most pictures are: half of the work is multiplying by one
    _load(source, opacity, over, bytes_)
    alpha_b, alpha_s = under[3], over[3]
    # Straight colours would have to be divided by alpha, only to be multiplied by it again: every mode is computed on
    # colours, and a white, that are both alphas brighter than they are.
    below = np.multiply(under[:3], alpha_s, out=planes[8:11])
    light, white = planes[11:14], alpha_s
    if opaque:
        np.copyto(light, over[:3])
    else:
        white = np.multiply(alpha_s, alpha_b, out=planes[14])
        np.multiply(over[:3], alpha_b, out=light)
    mixed = function(below, light, white, spare)
    np.minimum(mixed, white, out=mixed)  # together many times faster than np.clip
    np.maximum(mixed, _ZERO, out=mixed)
    share = spare[0]
    if not opaque:
        over[:3] *= np.subtract(_ONE, alpha_b, out=share)
        mixed += over[:3]
    under *= np.subtract(_ONE, alpha_s, out=share)
    under[:3] += mixed
    under[3] += alpha_s
    done = np.asarray(cv2.convertScaleAbs(under, bytes_[:4], alpha=255), np.uint8)  # rounds
    # Rounded up by accident, a colour above its alpha would not be premultiplied any more.
    np.minimum(done[:3], done[3], out=done[:3])
    return np.asarray(cv2.merge([plane[np.newaxis] for plane in done]), np.uint8).reshape(backdrop.shape)


def _load(pixels: Pixels, opacity: float, planes: _Colour, room: Pixels) -> None:
    """Blue, green, red, alpha, each by itself: numpy is many times faster on them than along a last axis of four."""
    flat = room[4:].reshape(pixels.shape)
    np.copyto(flat, pixels)
    cv2.split(flat.reshape(1, -1, 4), [plane[np.newaxis] for plane in room[:4]])
    np.copyto(planes, room[:4], casting="unsafe")
    planes *= np.float32(opacity / 255)


def _luminosity(colour: _Colour) -> _Plane:
    return np.asarray(colour[0] * _BLUE + colour[1] * _GREEN + colour[2] * _RED)


def _luminosity_in(colour: _Colour, into: _Plane, spare: _Plane) -> _Plane:
    np.multiply(colour[0], _BLUE, out=into)
    into += np.multiply(colour[1], _GREEN, out=spare)
    into += np.multiply(colour[2], _RED, out=spare)
    return into


def _lowest(colour: _Colour) -> _Plane:
    return np.asarray(np.minimum(np.minimum(colour[0], colour[1]), colour[2]))


def _highest(colour: _Colour) -> _Plane:
    return np.asarray(np.maximum(np.maximum(colour[0], colour[1]), colour[2]))


def _with_luminosity(colour: _Colour, like: _Colour, white: _Plane, spare: _Colour) -> _Colour:
    """W3C §10.2: SetLum and ClipColor, in one. Changes ``colour`` and ``spare``."""
    luminosity, own, room, up, share = spare[:5]
    _luminosity_in(like, luminosity, share)
    colour -= _luminosity_in(colour, own, share)
    np.minimum(colour[0], colour[1], out=room)
    np.minimum(room, colour[2], out=room)
    np.negative(room, out=room)
    np.maximum(room, _EPSILON, out=room)
    np.divide(luminosity, room, out=room)
    np.maximum(colour[0], colour[1], out=up)
    np.maximum(up, colour[2], out=up)
    np.maximum(up, _EPSILON, out=up)
    np.divide(np.subtract(white, luminosity, out=share), up, out=up)
    np.minimum(room, up, out=room)
    np.minimum(room, _ONE, out=room)
    colour *= room
    colour += luminosity
    return colour


def _with_saturation(colour: _Colour, like: _Colour) -> _Colour:
    """W3C §10.2: SetSat."""
    low, high = _lowest(colour), _highest(colour)
    stretch = (_highest(like) - _lowest(like)) / np.maximum(high - low, _EPSILON)
    return (colour - low) * stretch


def _vivid(b: _Colour, s: _Colour, w: _Plane, _: _Colour) -> _Colour:
    burn = w - w * (w - b) / np.maximum(2 * s, _EPSILON)
    dodge = w * b / np.maximum(2 * (w - s), _EPSILON)
    return np.where(2 * s <= w, burn, dodge)


def _pin(b: _Colour, s: _Colour, w: _Plane, _: _Colour) -> _Colour:
    return np.where(2 * s <= w, np.minimum(b, 2 * s), np.maximum(b, 2 * s - w))


def _dodge(b: _Colour, s: _Colour, w: _Plane, _: _Colour) -> _Colour:
    return w * b / np.maximum(w - s, _EPSILON)


_FUNCTIONS: dict[BlendMode, _Function] = {
    # These two QPainter has, and is up to four levels off.
    BlendMode.COLOR_DODGE: _dodge,
    BlendMode.EXCLUSION: lambda b, s, w, _: b + s - 2 * b * s / np.maximum(w, _EPSILON),
    BlendMode.HUE: lambda b, s, w, spare: _with_luminosity(_with_saturation(s, b), b, w, spare),
    BlendMode.SATURATION: lambda b, s, w, spare: _with_luminosity(_with_saturation(b, s), b, w, spare),
    BlendMode.COLOR: lambda b, s, w, spare: _with_luminosity(s, b, w, spare),
    BlendMode.LUMINOSITY: lambda b, s, w, spare: _with_luminosity(b, s, w, spare),
    BlendMode.LINEAR_BURN: lambda b, s, w, _: b + s - w,
    BlendMode.LINEAR_LIGHT: lambda b, s, w, _: b + 2 * s - w,
    BlendMode.VIVID_LIGHT: _vivid,
    BlendMode.PIN_LIGHT: _pin,
    BlendMode.HARD_MIX: lambda b, s, w, _: np.where(b + s >= w - _EPSILON, w, _ZERO),
    BlendMode.DARKER_COLOR: lambda b, s, w, _: np.where(_luminosity(s) < _luminosity(b), s, b),
    BlendMode.LIGHTER_COLOR: lambda b, s, w, _: np.where(_luminosity(s) > _luminosity(b), s, b),
    BlendMode.SUBTRACT: lambda b, s, w, _: b - s,
    BlendMode.DIVIDE: lambda b, s, w, _: b * w / np.maximum(s, _EPSILON),
}
_IN_PLACE = (BlendMode.COLOR, BlendMode.LUMINOSITY)
