"""The frozen program: what the package managers' and the installer's program starts with."""

from __future__ import annotations

import multiprocessing
import os
import sys
from pathlib import Path

_UNREAD = frozenset(
    ',;"'
)  # in the name of a folder; Qt reads where it lies from settings, in which these mean something


def main() -> int:
    """Put right what freezing changed, then be the command line; returns the exit code."""
    multiprocessing.freeze_support()  # a process of ours that is to do some work never gets past this line
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
