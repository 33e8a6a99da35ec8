"""One window per library: a second start hands its files to the first one, whose window comes to the front, and ends.

The second start writes to a local socket that no other user can use, and waits for the word that comes back::

    kandinsky-studio 1 94\\n
    {"files": ["/home/me/A picture.ora"], "token": "…"}        the 94 bytes of JSON, in ASCII
    kandinsky-studio 1 taken\\n

The number after the name is the version of this language. A first start that does not speak it answers ``another``.
"""

from __future__ import annotations

import getpass
import hashlib
import json
import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QLockFile, QObject, QSysInfo, QTimer, Signal, Slot
from PySide6.QtNetwork import QLocalServer, QLocalSocket

from kandinsky_studio import paths
from kandinsky_studio.errors import (
    AlreadyRunning,
    AnotherVersionRunning,
    FilesHandedOver,
    NotAnswering,
    RunningElsewhere,
)

VERSION = 1
PATIENCE = 10.0  # seconds; a program that starts from a slow disk does not answer before its window is there
LONGEST_CALL = 8 * 2**20  # bytes; more than any command line of today's systems becomes
TOKENS = ("XDG_ACTIVATION_TOKEN", "DESKTOP_STARTUP_ID")
"""Where a desktop says that the user wants the window that is about to come."""

_NAME = "kandinsky-studio"
_LONGEST_LINE = 64  # bytes
_SILENCE = 5_000  # milliseconds that somebody who calls may take over it
_PAUSE = 0.1  # seconds between tries
_SLICE = 50  # milliseconds waited at a time: no other thread of Python runs meanwhile


@dataclass(frozen=True)
class Call:
    """What a start asks for: its window, with ``files`` (absolute paths) opened in it.

    ``token`` is what the desktop gave it so that the window may come to the front.
    """

    files: tuple[Path, ...] = ()
    token: str = ""

    def to_bytes(self) -> bytes:
        """As it goes over the socket."""
        values = {"files": [os.fspath(file) for file in self.files], "token": self.token}
        content = json.dumps(values).encode("ascii")
        return f"{_NAME} {VERSION} {len(content)}\n".encode("ascii") + content

    @classmethod
    def from_json(cls, content: bytes) -> Call:
        """What :meth:`to_bytes` wrote after its first line. Raises ``ValueError`` for anything else."""
        try:
            values = json.loads(content)
            files, token = values["files"], values["token"]
        except (KeyError, TypeError, RecursionError) as error:
            raise ValueError("no call") from error
        if not isinstance(token, str) or not isinstance(files, list):
            raise ValueError("no call")
        if not all(isinstance(file, str) and "\0" not in file and os.path.isabs(file) for file in files):
            raise ValueError("no paths")
        return cls(tuple(Path(file) for file in files), token)


def desktop_token() -> str:
    """The token of this start. To be asked for before Qt is, which takes it away."""
    return next(filter(None, map(os.environ.get, TOKENS)), "")


class SingleInstance(QObject):
    """Holds the lock of the running program; ``called`` carries the :class:`Call` of another start."""

    called = Signal(object)

    def __init__(self, parent: QObject | None = None, patience: float = PATIENCE) -> None:
        super().__init__(parent)
        self._patience = patience
        self._lock: QLockFile | None = None
        self._server: QLocalServer | None = None

    def claim(self, call: Call | None = None) -> None:
        """Become the running program. If another one is, it is given ``call``, and an error tells of it.

        That is ``AlreadyRunning`` or ``FilesHandedOver`` if all went well, else ``NotAnswering``,
        ``AnotherVersionRunning`` or ``RunningElsewhere``. Where no lock can be written the program starts all the same:
        what can't be saved is said later, in the window.
        """
        folder = paths.state()
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            return
        file = folder / "instance.lock"
        lock = QLockFile(os.fspath(file))
        lock.setStaleLockTime(0)  # held for days; a lock of a process that is gone is recognised by its number
        if not lock.tryLock(0):
            if lock.error() != QLockFile.LockError.LockFailedError:
                return
            self._pass_on(lock, file, call or Call())
        self._lock = lock
        self._server = QLocalServer(self)
        self._server.setSocketOptions(QLocalServer.SocketOption.UserAccessOption)
        QLocalServer.removeServer(_server_name())
        self._server.newConnection.connect(self._answer)
        self._server.listen(_server_name())

    def release(self) -> None:
        """Let the next start be the first one."""
        if self._server is not None:
            for caller in self._server.findChildren(_Caller):
                caller.end()
            self._server.close()
            self._server = None
        if self._lock is not None:
            self._lock.unlock()
            self._lock = None

    # ------------------------------------------------------------------ the second start

    def _pass_on(self, lock: QLockFile, file: Path, call: Call) -> None:
        """Give ``call`` to the program that holds ``lock``; returns only if that ended meanwhile: we have it then."""
        _, computer, _ = lock.getLockInfo()
        if computer not in ("", this_computer()):
            # A memory stick was pulled out of a computer that was using it. In a home folder on a network the program
            # may well run there now.
            if paths.home() is None or not lock.removeStaleLockFile() or not lock.tryLock(0):
                raise RunningElsewhere(computer=computer, file=file)
            return
        message = call.to_bytes()
        until = time.monotonic() + self._patience
        while time.monotonic() < until:
            answer = _ask(lock, message, until)
            if answer == "taken":
                raise FilesHandedOver if call.files else AlreadyRunning
            if answer is not None:
                raise AnotherVersionRunning
            if lock.tryLock(0):
                return
            time.sleep(_PAUSE)
        raise NotAnswering(seconds=round(self._patience))

    # ------------------------------------------------------------------ the first one

    @Slot()
    def _answer(self) -> None:
        server = self._server
        while server is not None and (socket := server.nextPendingConnection()) is not None:
            _Caller(socket, server).called.connect(self.called)


