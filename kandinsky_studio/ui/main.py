"""Starts the window, and takes a picture of it where there is no screen.

Who is first is settled before anything large is imported: a second start hands its files over and is gone at once.
"""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import (
    QCoreApplication,
    QMessageLogContext,
    QObject,
    QSocketNotifier,
    QtMsgType,
    Slot,
    qInstallMessageHandler,
)
from PySide6.QtWidgets import QApplication, QMessageBox

from kandinsky_studio import __version__, log, paths
from kandinsky_studio.app import appearance
from kandinsky_studio.app.instance import TOKENS, Call, SingleInstance, desktop_token
from kandinsky_studio.document.giving_way import draw_alone
from kandinsky_studio.errors import AlreadyRunning, PortableNotWritable, StudioError
from kandinsky_studio.ui import desktop, icons
from kandinsky_studio.ui.main_window import MainWindow
from kandinsky_studio.ui.theme import Theme, application_icon

if TYPE_CHECKING:
    from kandinsky_studio.app.studio import Studio

OPENING_PATIENCE = 1.0  # seconds for torch to be there before the process ends without it; nothing is lost with it


def run(argv: Sequence[str], files: Sequence[Path] = ()) -> int:
    """Show the window with ``files`` open in it, and stay until it is closed; the exit status.

    ``argv[0]`` is the name of the program. If it runs already, that opens the files, and this returns at once.
    """
    call = Call(tuple(files), desktop_token())
    application = _application(argv)
    instance = SingleInstance()
    calls: deque[Call] = deque()  # of other starts, until there is somebody to answer them
    instance.called.connect(calls.append)
    try:
        instance.claim(call)
    except StudioError as error:
        return _tell(error)
    log.start()
    with _without_collections():
        last = appearance.load()
        theme = Theme(application)
        theme.begin(last.theme, last.font_scale)
        window = MainWindow(theme, last.geometry)
        window.appear()
        from kandinsky_studio.app.studio import Studio

        studio = Studio()
        studio.worker.opening_patience = OPENING_PATIENCE
        studio.messages.catch_the_uncaught()
        window.furnish(studio)
    instance.called.connect(lambda _: _answer(calls.popleft(), studio, window))
    window.show()
    window.prompt.focus_first()
    window.start_anyway()
    _open(call.files, studio)
    for _ in range(len(calls)):
        _answer(calls.popleft(), studio, window)
    if (refused := paths.portable_refused()) is not None:
        studio.messages.error(PortableNotWritable(folder=refused))
    listening = _Signals(window)
    code = application.exec()
    studio.messages.release_the_uncaught()
    instance.release()
    theme.close()
    icons.remove_files()
    listening.close()
    if not window.closed_cleanly:
        logging.getLogger(__name__).warning("the engine's thread did not end in time")
        log.stop()
        os._exit(code)  # all pictures are saved; only a thread that can't be stopped is left
    log.stop()
    return code


@contextlib.contextmanager
def _without_collections() -> Iterator[None]:
    """Let Python not look for garbage in this block, nor ever after in what was made in it.

    What a start makes is there to stay; looking through it again and again takes a tenth of the start, and a moment of
    the hand that paints later on.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        gc.enable()


def _answer(call: Call, studio: Studio, window: MainWindow) -> None:
    """Another start asks for the window."""
    if call.token:
        os.environ.update(dict.fromkeys(TOKENS, call.token))  # where Qt looks when a window is to be activated
    window.come_to_front()
    _open(call.files, studio)


def _open(files: Sequence[Path], studio: Studio) -> None:
    for file in files:
        studio.editor.open_when_ready(file)


def _tell(error: StudioError) -> int:
    """Say why there is no second window, in the language of the first one; the exit status.

    That the first one came to the front can be seen. What can't be seen is told in a window of its own: who opens a file
    from a file manager has no terminal.
    """
    from kandinsky_studio.app.messages import Messages, sentences
    from kandinsky_studio.app.remembering import Remembering
    from kandinsky_studio.app.translation import SYSTEM, Translation

    remembering, translation = Remembering(Messages(), keeps=False), Translation()
    language = remembering.values.language
    translation.use(SYSTEM if language == "system" else language)
    happened, remedy = sentences(error)
    if isinstance(error, AlreadyRunning):
        sys.stdout.write(f"{happened} {remedy}\n")
    else:
        sys.stderr.write(f"{happened} {remedy}\n")
        box = QMessageBox(QMessageBox.Icon.Warning, "Kandinsky Studio", happened)
        box.setInformativeText(remedy)
        box.exec()
    translation.remove()
    remembering.close()
    return 0 if isinstance(error, AlreadyRunning) else 1


def picture_of_window(path: Path, picture: Path | None) -> None:
    """Draw the main window into the PNG file ``path``, with the file ``picture`` open in it if one is given.

    Needs no screen, changes no preferences, loads no model. Raises ``BrokenPicture`` or ``NoRequestInPicture`` if
    ``picture`` is none of ours, ``OSError`` if ``path`` can't be written.
    """
    if QApplication.instance() is None:
        os.environ["QT_QPA_PLATFORM"] = "offscreen"
    from kandinsky_studio.app.studio import Studio

    before = qInstallMessageHandler(_without_size_hints)
    application = _application(["kandinsky-studio"])
    studio = Studio(remembers=False)
    theme = Theme(application)
    window = MainWindow(theme)
    window.furnish(studio)
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
    draw_alone()
    desktop.introduce()
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
