"""A pointer and eyes on an X display: events as a mouse's, and the pixels that are really on the screen."""

from __future__ import annotations

import ctypes
import time
from ctypes import POINTER, Structure, c_char_p, c_int, c_uint, c_ulong, c_void_p
from types import TracebackType
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Pixels: TypeAlias = NDArray[np.uint8]  # height × width × 4
_ALL_PLANES, _Z_PIXMAP = 2**64 - 1, 2
_BUTTON = 1


class _Image(Structure):  # the first fields of Xlib's XImage
    _fields_ = (
        ("width", c_int),
        ("height", c_int),
        ("xoffset", c_int),
        ("format", c_int),
        ("data", c_void_p),
        ("byte_order", c_int),
        ("bitmap_unit", c_int),
        ("bitmap_bit_order", c_int),
        ("bitmap_pad", c_int),
        ("depth", c_int),
        ("bytes_per_line", c_int),
    )


class Screen:
    """The display ``name``. Raises ``OSError`` if there is none, or no XTest."""

    def __init__(self, name: str) -> None:
        self._x, self._test = ctypes.CDLL("libX11.so.6"), ctypes.CDLL("libXtst.so.6")
        self._x.XOpenDisplay.restype = self._x.XGetImage.restype = c_void_p
        self._x.XOpenDisplay.argtypes = [c_char_p]
        self._x.XDefaultRootWindow.restype = c_ulong
        self._x.XDefaultRootWindow.argtypes = self._x.XCloseDisplay.argtypes = [c_void_p]
        self._x.XGetImage.argtypes = [c_void_p, c_ulong, c_int, c_int, c_uint, c_uint, c_ulong, c_int]
        self._x.XDestroyImage.argtypes = [c_void_p]
        self._x.XSync.argtypes = [c_void_p, c_int]
        self._x.XStringToKeysym.restype = c_ulong
        self._x.XStringToKeysym.argtypes = [c_char_p]
        self._x.XKeysymToKeycode.argtypes = [c_void_p, c_ulong]
        self._x.XSetInputFocus.argtypes = [c_void_p, c_ulong, c_int, c_ulong]
        self._test.XTestFakeMotionEvent.argtypes = [c_void_p, c_int, c_int, c_int, c_ulong]
        self._test.XTestFakeButtonEvent.argtypes = [c_void_p, c_uint, c_int, c_ulong]
        self._test.XTestFakeKeyEvent.argtypes = [c_void_p, c_uint, c_int, c_ulong]
        self._display: Any = self._x.XOpenDisplay(name.encode())
        if not self._display:
            raise OSError(name)
        self._root = self._x.XDefaultRootWindow(self._display)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._x.XCloseDisplay(self._display)

    def move(self, x: int, y: int) -> None:
        self._test.XTestFakeMotionEvent(self._display, 0, x, y, 0)
        self._x.XSync(self._display, 0)

    def button(self, down: bool) -> None:
        self._test.XTestFakeButtonEvent(self._display, _BUTTON, int(down), 0)
        self._x.XSync(self._display, 0)

    def key(self, name: str, control: bool = False) -> None:
        """Press and let go, for whoever has the focus; with Ctrl held, if asked for."""
        names = ["Control_L", name] if control else [name]
        codes = [self._x.XKeysymToKeycode(self._display, self._x.XStringToKeysym(one.encode())) for one in names]
        for code, down in [*((code, 1) for code in codes), *((code, 0) for code in reversed(codes))]:
            self._test.XTestFakeKeyEvent(self._display, code, down, 0)
        self._x.XSync(self._display, 0)

    def focus(self, window: int) -> None:
        """Let ``window`` have the keys; there may be no window manager that does."""
        self._x.XSetInputFocus(self._display, window, 1, 0)
        self._x.XSync(self._display, 0)

    def look(self, x: int, y: int, width: int, height: int) -> Pixels:
        """What is on the screen there, a copy."""
        found = self._x.XGetImage(self._display, self._root, x, y, width, height, _ALL_PLANES, _Z_PIXMAP)
        if not found:
            raise OSError("the display gave no pixels")
        image = ctypes.cast(found, POINTER(_Image)).contents
        size = image.bytes_per_line * height
        rows = np.frombuffer(ctypes.string_at(image.data, size), np.uint8).reshape(height, image.bytes_per_line)
        self._x.XDestroyImage(found)
        return rows[:, : 4 * width].reshape(height, width, 4)

    def still(self, x: int, y: int, width: int, height: int, seconds: float, patience: float) -> float:
        """When the pixels there changed last, by ``time.perf_counter``, once they have not for ``seconds``."""
        last, seen = time.perf_counter(), self.look(x, y, width, height)
        end = last + patience
        while (now := time.perf_counter()) < last + seconds:
            fresh = self.look(x, y, width, height)
            if (fresh != seen).any():
                last, seen = time.perf_counter(), fresh
            if now > end:
                raise AssertionError("the screen never became still")
            time.sleep(0.002)
        return last
