"""The one road on which the program tells the user something: a sentence of what happened, one of what to do.

Nothing here waits or blocks. A message that comes before the window is connected waits in a buffer; an exception that
nobody caught arrives here too, from whichever thread.
"""

from __future__ import annotations

import enum
import logging
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from PySide6.QtCore import QCoreApplication, QObject, QThread, Signal, Slot

from kandinsky_studio.errors import Cancelled, Refusal, StudioError

log = logging.getLogger(__name__)


class Weight(enum.Enum):
    """How much a message asks of the user."""

    note = "note"
    refusal = "refusal"  # what was asked for can't be
    error = "error"


@dataclass(frozen=True)
class Action:
    """A button of a message: a verb, already translated, and what it does."""

    title: str
    run: Callable[[], None]


@dataclass(frozen=True, eq=False)
class Message:
    """What the message bar shows. ``text`` and ``hint`` are in the language of the window, ``details`` in English."""

    weight: Weight
    text: str
    hint: str = ""
    details: str = ""
    actions: tuple[Action, ...] = ()
    passing: bool = False  # over as soon as something else is asked for: a refusal, or a job that failed


def described(error: BaseException) -> StudioError:
    """``error`` as the class that has a sentence for the user, without the frames that would keep its arrays alive.

    The traceback goes, as text, into the notes of the returned error. Of the log's copy see :func:`log.outline
    <kandinsky_studio.log.outline>`.
    """
    shown = error if isinstance(error, StudioError) else StudioError()
    log.error("an error was shown", exc_info=error)
    text = "".join(traceback.format_exception(error)).strip()
    shown.__traceback__ = shown.__cause__ = shown.__context__ = None
    shown.add_note(text)
    return shown


def sentences(error: StudioError) -> tuple[str, str]:
    """What happened and what to do, in the language of the window."""
    message = QCoreApplication.translate("errors", error.message)
    hint = QCoreApplication.translate("errors", error.hint)
    values = dict(error.values)
    if isinstance(model := values.get("model"), str):
        values["model"] = QCoreApplication.translate("models", model)
    return message.format(**values), hint.format(**values)


class Messages(QObject):
    """Brings messages to the window; ``shown`` carries a :class:`Message` and is emitted in the window's thread."""

    shown = Signal(object)
    _arrived = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._buffer: list[Message] = []
        self._connected = False
        self._hooks: tuple[object, object] | None = None
        self._arrived.connect(self._deliver)

    def connect_window(self, show: Callable[[Message], None]) -> None:
        """Show every message from now on with ``show``, and those that came before at once."""
        self.shown.connect(show)
        self._connected = True
        waiting, self._buffer = self._buffer, []
        for message in waiting:
            self.shown.emit(message)

    def note(self, text: str, *actions: Action) -> None:
        """Say that something was done; ``actions`` may take it back."""
        self._send(Message(Weight.note, text, actions=actions))

    def error(self, error: BaseException, *actions: Action, passing: bool = False) -> None:
        """Show ``error``; safe from any thread. :class:`Cancelled` is shown to nobody.

        A ``passing`` one goes when the next job is asked for.
        """
        if isinstance(error, Cancelled):
            return
        if isinstance(error, Refusal):
            self._send(Message(Weight.refusal, *sentences(error), actions=actions, passing=True))
            return
        shown = error if isinstance(error, StudioError) and hasattr(error, "__notes__") else described(error)
        text, hint = sentences(shown)
        details = "\n".join([str(shown), shown.remedy, *getattr(shown, "__notes__", [])])
        self._send(Message(Weight.error, text, hint, details, actions, passing))

    def _send(self, message: Message) -> None:
        if QThread.currentThread() is self.thread():
            self._deliver(message)
        else:
            self._arrived.emit(message)

    @Slot(object)
    def _deliver(self, message: Message) -> None:
        if self._connected:
            self.shown.emit(message)
        else:
            self._buffer.append(message)

    def catch_the_uncaught(self) -> None:
        """Send exceptions that nobody caught here, instead of to a terminal that nobody looks at."""
        if self._hooks is None:
            self._hooks = (sys.excepthook, threading.excepthook)
            sys.excepthook = self._uncaught
            threading.excepthook = self._uncaught_in_thread

    def release_the_uncaught(self) -> None:
        """Put the hooks back that were there before :meth:`catch_the_uncaught`."""
        if self._hooks is not None:
            sys.excepthook, threading.excepthook = self._hooks  # type: ignore[assignment]
            self._hooks = None

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            self.error(error)

    def _uncaught_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
            self.error(arguments.exc_value)
