"""The preferences while the program runs: changed from anywhere, written a moment later, off the window's thread."""

from __future__ import annotations

import copy

from PySide6.QtCore import QObject, QTimer, Signal

from kandinsky_studio.app.lane import Lane
from kandinsky_studio.app.messages import Messages
from kandinsky_studio.errors import NewerPreferences
from kandinsky_studio.storage import preferences
from kandinsky_studio.storage.appearance import FILE_NAME
from kandinsky_studio.storage.preferences import About, Preferences

DELAY = 500  # milliseconds from a change to the file; a slider that is dragged changes often


class Remembering(QObject):
    """What outlives the program. ``changed`` names the preference that has another value.

    With ``keeps`` false, changes hold for this run only; so they do if a newer program wrote what is there.
    """

    changed = Signal(str)

    def __init__(self, messages: Messages, parent: QObject | None = None, keeps: bool = True) -> None:
        super().__init__(parent)
        self.values: Preferences = preferences.load()
        self._keeps = keeps and not self.values.newer
        self._messages = messages
        if self.values.newer:
            messages.error(NewerPreferences(file=FILE_NAME))
        self._lane = Lane("preferences", self)
        self._complained = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY)
        self._timer.timeout.connect(self._write)

    def set(self, **values: object) -> None:
        """Change some preferences. Raises ``ValueError`` for a value that makes no sense."""
        for name, value in values.items():
            if getattr(self.values, name) != value:
                self.values.set(name, value)
                self.changed.emit(name)
                if self._keeps:
                    self._timer.start()

    @staticmethod
    def about(name: str) -> About:
        """Title, help and range of a preference, for the dialog."""
        return preferences.about(name)

    def close(self) -> None:
        """Write what has not been written yet."""
        if self._timer.isActive():
            self._timer.stop()
            self._write()
        self._lane.close()

    def _write(self) -> None:
        values = copy.copy(self.values)
        self._lane.run(lambda: preferences.save(values), lambda _: None, self._complain)

    def _complain(self, error: Exception) -> None:
        """Once: a message at every change would be noise."""
        if not self._complained:
            self._complained = True
            self._messages.error(error)
