"""One window per library: a second start asks the first one to come to the front."""

from __future__ import annotations

import getpass
import hashlib
import os
import time

from PySide6.QtCore import QLockFile, QObject, Signal
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from kandinsky_studio import paths

CALL = b"show\n"
PATIENCE = 3.0  # seconds that a second start waits for the first one to listen


def _name() -> str:
    """The same for every start by this user with this data folder; short, since it becomes a file name."""
    place = f"{getpass.getuser()}\0{paths.data().absolute()}"
    return f"kandinsky-studio-{hashlib.sha256(place.encode()).hexdigest()[:16]}"


class SingleInstance(QObject):
    """Holds the lock of the running program; ``called`` is emitted when another start asks for the window."""

    called = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._lock: QLockFile | None = None
        self._server: QLocalServer | None = None

    def claim(self) -> bool:
        """Become the running program. False if another one is; it has been called to the front then.

        Where no lock can be written the program starts all the same: what can't be saved is said later, in the window.
        """
        folder = paths.state()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return True
        lock = QLockFile(os.fspath(folder / "instance.lock"))
        lock.setStaleLockTime(0)  # held for days; a lock of a process that is gone is recognised by its number
        if not lock.tryLock(0):
            return lock.error() != QLockFile.LockError.LockFailedError or not self._call_the_other()
        self._lock = lock
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(_name())
        self._server.newConnection.connect(self._answer)
        self._server.listen(_name())
        return True

    def release(self) -> None:
        """Let the next start be the first one."""
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    def _call_the_other(self) -> bool:
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            socket = QLocalSocket()
            socket.connectToServer(_name())
            if socket.waitForConnected(500):
                socket.write(CALL)
                socket.waitForBytesWritten(500)
                socket.disconnectFromServer()
                return True
            time.sleep(0.1)
        return True  # it holds the lock, so it runs, though it does not answer

    def _answer(self) -> None:
        assert self._server is not None
        while (socket := self._server.nextPendingConnection()) is not None:
            socket.disconnected.connect(socket.deleteLater)
            self.called.emit()
