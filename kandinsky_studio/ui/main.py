"""Starts the window, and takes a picture of it where there is no screen."""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    QtMsgType,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication

from kandinsky_studio import __version__, log
from kandinsky_studio.app.instance import SingleInstance
from kandinsky_studio.app.messages import sentences
from kandinsky_studio.app.studio import Studio
from kandinsky_studio.errors import AlreadyRunning
from kandinsky_studio.ui.main_window import MainWindow
from kandinsky_studio.ui.theme import Theme, application_icon


def run(argv: Sequence[str]) -> int:
    """Show the window and stay until it is closed; the exit status. ``argv[0]`` is the name of the program."""
    application = _application(argv)
    instance = SingleInstance()
    if not instance.claim():
        studio = Studio(remembers=False)  # speaks the language of the window
        sys.stdout.write(" ".join(sentences(AlreadyRunning())) + "\n")
        studio.close()
        return 0
    log.start()
    studio = Studio()
    studio.messages.catch_the_uncaught()
    theme = Theme(application)
    window = MainWindow(studio, theme)
    instance.called.connect(window.come_to_front)
    window.show()
    window.prompt.focus_first()
    window.start_anyway()
    listening = _Signals(window)
    code = application.exec()
    studio.messages.release_the_uncaught()
    instance.release()
    theme.close()
    listening.close()
    if not window.closed_cleanly:
        logging.getLogger(__name__).warning("the engine's thread did not end in time")
        log.stop()
        os._exit(code)  # all pictures are saved; only a thread that can't be stopped is left
    log.stop()
    return code


def picture_of_window(path: Path, picture: Path | None) -> None:
    """Draw the main window into the PNG file ``path``, with the file ``picture`` open in it if one is given.

    Needs no screen, changes no preferences, loads no model. Raises ``BrokenPicture`` or ``NoRequestInPicture`` if
    ``picture`` is none of ours, ``OSError`` if ``path`` can't be written.
    """
    if QApplication.instance() is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    before = qInstallMessageHandler(_without_size_hints)
    application = _application(["kandinsky-studio"])
    studio = Studio(remembers=False)
    theme = Theme(application)
    window = MainWindow(studio, theme)
    try:
        studio.gallery.open()
        studio.gallery.flush()
        if picture is not None:
            pixels, request = studio.gallery.read_file(picture)
            studio.settings.use_settings(request)
            studio.settings.use_seeds(request)
            studio.easel.show_pixels(pixels, request)
        window.resize(1440, 900)
        window.show()
        for _ in range(3):  # rows ask for thumbnails when they are painted
            application.processEvents()
            window.grab()
            studio.gallery.flush()
            studio.thumbnails.flush()
        application.processEvents()
        if not window.grab().save(str(path), "PNG"):
            raise OSError(f"{path} can't be written")
    finally:
        window.close()
        theme.close()
        qInstallMessageHandler(before)


def _without_size_hints(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    """Pass on what Qt says, but for the offscreen platform's word that it can't hint at sizes: nobody sees it."""
    if "propagateSizeHints" not in message:
        sys.stderr.write(message + "\n")


def _application(argv: Sequence[str]) -> QApplication:
    existing = QApplication.instance()
    application = existing if isinstance(existing, QApplication) else QApplication(list(argv))
    QCoreApplication.setApplicationName("Kandinsky Studio")
    QCoreApplication.setApplicationVersion(__version__)
    application.setDesktopFileName("kandinsky-studio")
    application.setWindowIcon(application_icon())
    return application


class _Signals(QObject):
    """Ctrl+C in a terminal and the end of a session close the window as its button does.

    Python runs a signal's handler only when it runs at all; while Qt waits, the byte it writes wakes Qt.
    """

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._ours, theirs = socket.socketpair()
        self._theirs = theirs
        theirs.setblocking(False)
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._woken)
        self._before = signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: window.end_session())

    @Slot()
    def _woken(self) -> None:
        self._ours.recv(64)

    def close(self) -> None:
        """Back to how signals were before."""
        self._notifier.setEnabled(False)
        signal.set_wakeup_fd(self._before)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        self._ours.close()
        self._theirs.close()