class _Caller(QObject):
    """Another start, or whoever else knocks: heard out up to a limit of bytes and time, answered, and let go."""

    called = Signal(object)

    def __init__(self, socket: QLocalSocket, parent: QObject) -> None:
        super().__init__(parent)
        self._socket = socket
        socket.setParent(self)
        socket.setReadBufferSize(LONGEST_CALL + _LONGEST_LINE)
        self._heard = b""
        self._over = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.end)
        self._timer.start(_SILENCE)
        socket.readyRead.connect(self._hear)
        socket.disconnected.connect(self.end)
        self._hear()

    @Slot()
    def end(self) -> None:
        """Hang up."""
        self._timer.stop()
        self._over = True
        self._socket.disconnected.disconnect(self.end)
        self._socket.close()
        self.deleteLater()

    @Slot()
    def _hear(self) -> None:
        said = self._socket.readAll().data()
        if self._over:
            return
        self._heard += said
        line, found, content = self._heard.partition(b"\n")
        front = re.fullmatch(rf"{_NAME} (\d{{1,6}}) (\d{{1,9}})".encode(), line)
        if not found and len(line) <= _LONGEST_LINE:
            return
        length = int(front[2]) if front is not None else 0
        if front is None or length > LONGEST_CALL or len(content) > length:
            self.end()
        elif int(front[1]) != VERSION:
            self._reply("another", Call())
        elif len(content) == length:
            try:
                call = Call.from_json(content)
            except ValueError:
                self.end()
            else:
                self._reply("taken", call)

    def _reply(self, word: str, call: Call) -> None:
        self._over = True
        self._socket.write(f"{_NAME} {VERSION} {word}\n".encode("ascii"))
        self._socket.flush()
        self.called.emit(call)


def this_computer() -> str:
    """What the file of a lock calls it; on Windows not what the network does: that has small letters, and more of them."""
    return os.environ.get("COMPUTERNAME", "") if sys.platform == "win32" else QSysInfo.machineHostName()


def _server_name() -> str:
    """The same for every start by this user with this data folder; short, since it becomes a file name."""
    place = f"{getpass.getuser()}\0{paths.data().absolute()}"
    return f"{_NAME}-{hashlib.sha256(place.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}"


def _ask(lock: QLockFile, message: bytes, until: float) -> str | None:
    """What the running program answers to ``message``: one word; None if it is not there, or hangs up."""
    socket = QLocalSocket()
    socket.connectToServer(_server_name())
    if not socket.waitForConnected(500):
        return None
    _let_come_to_front(lock)
    socket.write(message)
    heard = b""
    while b"\n" not in heard and len(heard) <= _LONGEST_LINE:
        if socket.waitForReadyRead(_SLICE) or socket.bytesAvailable():
            heard += socket.readAll().data()
        elif time.monotonic() > until or socket.state() is not QLocalSocket.LocalSocketState.ConnectedState:
            return None
    said = re.fullmatch(rf"{_NAME} \d{{1,6}} ([a-z]+)\n".encode(), heard)
    return said[1].decode("ascii") if said is not None else None


def _let_come_to_front(lock: QLockFile) -> None:
    """Windows lets only the program that the user started raise a window, unless that allows it another one."""
    if sys.platform == "win32":
        import ctypes

        number, _, _ = lock.getLockInfo()
        ctypes.windll.user32.AllowSetForegroundWindow(number)
