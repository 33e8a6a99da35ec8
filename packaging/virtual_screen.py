"""A screen that nobody sees, and what is on it: for starting built programs where there is no display."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

LOOKS_PAINTED = 16  # colours; an empty window has one, a widget or two a handful
_FIELDS = 25  # 32-bit numbers, the head of an X window dump, /usr/include/X11/XWDFile.h
_COLOUR = 12  # bytes an entry of its list of colours takes
_LOOK_EVERY = 0.01  # seconds
_STILL = 1 / 2000  # share of the screen that may change: a blinking cursor


def pixels_of_dump(content: bytes | memoryview) -> npt.NDArray[np.uint8]:
    """The picture of an X window dump with 24 bits of colour: (height, width, 3), red first. Raises ``ValueError``."""
    fields = struct.unpack_from(f">{_FIELDS}I", content)
    head, version, depth, width, height = fields[0], fields[1], fields[3], fields[4], fields[5]
    order, bits, line, colours = fields[7], fields[11], fields[12], fields[19]
    if (version, depth, bits) != (7, 24, 32):
        raise ValueError(f"version {version}, {depth} bits of colour in {bits}")
    start = head + colours * _COLOUR
    rows = np.frombuffer(content, np.uint8, line * height, start).reshape(height, line)
    values = rows[:, : width * 4].reshape(height, width, 4)
    return np.ascontiguousarray(values[..., 1:] if order else values[..., 2::-1])


class VirtualScreen:
    """An X server that keeps its picture in a file; ``display`` is its name, such as “:7”. Use it in ``with``."""

    def __init__(self, size: tuple[int, int] = (1440, 900)) -> None:
        self.display = ""
        self._size = size
        self._folder = Path()
        self._server: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> VirtualScreen:
        self._folder = Path(tempfile.mkdtemp(prefix="screen-"))
        readable, writable = os.pipe()
        width, height = self._size
        options = ["-screen", "0", f"{width}x{height}x24", "-fbdir", str(self._folder), "-nolisten", "tcp", "-ac"]
        command = ["Xvfb", "-displayfd", str(writable), *options, "-noreset"]
        try:
            self._server = subprocess.Popen(command, pass_fds=(writable,), stderr=subprocess.DEVNULL)
        except FileNotFoundError:
            raise SystemExit("Xvfb is not installed; it is in the package xvfb.") from None
        finally:
            os.close(writable)
        with os.fdopen(readable) as answer:
            number = answer.readline().strip()  # nothing, if it ended
        if not number:
            raise SystemExit("Xvfb did not start.")
        self.display = f":{number}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.terminate()
            self._server.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def pixels(self) -> npt.NDArray[np.uint8]:
        """What is on the screen now: (height, width, 3)."""
        return pixels_of_dump((self._folder / "Xvfb_screen0").read_bytes())

    def wait_for_window(self, process: subprocess.Popen[Any], timeout: float) -> float:
        """Wait until something with many colours is on the screen; returns the seconds that took, from this call.

        Raises ``TimeoutError``, or ``ChildProcessError`` if ``process`` ended before.
        """
        started = time.perf_counter()
        while (passed := time.perf_counter() - started) < timeout:
            sparse = self.pixels()[::6, ::6].reshape(-1, 3)
            if len(np.unique(sparse, axis=0)) >= LOOKS_PAINTED:
                return passed
            if process.poll() is not None:
                raise ChildProcessError(f"ended with exit code {process.returncode} before it had a window")
            time.sleep(_LOOK_EVERY)
        raise TimeoutError(f"no window within {timeout:.0f} s")

    def wait_until_still(self, seconds: float = 2.0, timeout: float = 60.0) -> npt.NDArray[np.uint8]:
        """Wait until nothing much has changed for ``seconds``, or ``timeout`` is over; returns what is on the screen then."""
        end = time.perf_counter() + timeout
        seen, since = self.pixels(), time.perf_counter()
        while time.perf_counter() < end and time.perf_counter() - since < seconds:
            time.sleep(0.1)
            now = self.pixels()
            if np.mean(np.any(now != seen, axis=-1)) > _STILL:
                seen, since = now, time.perf_counter()
        return self.pixels()
