"""Threads that work beside the pen take what processor time it leaves."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

from PySide6.QtCore import QThread

NICE = 10  # of such a thread: a stroke goes before it, and when nobody paints it has everything


def give_way() -> None:
    """Let this thread, and those it will start, have what processor time the pen leaves.

    On Linux a thread has a nice value of its own, which threads that it starts inherit. Elsewhere Qt knows how.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))
    else:
        QThread.currentThread().setPriority(QThread.Priority.LowPriority)
