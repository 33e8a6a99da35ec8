"""The token for repositories that are not given to everybody: for this run only, or in the system's own key store.

The program itself writes it nowhere. A key store is used where the ``keyring`` library is installed and finds a real
one; one that keeps plain text is none.
"""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Signal, Slot

from kandinsky_studio.app.messages import Messages
from kandinsky_studio.app.remembering import Remembering
from kandinsky_studio.errors import KeyStoreFailed
from kandinsky_studio.errors.base import first_line

T = TypeVar("T")

SERVICE, NAME = "kandinsky-studio", "hugging-face-hub"
_PLAIN = ("keyring.backends.fail", "keyring.backends.null", "keyrings.alt")  # no store at all, or a readable file


class Token(QObject):
    """``value`` is what is sent to the Hub, empty for none. ``changed`` tells that it is another, or that a key store
    was found or failed.

    A key store may ask the user for a password before it answers, so it is asked in threads that nobody waits for.
    """

    changed = Signal()

    _answered = Signal(object)  # a function to call in the thread this object belongs to

    def __init__(self, remembering: Remembering, messages: Messages, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._remembering = remembering
        self._messages = messages
        self._turn = threading.Lock()  # one question after the other
        self._asking: list[threading.Thread] = []
        self._looked = False
        self._stored = ""  # what lies in the key store, as far as this run knows
        self.value = os.environ.get("HF_TOKEN", "")
        self.can_keep = False
        """Whether this computer has a key store; known when ``changed`` told after :meth:`look`."""
        self._answered.connect(self._call)

    @property
    def kept(self) -> bool:
        """Whether the user wants it in the key store."""
        return self._remembering.values.token_kept

    def look(self) -> None:
        """See whether there is a key store, and take the token out of it if one was put there. Done once."""
        if not self._looked:
            self._looked = True
            self._ask(self._read, lambda found: self._found(*found))

    def for_use(self) -> str:
        """The token, out of the key store if it is there. Waits for the key store: not for the window's thread."""
        if not self.value and self.kept:
            try:
                with self._turn:
                    found = self._read()
            except Exception as error:  # noqa: BLE001  whatever a key store of any system says
                self._answered.emit(lambda error=error: self._failed(error))
            else:
                self.value = found[1]
                self._answered.emit(lambda: self._found(*found))
        return self.value

    def settle(self) -> None:
        """:attr:`value` is what the user means: into the key store with it if that is wanted."""
        if self.kept and self.value != self._stored:
            self._write(self.value)

    def keep(self, kept: bool) -> None:
        """Whether it is to lie in the key store; it is taken out at once if not."""
        if kept != self.kept:
            self._remembering.set(token_kept=kept)
            self._write(self.value if kept else "")

    def flush(self, seconds: float | None = None) -> None:
        """Wait until the key store has answered, or for so long."""
        for thread in self._asking:
            thread.join(seconds)
        self._asking = [thread for thread in self._asking if thread.is_alive()]
        QCoreApplication.sendPostedEvents(self)

    def close(self) -> None:
        """Let go of the key store; one that still waits for its password is left to it."""
        self.flush(2.0)

    def _read(self) -> tuple[bool, str]:
        store = _store()
        if store is None:
            return False, ""
        return True, (store.get_password(SERVICE, NAME) or "") if self.kept and not self.value else ""

    def _write(self, value: str) -> None:
        def work() -> None:
            store = _store()
            if store is None:
                raise LookupError("there is none")
            if value:
                store.set_password(SERVICE, NAME, value)
            elif store.get_password(SERVICE, NAME) is not None:
                store.delete_password(SERVICE, NAME)

        def done(_: None) -> None:
            self._stored = value

        self._ask(work, done)

    def _ask(self, work: Callable[[], T], done: Callable[[T], None]) -> None:
        def labour() -> None:
            try:
                with self._turn:
                    value = work()
            except Exception as error:  # noqa: BLE001  whatever a key store of any system says
                self._answered.emit(lambda error=error: self._failed(error))
            else:
                self._answered.emit(lambda: done(value))

        thread = threading.Thread(target=labour, name="key store", daemon=True)
        self._asking.append(thread)
        thread.start()

    @Slot(object)
    def _call(self, outcome: Callable[[], None]) -> None:
        outcome()

    def _found(self, can_keep: bool, value: str) -> None:
        self.can_keep = can_keep
        self._stored = value or self._stored
        self.value = self.value or value
        self.changed.emit()

    def _failed(self, error: Exception) -> None:
        """What a locked or broken key store costs: the box is clear again, the token lasts until the program ends."""
        self._remembering.set(token_kept=False)
        self._messages.error(KeyStoreFailed(reason=first_line(error)))
        self.changed.emit()


def _store() -> Any:
    """The key store of the system, None if there is none that keeps secrets."""
    try:
        keyring = importlib.import_module("keyring")
        store = keyring.get_keyring()
    except Exception:  # noqa: BLE001  it is not installed, or its search for a store failed: no store either way
        return None
    for one in (*getattr(store, "backends", ()), store):
        if not type(one).__module__.startswith((*_PLAIN, "keyring.backends.chainer")) and one.priority >= 1:
            return one
    return None
