"""Threads that work beside the pen take what processor time it leaves, and the pen waits for none of them."""

from __future__ import annotations

import contextlib
import os
import sys
import threading

NICE = 10  # of such a thread: a stroke goes before it, and when nobody paints it has everything


def give_way() -> None:
    """Let this thread have what processor time the pen leaves.

    On Linux a thread has a nice value of its own, which threads that it starts inherit; on Windows a priority.
    """
    if sys.platform == "win32":
        import ctypes

        kernel = ctypes.windll.kernel32
        kernel.GetCurrentThread.restype = ctypes.c_void_p
        kernel.SetThreadPriority.argtypes = (ctypes.c_void_p, ctypes.c_int)
        kernel.SetThreadPriority(kernel.GetCurrentThread(), -1)  # THREAD_PRIORITY_BELOW_NORMAL
    elif sys.platform == "linux":
        with contextlib.suppress(OSError):
            thread = threading.get_native_id()
            os.setpriority(os.PRIO_PROCESS, thread, max(NICE, os.getpriority(os.PRIO_PROCESS, thread)))


def draw_alone() -> None:
    """Let QPainter draw everything in the thread that asks for it. To be called before the first drawing.

    Left to itself it hands large pieces to threads of its own. On busy cores whoever draws then waits for their turn,
    and those that the engine's thread started are in no hurry.
    """
    os.environ.setdefault("QT_NO_GUI_THREADPOOL", "1")
