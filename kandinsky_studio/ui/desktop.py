"""What the desktop is told about the program before its first window is there."""

from __future__ import annotations

import logging
import sys

APPLICATION_ID = "KandinskyStudio.KandinskyStudio"
"""What Windows knows the program by; the installer gives it to the shortcuts (``packaging/windows/shortcut.nsh``)."""


def introduce() -> None:
    """Have Windows take all windows of this process for one program's: under one button of the taskbar, with our icon.

    Else it goes by the executable, which is Python's when the program runs from its sources. To be called before there
    is a window; elsewhere the name of the desktop file does this.
    """
    if sys.platform == "win32":
        import ctypes

        tell = ctypes.windll.shell32.SetCurrentProcessExplicitAppUserModelID
        tell.argtypes, tell.restype = (ctypes.c_wchar_p,), ctypes.c_long
        if tell(APPLICATION_ID) < 0:
            logging.getLogger(__name__).warning("Windows did not take the program's name")
