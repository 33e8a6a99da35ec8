"""The frozen program: what the package managers' and the installer's program starts with."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
from pathlib import Path

_UNREAD = frozenset(
    ',;"'
)  # in the name of a folder; Qt reads where it lies from settings, in which these mean something


_LARGE = 1 << 20  # bytes; of smaller files the system reads enough ahead by itself
_READ_SOON = (
    *("PySide6/Qt/lib", "PySide6", "numpy.libs", "numpy/_core", "cv2", "opencv_python_headless.libs"),
    *("PIL", "pillow.libs"),
)
"""Where the libraries lie that a window needs, in the order it needs them."""


def main() -> int:
    """Put right what freezing changed, then be the command line; returns the exit code."""
    multiprocessing.freeze_support()  # a process of ours that is to do some work never gets past this line
    if not any(word.startswith("-") for word in sys.argv[1:2]):
        _read_ahead()
    _give_back_the_environment()
    _have_streams()
    _show_qt_its_plugins()
    from kandinsky_studio.cli import main as run

    return run()


def _give_back_the_environment() -> None:
    """Let the programs that we start, such as the file manager, find their own libraries and not ours."""
    if not sys.platform.startswith("linux"):
        return
    before = os.environ.pop("LD_LIBRARY_PATH_ORIG", None)
    if before is not None:
        os.environ["LD_LIBRARY_PATH"] = before
    elif hasattr(sys, "frozen"):
        os.environ.pop("LD_LIBRARY_PATH", None)


def _read_ahead() -> None:
    """Tell the system of the large libraries that will be read in a moment; waits for nothing.

    Python loads one after another and waits for the disk each time. Told of all of them, Linux reads them while Python
    works: that takes a fifth off the first import of Qt, NumPy and OpenCV. Windows sees to this by itself.
    """
    libraries, advise = getattr(sys, "_MEIPASS", None), getattr(os, "posix_fadvise", None)
    if libraries is None or advise is None:
        return
    for folder in _READ_SOON:
        with contextlib.suppress(OSError), os.scandir(os.path.join(libraries, folder)) as entries:
            for entry in entries:
                if ".so" in entry.name and not entry.is_symlink() and entry.stat().st_size >= _LARGE:
                    handle = os.open(entry.path, os.O_RDONLY)
                    try:
                        advise(handle, 0, 0, os.POSIX_FADV_WILLNEED)
                    finally:
                        os.close(handle)


def _show_qt_its_plugins() -> None:
    """Qt finds them by itself but for a few folders; not told elsewhere, since programs that we start would hear it, too."""
    libraries = getattr(sys, "_MEIPASS", None)
    if libraries is None or not _UNREAD & set(libraries):
        return
    inside = Path(libraries, "PySide6") if sys.platform == "win32" else Path(libraries, "PySide6", "Qt")
    os.environ.setdefault("QT_PLUGIN_PATH", str(inside / "plugins"))


def _have_streams() -> None:
    """A program for windows has none on Windows; what is written goes nowhere instead of ending the program."""
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  for as long as the program runs
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  for as long as the program runs


if __name__ == "__main__":
    sys.exit(main())
